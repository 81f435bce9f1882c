import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { Database } from "./database.ts";
import { meteringKeeping, type Sample } from "./statistics-store.ts";
import { statisticsContractSuite } from "./statistics-store-contract-suite.ts";
import { emptyStatisticsMemory, openStatisticsMemory } from "./statistics-store-memory.ts";
import { pack, unpack } from "./statistics-store-payload.ts";
import { openStatisticsFile } from "./statistics-store-sqlite.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
const neverSetAside = (name: string): void => assert.fail(`${name} was set aside`);

statisticsContractSuite("statistics in memory", () => {
  const memory = emptyStatisticsMemory();
  return { open: () => openStatisticsMemory(memory) };
});

statisticsContractSuite("statistics in SQLite", (t) => {
  const path = join(folder(t), "stats.db");
  return { open: () => openStatisticsFile(path, neverSetAside) };
});

statisticsContractSuite("samples of metering in memory", () => {
  const memory = emptyStatisticsMemory();
  return { open: () => openStatisticsMemory(memory, meteringKeeping) };
});

statisticsContractSuite("samples of metering in SQLite", (t) => {
  const path = join(folder(t), "metering.db");
  return { open: () => openStatisticsFile(path, neverSetAside, { keeping: meteringKeeping }) };
});

test("packed numbers are the same after unpacking", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat({ max: 130 }), fc.maxSafeNat())), (values) => {
      assert.deepEqual(unpack(pack(values)), values);
    }),
  );
});

const sampleOf = (slot: number): Sample => ({
  device: "aaaaaaaaaaaaaaaa",
  slot,
  epoch: { n: 1, unit: "1111111111111111" },
  offsetMs: 0,
  since: 1,
  entities: [""],
  values: [1, 2, 3, 4, 5],
});

test("[CH8] a damaged stats.db is set aside, and a new one begun", (t) => {
  const path = join(folder(t), "stats.db");
  writeFileSync(
    path,
    "this is no database, and it is longer than the header that one begins with".repeat(99),
  );
  const names: string[] = [];
  const store = openStatisticsFile(path, (name) => names.push(name));
  assert.deepEqual(names, [`${path}.damaged-1`]);
  store.merge([sampleOf(1)]);
  assert.equal(store.count(), 1);
  store.close();
  assert.ok(readdirSync(join(path, "..")).includes("stats.db.damaged-1"));
});

const pageBytes = 4_096;

test("[CH8] damage that is met while a stats.db is in use sets it aside, and the call is made on a new one", (t) => {
  const path = join(folder(t), "stats.db");
  const before = openStatisticsFile(path, neverSetAside);
  before.merge(Array.from({ length: 5_000 }, (_, slot) => sampleOf(slot)));
  before.close();
  // The first page says what tables there are: that one stays, so that the damage is not seen at once.
  const bytes = readFileSync(path);
  assert.ok(bytes.length > 20 * pageBytes);
  writeFileSync(path, bytes.fill(0xff, pageBytes));
  const names: string[] = [];
  const store = openStatisticsFile(path, (name) => names.push(name));
  store.merge([sampleOf(7)]);
  assert.equal(names.length, 1);
  assert.equal(store.count(), 1);
  store.close();
});

test("[CH8] what is left on the disk for the configuration is not taken by statistics; what is there can be read", (t) => {
  const path = join(folder(t), "stats.db");
  const before = openStatisticsFile(path, neverSetAside);
  before.merge([sampleOf(1)]);
  before.close();
  const full = openStatisticsFile(path, neverSetAside, { reservedBytes: Number.MAX_SAFE_INTEGER });
  assert.throws(() => full.merge([sampleOf(2)]), /bytes are free on the disk/);
  assert.deepEqual([...full.all()], [sampleOf(1)]);
  full.close();
});

test("[CH8] a stats.db of a newer version is left as it is", (t) => {
  const path = join(folder(t), "stats.db");
  const newer = new Database(
    path,
    Array.from({ length: 9 }, () => "SELECT 1"),
    { as: "one writer" },
  );
  newer.close();
  assert.throws(() => openStatisticsFile(path, neverSetAside), /newer version/);
});
