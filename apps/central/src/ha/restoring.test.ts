import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Restored } from "@tandem/central-api/ha-backups";
import { editsPerWriteMax } from "@tandem/replica/constants";
import { createRow, deleteRow } from "@tandem/replica/edits";
import { Replica } from "@tandem/replica/replica";
import { openSecretBox } from "@tandem/storage/secret-box";
import { Refusal } from "../refusal.ts";
import { readBackup } from "./backup.ts";
import { type BackupPorts, downloadBackup, saveByCommand } from "./backups.ts";
import { Restoring, restore } from "./going-back.ts";
import { addNetwork, type Central, names, networks, startCentral } from "./pair-on-loopback.ts";

const rows = 4_000;
const as = "replace a unit";
const passPhrase = "correct horse battery staple";

const portsOf = ({ ha, stateDir }: Central): BackupPorts => ({
  pair: ha,
  tables: [networks],
  directory: join(stateDir, "backups"),
  box: openSecretBox(join(stateDir, "secret.key")),
});
const codeOf = async (restored: Promise<Restored>): Promise<string | undefined> => {
  const refusal = await restored.catch((error: unknown) => error);
  assert.ok(refusal instanceof Refusal && refusal.errors[0]?.remedy, String(refusal));
  return refusal.errors[0].code;
};
const unfinished = ({ directory }: BackupPorts): readonly string[] =>
  readdirSync(directory).filter((name) => !name.endsWith(".json"));
const savedNames = async ({ directory, box }: BackupPorts, name: string): Promise<readonly string[]> => {
  const { replica } = await readBackup(join(directory, name), box, Replica.loading([networks], ""));
  return replica.rows(networks).map(({ values }) => values.name as string);
};

async function large(t: TestContext): Promise<{ readonly a: Central; readonly backup: string }> {
  const a = await startCentral(t, "central1", "127.0.52.1");
  const edits = Array.from({ length: rows }, (_, index) =>
    createRow(networks, { cidr: `10.${index}`, name: `network ${index}`, password: `secret ${index}` }),
  );
  assert.ok((await a.ha.write(edits, "admin", "many")).ok);
  const backup = await saveByCommand(portsOf(a));
  assert.ok((await a.ha.write([deleteRow(networks, "10.0")], "admin", "one goes")).ok);
  return { a, backup };
}

