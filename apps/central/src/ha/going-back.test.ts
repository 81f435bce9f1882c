import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { deleteRow, updateRow } from "@tandem/replica/edits";
import { openSecretBox } from "@tandem/storage/secret-box";
import { Refusal } from "../refusal.ts";
import { type BackupPorts, listBackups, saveByCommand } from "./backups.ts";
import { restore } from "./going-back.ts";
import {
  addNetwork,
  type Central,
  eventually,
  inStep,
  networks,
  setUp,
  startCentral,
} from "./pair-on-loopback.ts";

const stateOf = ({ ha }: Central): string =>
  canonicalJson(ha.rows(networks).map(({ key, values }) => [key, values]) as unknown as Json);
const portsOf = ({ ha, stateDir }: Central): BackupPorts => ({
  pair: ha,
  tables: [networks],
  directory: join(stateDir, "backups"),
  box: openSecretBox(join(stateDir, "secret.key")),
});

async function overwritten(t: TestContext) {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(a, "10.5.0.0/16", "A's own name");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await addNetwork(b, "10.5.0.0/16", "B's own name");
  await b.ha.write([updateRow(networks, "10.2.0.0/16", { password: "only B knows" })], "admin", "secret");
  const before = stateOf(b);
  await setUp(a, b);
  return { a, b, before };
}

test("[CH13] what joining the pair overwrote is restored to equal what was, value by value, on both units; shown first", async (t) => {
  const { a, b, before } = await overwritten(t);
  const paired = stateOf(b);
  assert.notEqual(paired, before);
  const [backup] = listBackups(portsOf(b));
  assert.ok(backup?.overwritten);
  assert.deepEqual(listBackups(portsOf(a)), []);

  const shown = await restore(portsOf(b), { apply: false }, "admin");
  assert.deepEqual(
    shown.differences.map(({ row, column, what, now, saved }) => [row, column, what, now, saved]),
    [
      ["10.2.0.0/16", null, "comes back", null, null],
      ["10.5.0.0/16", "name", "changes", "A's own name", "B's own name"],
      ["10.1.0.0/16", null, "goes", null, null],
    ],
  );
  assert.deepEqual([shown.backup, shown.applied], [backup.name, false]);
  assert.equal(stateOf(b), paired, "nothing was changed by looking");

  const channel = b.ha.channel("test", { received: () => {} });
  await eventually("B can speak to A", () => channel.isOpen);
  const restored = await restore(portsOf(b), { apply: true }, "admin");
  assert.deepEqual([restored.applied, restored.acknowledged], [true, "both"]);
  assert.equal(stateOf(b), before);
  assert.equal(stateOf(a), before);
  assert.ok(inStep(a, b));
  assert.deepEqual([a.ha.conflicts(), b.ha.conflicts()], [[], []]);
  assert.equal((await restore(portsOf(b), { apply: true }, "admin")).total, 0);
});

test("[CH13] a backup of the present state is taken by command and restored by its name", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  await addNetwork(a, "10.1.0.0/16", "as it was");
  const before = stateOf(a);
  const name = await saveByCommand(portsOf(a));
  await a.ha.write([deleteRow(networks, "10.1.0.0/16")], "admin", "gone");
  await addNetwork(a, "10.7.0.0/16", "new");
  await restore(portsOf(a), { backup: name, apply: true }, "admin");
  assert.equal(stateOf(a), before);
});

test("an unknown name and another unit's backup are refused with the way out", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  const codeOf = async (wanted: Parameters<typeof restore>[1], ports = portsOf(a)): Promise<string> => {
    const refusal = await restore(ports, wanted, "admin").catch((error: Refusal) => error);
    assert.ok(refusal instanceof Refusal && refusal.errors[0]?.remedy);
    return refusal.errors[0].code;
  };
  assert.equal(await codeOf({ apply: true }), "backup-unknown");
  assert.equal(await codeOf({ backup: "../secret.key", apply: true }), "backup-unknown");
  await addNetwork(a, "10.1.0.0/16");
  await a.ha.write([updateRow(networks, "10.1.0.0/16", { password: "sealed" })], "admin", "secret");
  const backup = await saveByCommand(portsOf(a));
  assert.equal(
    await codeOf({ backup, apply: true }, { ...portsOf(a), box: portsOf(b).box }),
    "backup-unreadable",
  );
});
