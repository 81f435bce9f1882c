import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { err, ok } from "@tandem/base/result";
import type { VirtualService } from "@tandem/haproxy-config/model";
import { exampleModel, exampleServer, exampleService } from "@tandem/haproxy-config/model-examples";
import { renderConfiguration } from "@tandem/haproxy-config/render";
import { HaproxyProcess } from "@tandem/linux/haproxy-process";
import { loopback, portFor } from "../unit.fixture.ts";
import { RuntimeState } from "./runtime-state.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

const shop = {
  kind: "match",
  name: "shop",
  subject: { part: "url", withHost: false, withQuery: false },
  how: "prefix",
  pattern: "/shop",
  ignoreCase: false,
  negate: false,
  mustFail: false,
} as const;

const service = (changes: Partial<VirtualService> = {}): VirtualService =>
  exampleService(1, {
    address: loopback(80),
    port: portFor(0),
    schedule: "wrr",
    check: { kind: "none" },
    servers: [exampleServer(1), exampleServer(2, { rules: [shop] }), exampleServer(3, { enabled: false })],
    ...changes,
  });

describe("what the unit decides about servers", { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-runtime-"));
  const troubles: (string | undefined)[] = [];
  let haproxy: HaproxyProcess;
  let state: RuntimeState;

  const load = async (changes: Partial<VirtualService> = {}): Promise<void> => {
    const rendered = renderConfiguration({
      ...exampleModel([service(changes)]),
      process: {
        runtimeSocket: haproxy.runtimeSocket,
        filesDirectory: haproxy.filesDirectory,
        maxConnections: 100,
        hardStopSeconds: 5,
      },
    });
    assert.ok(rendered.ok);
    const applied = await haproxy.apply(rendered.value);
    assert.ok(applied.ok, applied.ok ? "" : applied.error.message);
  };
  /** Of every place where a server stands: whether it runs, and its weight. */
  const seen = async (): Promise<Record<string, string>> => {
    await state.settled();
    const answer = await haproxy.tell(["show servers state"]);
    assert.ok(answer.ok);
    return Object.fromEntries(
      [...answer.value.join("\n").matchAll(/^\d+ (\S+) \d+ (\S+) \S+ (\d) \d (\d+) /gm)].map(
        ([, backend, server, running, weight]) => [
          `${backend}/${server}`,
          `${running === "0" ? "down" : "up"} ${weight}`,
        ],
      ),
    );
  };

  before(async () => {
    haproxy = new HaproxyProcess({ directory, observe: () => {} });
    state = new RuntimeState({ haproxy, troubled: (reason) => troubles.push(reason) });
    await load();
  });
  after(async () => {
    state.stop();
    await haproxy.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test("[LM1] a server is down, and up again, wherever it stands", async () => {
    state.wantHealth(1, 2, { up: false, check: "L3TOUT" });
    let now = await seen();
    assert.deepEqual([now["vs1/rs1"], now["vs1/rs2"], now["vs1.g1/rs2"]], ["up 1", "down 1", "down 1"]);
    state.wantHealth(1, 2, { up: true, check: "L3OK" });
    now = await seen();
    assert.deepEqual([now["vs1/rs2"], now["vs1.g1/rs2"]], ["up 1", "up 1"]);
  });

  test("[LM1] health and weight are told again after a reload and after a start", async () => {
    state.wantHealth(1, 1, { up: false, check: "L3TOUT" });
    state.wantWeight(1, 2, 77);
    let now = await seen();
    assert.deepEqual([now["vs1/rs1"], now["vs1.g2/rs1"], now["vs1/rs2"]], ["down 1", "down 1", "up 77"]);
    await load({ idleSeconds: 61 });
    now = await seen();
    assert.deepEqual([now["vs1/rs1"], now["vs1/rs2"]], ["down 1", "up 77"], "as soon as the load is done");
    await haproxy.stop();
    await load({ idleSeconds: 61 });
    now = await seen();
    assert.deepEqual([now["vs1/rs1"], now["vs1/rs2"]], ["down 1", "up 77"]);
  });

  test("[LM1] what is decided no more is HAProxy's again", async () => {
    state.wantHealth(1, 1, undefined);
    state.wantWeight(1, 2, undefined);
    const now = await seen();
    assert.deepEqual([now["vs1/rs1"], now["vs1/rs2"]], ["up 1", "up 1"]);
  });

  test("[LM1] rows say up or down of servers that HAProxy does not check", async () => {
    state.wantHealth(1, 1, { up: true, check: "L3OK" });
    state.wantHealth(1, 2, { up: false, check: "L3TOUT" });
    state.wantHealth(1, 3, { up: false, check: "L3TOUT" });
    state.wantHealth(1, 99, { up: true, check: "L3OK" });
    await state.settled();
    const rows = await haproxy.statistics();
    assert.ok(rows.ok);
    assert.deepEqual(
      state
        .shown(rows.value)
        .filter(({ server }) => server.startsWith("rs"))
        .map(({ server, status, check }) => [server, status, check]),
      [
        ["rs1", "UP", "L3OK"],
        ["rs2", "DOWN", "L3TOUT"],
        ["rs3", "MAINT", "L3TOUT"],
      ],
    );
  });
});

test("[LM1] a socket that does not answer is told later", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let answers = false;
  const told: string[] = [];
  const troubles: (string | undefined)[] = [];
  const state = new RuntimeState({
    haproxy: {
      onLoaded: () => () => {},
      tell: async (commands) => {
        if (!answers) return err({ code: "no-answer", message: "closed" });
        told.push(...commands);
        return ok(["1 vs1 1 rs1 127.0.0.1 2 0 1 1"]);
      },
    },
    troubled: (reason) => troubles.push(reason),
  });
  state.wantHealth(1, 1, { up: false, check: "L3TOUT" });
  await state.settled();
  assert.deepEqual([told, troubles], [[], ["closed"]]);
  answers = true;
  t.mock.timers.tick(1_000);
  await state.settled();
  assert.deepEqual(told, ["show servers state", "set server vs1/rs1 health down"]);
  assert.deepEqual(troubles, ["closed", undefined]);
  state.wantHealth(1, 1, { up: false, check: "L3TOUT" });
  await state.settled();
  assert.equal(told.length, 2, "it knows that already");
  state.stop();
});
