import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { err, ok } from "@tandem/base/result";
import type { DeviceServicePut } from "@tandem/central-api/device-services";
import type { Fence } from "@tandem/fencing/fence";
import type { CallError, CallResult } from "@tandem/loadmaster-api/client";
import { createRow } from "@tandem/replica/edits";
import { eventually, startCentral } from "../central-on-loopback.ts";
import { realWorld } from "../real-world.ts";
import type { DeviceTarget } from "./device-contact.ts";
import { DevicePoller } from "./device-poller.ts";
import { type ConfiguredDevice, listServices, putService, type ServicesWorld } from "./services.ts";
import { devices, haGroups, networks, services } from "./tables.ts";

const [ha1, ha2, group] = ["00000000000000a1", "00000000000000a2", "00000000000000f0"] as const;
const sharedAddress = "10.0.0.10";
const printOf = { [ha1]: "1".repeat(64), [ha2]: "2".repeat(64) } as const;
const wanted: DeviceServicePut = { address: sharedAddress, port: 80, protocol: "tcp", servers: [] };

/** A pair behind one address: calls reach whichever is active, which is known by its certificate. */
class ModelPair {
  active: typeof ha1 | typeof ha2 = ha1;
  /** What each call is answered with before the pair sees it; null: it sees it. */
  fails: (command: string) => CallError | null = () => null;
  readonly performed: string[] = [];
  readonly runs: string[] = [];

  configured = (target: DeviceTarget): ConfiguredDevice => {
    assert.equal(
      target.address,
      sharedAddress,
      "what units share is asked and changed at their shared address",
    );
    const reach = <Value>(value: () => Value): CallResult<Value> => {
      const actual = printOf[this.active];
      const expected = target.fingerprint ?? "";
      return Promise.resolve(
        expected === actual
          ? ok(value())
          : err({ kind: "wrong-certificate", message: "another unit", expected, actual }),
      );
    };
    return {
      revision: () => reach(() => "r1"),
      listVirtualServices: () => reach(() => []),
      call: (command, _parameters, fence?: Fence) => {
        const failure = this.fails(command);
        if (failure) return Promise.resolve(err(failure));
        return reach(() => {
          this.performed.push(`${command} on ${this.active === ha1 ? "HA1" : "HA2"}`);
          this.runs.push(fence?.runId ?? "");
          return { code: 200, status: "ok", revision: "r2" };
        });
      },
    };
  };
}

async function startWorld(t: TestContext, pair: ModelPair): Promise<ServicesWorld> {
  const { central } = await startCentral(t, "central1", "127.0.0.1");
  const shared = central.pair;
  const poller = new DevicePoller({
    contact: ({ fingerprint = "" }) =>
      Promise.resolve(
        ok({
          kind: "answered",
          version: null,
          name: null,
          haRole: fingerprint === printOf[pair.active] ? "active" : "standby",
          fingerprint,
        }),
      ),
  });
  t.after(() => poller.stop());
  await shared.write(
    [
      createRow(networks, { cidr: "10.0.0.0/8" }),
      ...[ha1, ha2].map((id, index) =>
        createRow(devices, {
          id,
          name: `lm${index + 1}`,
          address: `10.0.0.${index + 1}`,
          port: 443,
          user: "bal",
          password: "secret",
          certificateFingerprint: printOf[id],
        }),
      ),
      createRow(haGroups, { id: group, name: "web", sharedAddress, members: [ha1, ha2] }),
    ],
    "admin",
    "a pair",
  );
  poller.follow(
    [ha1, ha2].map((id) => ({
      id,
      target: { address: "", port: 443, user: "", password: "", fingerprint: printOf[id] },
    })),
  );
  await eventually("both roles are known", () =>
    [ha1, ha2].every((id) => poller.status(id).haRole !== "unknown"),
  );
  return {
    shared,
    poller,
    contact: () => Promise.resolve(err({ kind: "malformed", message: "" })),
    world: realWorld,
    configured: pair.configured,
  };
}

test("[CH19] a group is configured at its shared address through whichever unit is active, also when the role has just moved", async (t) => {
  const pair = new ModelPair();
  const world = await startWorld(t, pair);
  await putService(world, group, wanted, "alice");
  pair.active = ha2;
  await putService(world, group, { ...wanted, port: 81 }, "alice");
  assert.deepEqual(pair.performed, ["addvs on HA1", "addvs on HA2"]);
  assert.deepEqual(
    world.shared.rows(services).map(({ values }) => values.device),
    [ha1, ha1],
    "both are services of the one pair",
  );
  await eventually(
    "which unit is active is looked at anew",
    () => world.poller.status(ha2).haRole === "active",
  );
});

test("[CH19] [LH6] a member is not given what both units share: the error names the group; reading is no change", async (t) => {
  const pair = new ModelPair();
  const world = await startWorld(t, pair);
  const refusal = await putService(world, ha2, wanted, "alice").catch((error) => error);
  assert.equal(refusal.status, 409);
  assert.equal(refusal.errors[0].code, "device-in-group");
  assert.match(refusal.errors[0].message, /lm2 is a member of the HA group "web"/);
  assert.match(refusal.errors[0].remedy, new RegExp(`${group}.*${sharedAddress}`));
  assert.deepEqual(pair.performed, []);
  assert.deepEqual(await listServices(world, ha2), await listServices(world, group));
});

test("[CH19] a change that may have been carried out is not sent again; what was certainly not is, as the same run", async (t) => {
  const pair = new ModelPair();
  const world = await startWorld(t, pair);
  let calls = 0;
  pair.fails = () => {
    calls += 1;
    return { kind: "timeout", message: "no answer", timeoutMs: 1 };
  };
  const lost = await putService(world, group, wanted, "alice").catch((error) => error);
  assert.deepEqual([lost.status, calls], [503, 1]);
  assert.match(lost.errors[0].message, /whether addvs was is not known/);
  assert.deepEqual(world.shared.rows(services), []);
  // The role moves between what was read and the change.
  pair.fails = () => {
    pair.active = ha2;
    return null;
  };
  await putService(world, group, wanted, "alice");
  assert.deepEqual(pair.performed, ["addvs on HA2"]);
  assert.equal(new Set(pair.runs).size, 1);
});
