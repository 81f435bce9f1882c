import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Fence } from "@tandem/fencing/fence";
import { hear } from "@tandem/fencing/ledger";
import { createRow } from "@tandem/replica/edits";
import { Replica } from "@tandem/replica/replica";
import type { Table } from "@tandem/replica/schema";
import { type DeviceTarget, LoadMasterContacts } from "../fleet/device-contact.ts";
import { targetOf } from "../fleet/devices.ts";
import {
  type LoopbackLoadMaster,
  loadMasterPassword,
  loadMasterUser,
  startLoadMaster,
} from "../fleet/loadmaster-on-loopback.ts";
import { devices } from "../fleet/tables.ts";
import { LoadMasterDevices } from "./loadmaster-devices.ts";

const device = "d".repeat(16);
const fence: Fence = { runId: "a".repeat(64), epoch: { n: 1, unit: "a".repeat(16) }, dueAt: 1_000 };

async function withLoadMaster(
  t: TestContext,
  roleMoved: (() => void) | null = null,
): Promise<{ called: LoadMasterDevices; lm1: LoopbackLoadMaster; clients: Set<object> }> {
  const lm1 = await startLoadMaster(t, "127.0.0.21", "lm1");
  const replica = Replica.empty([devices as unknown as Table], "");
  const row = createRow(devices, {
    id: device,
    address: lm1.address,
    port: lm1.port,
    user: loadMasterUser,
    password: loadMasterPassword,
    certificateFingerprint: lm1.fingerprint,
  });
  const author = { author: "admin", unit: "a".repeat(16), wall: 1, incarnation: "1".repeat(16) };
  assert.ok(replica.write({ edits: [row], ...author }).ok);
  const contacts = new LoadMasterContacts(2_000);
  const clients = new Set<object>();
  const called = new LoadMasterDevices(
    (id) => {
      const found = replica.row(devices, id);
      return found && { target: targetOf(found), roleMoved };
    },
    (target: DeviceTarget) => {
      const client = contacts.client(target);
      clients.add(client);
      return client;
    },
  );
  return { called, lm1, clients };
}

test("[CH22] whether a device remembers runs is asked anew until it is known to be a unit of ours", async (t) => {
  const { called, lm1, clients } = await withLoadMaster(t);
  await lm1.stop();
  assert.equal(await called.remembersRuns(device), null, "it does not answer");
  await lm1.start();
  lm1.isOurs = false;
  assert.equal(await called.remembersRuns(device), false);
  lm1.isOurs = true;
  assert.equal(await called.remembersRuns(device), true, "another program has made room for a unit of ours");
  const { calls } = lm1;
  assert.equal(await called.remembersRuns(device), true);
  assert.equal(lm1.calls, calls, "and that is not asked again");
  assert.equal(clients.size, 1, "its calls are counted together with all others to that device");
});

test("[CH22] a backup that is asked for again reads the device under the fence as well", async (t) => {
  const { called, lm1 } = await withLoadMaster(t);
  const backup = async () => {
    const performed = await called.perform(device, "backup", fence);
    return performed.kind === "done" ? Buffer.from(performed.bytes ?? []).toString() : performed.kind;
  };
  for (let time = 1; time <= 3; time += 1) assert.equal(await backup(), "configuration of lm1");
  assert.ok(
    lm1.fences.every(({ epoch }) => epoch?.n === 1),
    JSON.stringify(lm1.fences),
  );
  assert.equal(lm1.unfenced, 0);
  const of = ({ runId }: Fence) => runId === fence.runId;
  assert.equal(lm1.fences.filter(of).length, 3, "the run itself is asked for each time, and known");
  // The first result of a known run is anybody's to hear; what stands on the device now is not the stale Master's to read.
  lm1.ledger = hear(lm1.ledger, { n: 2, unit: "b".repeat(16) }, Date.now());
  assert.equal(await backup(), "fenced");
});

test("[CH19] another unit that answers for a group was told nothing: the run is made again where the role is now", async (t) => {
  let moved = 0;
  const pair = await withLoadMaster(t, () => {
    moved += 1;
  });
  await pair.lm1.replaceCertificate();
  assert.equal(await pair.called.remembersRuns(device), null);
  const answer = await pair.called.perform(device, "backup", fence);
  assert.ok(answer.kind === "unreachable" && !answer.mayHaveArrived, JSON.stringify(answer));
  assert.equal(moved, 2, "which unit is active is looked at anew");
  assert.deepEqual([pair.lm1.fences, pair.lm1.effects], [[], []]);
});
