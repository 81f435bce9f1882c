import assert from "node:assert/strict";
import { test } from "node:test";
import { unknownToVersion } from "../ha/partner-messages.ts";
import { emptyShared, type SharedContent } from "./document.ts";

const service = {
  index: 1,
  address: "127.0.0.1",
  port: 80,
  type: "http",
  enabled: true,
  schedule: "rr",
  idletime: 0,
  addVia: 0,
  check: {
    type: "tcp",
    use11: false,
    method: 0,
    codes: [],
    port: 0,
    intervalSeconds: 0,
    timeoutSeconds: 0,
    retries: 0,
  },
  servers: [{ index: 1, address: "127.0.0.2", port: 80, weight: 1, limit: 0, enabled: true }],
};

test("[LH11] what a partner of link version 5 does not know is named, wherever in the document it stands", () => {
  const unknown = (content: object): string[] =>
    unknownToVersion(5, { ...emptyShared, ...content } as unknown as SharedContent);
  assert.deepEqual(unknown({ services: [service] }), []);
  assert.deepEqual(
    unknown({
      later: [],
      services: [
        { ...service, more: 1, schedule: "next", check: { ...service.check, type: "other", deeper: true } },
        { ...service, more: 2, servers: [{ ...service.servers[0], critical: true }] },
        { ...service, layer: 4, protocol: "udp" },
        { ...service, layer: 4, port: 0 },
      ],
    }),
    [
      "critical of real servers",
      "deeper of health checks",
      "health check other",
      "later",
      "more of services",
      "protocol of services",
      "schedule next",
      "services on every port",
    ],
  );
});
