import assert from "node:assert/strict";
import { test } from "node:test";
import { createRow } from "@tandem/replica/edits";
import type { Version } from "@tandem/replica/version";
import { emptyMemoryDisk, type MemoryDisk, openMemoryStore } from "@tandem/storage/memory-store";
import {
  addNetwork,
  type Central,
  eventually,
  inStep,
  names,
  networks,
  setUp,
  startCentral,
  stateOf,
} from "./pair-on-loopback.ts";

/** Outlives the process: what a file would be. */
const storeOn = (disk: MemoryDisk) => ({ ...openMemoryStore(disk), close: () => undefined });

/** Bits rot on the disk, under nobody's name: `change` makes the version that is found there from then on. */
function corrupt(disk: MemoryDisk, row: string, field: string, change: (version: Version) => Version): void {
  disk.versions = new Map(
    [...disk.versions].map(([place, version]) =>
      version.table === "networks" && version.row === row && version.field === field
        ? [place, change(version)]
        : [place, version],
    ),
  );
}

const codes = (central: Central): string[] => central.ha.events(1_000).map(({ code }) => code);

for (const [where, index] of [
  ["Slave", 1],
  ["Master", 0],
] as const)
  test(`[CH17] a row that rotted on the ${where}'s disk is named on both units, mended, and what did not prevail is in Conflicts`, async (t) => {
    const disks = [emptyMemoryDisk(), emptyMemoryDisk()];
    const a = await startCentral(t, "central1", "127.0.0.1", storeOn(disks[0] as MemoryDisk));
    const b = await startCentral(t, "central2", "127.0.0.2", storeOn(disks[1] as MemoryDisk));
    await addNetwork(a, "10.1.0.0/16", "of A");
    await addNetwork(b, "10.2.0.0/16", "of B");
    await setUp(a, b);
    await addNetwork(a, "10.3.0.0/16", "whole");
    const rotten = [a, b][index] as Central;
    await rotten.kill();
    const disk = disks[index] as MemoryDisk;
    corrupt(disk, "10.1.0.0/16", "name", (version) => ({ ...version, value: "of ROT" }));
    await rotten.restart();
    await eventually(
      "equal again, after it was seen that they were not",
      () =>
        [a, b].every((each) => codes(each).includes("differences-found")) &&
        inStep(a, b) &&
        a.ha.status().digest === b.ha.status().digest,
      20_000,
    );
    assert.deepEqual(names(a), names(b));
    assert.equal(names(a)["10.3.0.0/16"], "whole");
    for (const each of [a, b])
      assert.deepEqual(each.ha.status().differences?.rows, [
        { table: "networks", row: "10.1.0.0/16", fields: ["name"] },
      ]);
    const stands = names(a)["10.1.0.0/16"];
    assert.deepEqual(
      a.ha.conflicts().map(({ row, field, value }) => [row, field, value]),
      [["10.1.0.0/16", "name", stands === "of A" ? "of ROT" : "of A"]],
    );
    assert.equal([a, b].flatMap(codes).filter((code) => code === "differences-repaired").length, 1);
    await eventually("both say that it is mended", () =>
      [a, b].every(
        ({ ha }) => ha.status().differences?.repaired === true && ha.status().digestEqual === true,
      ),
    );
    assert.equal([a, b].map(stateOf).sort().join(), "Master,Slave");
    assert.ok((await addNetwork(b, "10.4.0.0/16")).ok, "and edits go on");
    assert.ok((await addNetwork(a, "10.5.0.0/16")).ok);
  });

test("[CH17] a row and a secret that are missing on one disk come back, and the secret is told nowhere", async (t) => {
  const disk = emptyMemoryDisk();
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2", storeOn(disk));
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  await a.ha.write([createRow(networks, { cidr: "10.3.0.0/16", password: "the secret" })], "admin", "secret");
  await b.kill();
  disk.versions = new Map([...disk.versions].filter(([, version]) => version.row !== "10.3.0.0/16"));
  await b.restart();
  await eventually(
    "the row is back",
    () => b.ha.row(networks, "10.3.0.0/16")?.values.password === "the secret",
    20_000,
  );
  await eventually("equal", () => a.ha.status().digest === b.ha.status().digest);
  const fields = a.ha.status().differences?.rows[0]?.fields ?? [];
  assert.ok(fields.includes("password"));
  for (const { ha } of [a, b])
    assert.ok(!JSON.stringify([ha.events(1_000), ha.status(), ha.conflicts()]).includes("the secret"));
});
