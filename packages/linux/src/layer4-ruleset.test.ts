import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Layer4Server, type Layer4Service, layer4Removal, renderLayer4 } from "./layer4-ruleset.ts";
import { enterOwnNetworkNamespace, needsRoot } from "./network-namespace.ts";
import { applyRuleset, readCounters } from "./nft.ts";

const server = (index: number, changes: Partial<Layer4Server> = {}): Layer4Server => ({
  index,
  address: `10.78.0.${30 + index}`,
  port: 5432,
  weight: 1_000,
  takes: true,
  ...changes,
});
const service = (index: number, changes: Partial<Layer4Service> = {}): Layer4Service => ({
  index,
  protocol: "tcp",
  address: "10.77.0.100",
  port: 5431 + index,
  except: [],
  choice: "connection",
  servers: [server(1), server(2), server(3)],
  ...changes,
});

const goldens: Record<string, readonly Layer4Service[]> = {
  "layer4-none": [],
  "layer4-by-connection": [service(1)],
  "layer4-weighted-in-turn": [
    service(2, {
      choice: "turn",
      servers: [server(4, { weight: 3_000 }), server(5), server(6, { takes: false })],
    }),
  ],
  "layer4-by-source-and-without-servers": [
    service(3, { choice: "source" }),
    service(4, { servers: [server(7, { takes: false })] }),
    service(5, { servers: [] }),
  ],
  "layer4-udp": [
    service(6, { port: 53, servers: [server(8, { port: 53 })] }),
    service(7, {
      protocol: "udp",
      port: 53,
      servers: [server(9, { port: 53 }), server(10, { port: 53, takes: false })],
    }),
    service(8, { protocol: "udp", port: 123, choice: "turn", servers: [server(11), server(12)] }),
  ],
  "layer4-every-port": [
    service(9, { port: 22, servers: [server(13, { port: 22 })] }),
    service(10, {
      port: undefined,
      except: [22, 443],
      servers: [server(14, { port: undefined }), server(15, { port: undefined })],
    }),
    service(11, {
      protocol: "udp",
      port: undefined,
      choice: "source",
      servers: [server(16, { port: undefined })],
    }),
  ],
};

const skip = needsRoot() || (existsSync("/usr/sbin/nft") ? false : "nft is not installed");
if (skip === false) enterOwnNetworkNamespace();

for (const [name, services] of Object.entries(goldens)) {
  test(`[LH12] the rules for "${name}" are the golden ones`, () => {
    const path = join(import.meta.dirname, "../goldens", `${name}.golden`);
    const text = renderLayer4(services);
    if (process.env.UPDATE_GOLDENS === "1") writeFileSync(path, text);
    assert.equal(
      text,
      readFileSync(path, "utf8"),
      "run again with UPDATE_GOLDENS=1 when the change is meant",
    );
  });

  test(`[LH12] the kernel takes the rules for "${name}", over those before`, { skip }, async () => {
    const applied = await applyRuleset(renderLayer4(services));
    assert.ok(applied.ok, applied.ok ? "" : applied.error.message);
    const counters = await readCounters("tandem_l4");
    assert.equal(counters.ok ? counters.value.size : 0, 3 * services.flatMap((each) => each.servers).length);
  });
}

test("[LH12] the table goes without a trace, and rules that nft does not know are refused in its words", {
  skip,
}, async () => {
  assert.ok((await applyRuleset(renderLayer4([service(1)]))).ok);
  const refused = await applyRuleset("table ip tandem_l4 { chain x { nonsense } }\n");
  assert.ok(!refused.ok);
  assert.match(refused.error.message, /nft -f -: .*syntax error/);
  assert.ok((await applyRuleset(layer4Removal)).ok);
  assert.equal(execFileSync("/usr/sbin/nft", ["list", "ruleset"], { encoding: "utf8" }), "");
});

test("text that is no address never becomes part of a rule", () => {
  assert.throws(() => renderLayer4([service(1, { address: "1.2.3.4; drop" })]));
  assert.throws(() => renderLayer4([service(1, { servers: [server(1, { port: 80.5 })] })]));
  assert.throws(() => renderLayer4([service(1, { port: undefined, except: [70_000] })]));
});