/** How often others had a turn until it was settled. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let isOver = false;
  void work.finally(() => {
    isOver = true;
  });
  let turns = 0;
  for (; !isOver; turns += 1) await setImmediate();
  return turns;
}

test("[ML5] a large backup is written, opened, compared and restored in turns, between which others have theirs", async (t) => {
  const { a, backup } = await large(t);
  const ports = portsOf(a);
  // So many as there are pieces, at the least: of a thousand versions, and of five hundred rows.
  const [versionPieces, rowPieces] = [(5 * rows) / 1_000, rows / 500];
  const downloading = downloadBackup(ports, { passPhrase });
  assert.ok((await turnsOf(downloading)) >= versionPieces);
  const portable = "uploaded.json";
  writeFileSync(join(ports.directory, portable), await downloading);
  assert.ok((await turnsOf(saveByCommand(ports))) >= versionPieces);
  for (const file of [backup, portable])
    assert.ok(
      (await turnsOf(restore(ports, { backup: file, passPhrase, apply: false }, "admin"))) >= rowPieces,
    );
  const replacing = restore(ports, { backup, as, apply: true }, "admin");
  assert.ok((await turnsOf(replacing)) >= versionPieces + rowPieces);
  await a.restart();
  assert.equal(Object.keys(names(a)).length, rows);
});

test("[ML5] what is changed while a backup takes the place of the state is in the backup of what it replaces", async (t) => {
  const { a, backup } = await large(t);
  const ports = portsOf(a);
  const acknowledged: string[] = [];
  let isOver = false;
  const replacing = restore(ports, { backup, as, apply: true }, "admin").finally(() => {
    isOver = true;
  });
  for (let index = 0; !isOver; index += 1) {
    const name = `meanwhile ${index}`;
    const written = await addNetwork(a, `11.${index}`, name).catch(() => null);
    if (written?.ok === true) acknowledged.push(name);
    await setImmediate();
  }
  const { savedAs } = await replacing;
  assert.ok(savedAs !== null && acknowledged.length > 1);
  const saved = await savedNames(ports, savedAs);
  assert.deepEqual(
    acknowledged.filter((name) => !saved.includes(name)),
    [],
  );
  assert.equal(saved.length, rows - 1 + acknowledged.length);
  await a.restart();
  const after = Object.values(names(a));
  assert.equal(after.length, rows);
  assert.ok(after.includes("network 0") && !after.some((name) => name.startsWith("meanwhile")));
  assert.deepEqual(unfinished(ports), []);
});

test("[ML5] of two restores at once the second is refused, and the first goes on", async (t) => {
  const { a, backup } = await large(t);
  const restoring = new Restoring(portsOf(a));
  const first = restoring.restore({ backup, apply: true }, "admin");
  assert.equal(await codeOf(restoring.restore({ backup, as, apply: true }, "admin")), "restore-under-way");
  assert.deepEqual([(await first).applied, (await first).total], [true, 1]);
  assert.equal(await codeOf(restoring.restore({ backup: "none", apply: true }, "admin")), "backup-unknown");
  assert.equal((await restoring.restore({ backup, apply: false }, "admin")).total, 0);
});

test("[ML5] what a unit was told in the meantime is asked again: set up with another pair, it is not replaced", async (t) => {
  const { a, backup } = await large(t);
  const ports = portsOf(a);
  const before = names(a);
  let asked = 0;
  const pair = Object.create(a.ha, {
    faultOfReplacing: {
      value: () => {
        asked += 1;
        return asked === 1
          ? null
          : { code: "other-pair", field: "backup", message: "", remedy: "choose another" };
      },
    },
    rows: { value: a.ha.rows.bind(a.ha) },
    present: { value: a.ha.present.bind(a.ha) },
    status: { value: a.ha.status.bind(a.ha) },
    replaceBy: { value: () => assert.fail("it was replaced") },
  }) as BackupPorts["pair"];
  assert.equal(await codeOf(restore({ ...ports, pair }, { backup, as, apply: true }, "admin")), "other-pair");
  assert.deepEqual(names(a), before);
  assert.deepEqual([unfinished(ports), readdirSync(ports.directory)], [[], [backup]]);
});

test("[ML5] a state that took the place of the one that was being saved is saved whole", async (t) => {
  const { a, backup } = await large(t);
  const ports = portsOf(a);
  const { writer } = a.ha.present();
  const { replica } = await readBackup(
    join(ports.directory, backup),
    ports.box,
    Replica.loading([networks], ""),
  );
  const begun = {
    base: { ["f".repeat(16)]: 1 },
    end: () => assert.fail("it is of another state"),
    drop: async () => {},
  };
  const savedAs = a.ha.replaceBy(replica, { file: backup, writer }, "admin", begun);
  assert.equal((await savedNames(ports, savedAs)).length, rows - 1);
});

test("[CH13] more differences than one change may have are refused before anything is written", async (t) => {
  const a = await startCentral(t, "central1", "127.0.52.1");
  const ports = portsOf(a);
  await addNetwork(a, "10.1", "kept");
  const backup = await saveByCommand(ports);
  const many = Array.from({ length: editsPerWriteMax + 1 }, (_, index) => ({
    key: `10.${index}`,
    values: {},
    tag: "",
    tags: {},
  }));
  const pair = {
    rows: () => many,
    status: () => ({ overwrittenBackup: null }),
  } as unknown as BackupPorts["pair"];
  assert.equal(
    await codeOf(restore({ ...ports, pair }, { backup, apply: true }, "admin")),
    "too-many-differences",
  );
});
