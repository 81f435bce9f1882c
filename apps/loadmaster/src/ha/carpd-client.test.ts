/** The unit's end of the local socket, with a carpd of an earlier version at the other end. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { needsRoot } from "@tandem/linux/network-namespace";
import { waitFor } from "../unit.fixture.ts";
import { CarpdClient } from "./carpd-client.ts";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import { configurationDigest } from "./carpd-group.ts";
import type { CarpdStatus } from "./carpd-protocol.ts";
import { socketPath } from "./carpd-store.ts";

const configuration: CarpdConfiguration = {
  vhid: 7,
  advbase: 1,
  advskew: 0,
  preempt: false,
  password: "secret",
  device: "eth0",
  ownAddress: "10.0.0.1",
  sharedAddresses: ["10.0.0.100/24"],
  serviceAddresses: [],
};
const status = (configurationDigest: string | null): CarpdStatus => ({
  type: "status",
  pid: process.pid,
  role: "backup",
  since: 0,
  reason: "",
  demotion: 0,
  peer: null,
  counters: {},
  rejects: {},
  addresses: [],
  addressFailures: [],
  configurationDigest,
});

test("[LH11] what carpd refuses is known in its words until it works by the configuration that it was told", {
  skip: needsRoot(),
}, async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-carpd-client-"));
  const sockets: Socket[] = [];
  const say = (message: object): void => void sockets.at(-1)?.write(`${JSON.stringify(message)}\n`);
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.resume();
    say(status(null));
  });
  await new Promise<void>((resolve) => server.listen(socketPath(stateDir), resolve));
  const client = new CarpdClient({ stateDir, configPath: join(stateDir, "none.json") });
  try {
    const told: (string | undefined)[] = [];
    client.onStatus(() => told.push(client.refusal));
    assert.ok(client.configure(configuration).ok);
    client.start();
    await waitFor("it is connected", () => client.connected);
    assert.equal(client.refusal, undefined);
    const error = {
      code: "unknown",
      field: "checks",
      message: "checks is not known",
      remedy: "leave it out",
    };
    say({ type: "refused", errors: [error] });
    await waitFor("the refusal is told", () => told.at(-1) === "checks is not known");
    say(status("an earlier one"));
    await waitFor("a status has come", () => told.length >= 3);
    assert.equal(client.refusal, "checks is not known", "it still goes by the earlier one");
    say(status(configurationDigest(configuration)));
    await waitFor("it is over", () => client.refusal === undefined);
  } finally {
    client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(stateDir, { recursive: true });
  }
});
