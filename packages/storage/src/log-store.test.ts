import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { anyLine, logStoreContractSuite } from "./log-store-contract-suite.ts";
import { emptyMemoryLogs, openMemoryLogStore } from "./memory-log-store.ts";
import { SqliteLogStore } from "./sqlite-log-store.ts";

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-log-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

logStoreContractSuite("in memory", () => {
  const logs = emptyMemoryLogs();
  return { open: () => openMemoryLogStore(logs) };
});

logStoreContractSuite("SQLite", (t) => {
  const folder = folderOf(t);
  // A search that is stopped looks at a few lines at a time here, at very many otherwise.
  return { open: () => new SqliteLogStore(folder, { windowLines: 3 }) };
});

test("one store writes while another searches", (t) => {
  const folder = folderOf(t);
  const [writer, reader] = [new SqliteLogStore(folder), new SqliteLogStore(folder)];
  for (let number = 1; number <= 3; number += 1) {
    writer.append([anyLine({ message: `line ${number}` })]);
    assert.equal(reader.search({ limit: 10 }).lines[0]?.message, `line ${number}`);
  }
  writer.close();
  assert.equal(reader.search({ limit: 10 }).lines.length, 3, "nobody else has it open");
});

for (const [how, damage] of [
  ["is no database", (file: string) => writeFileSync(file, "x".repeat(20_000))],
  ["was cut off", (file: string) => truncateSync(file, 5_000)],
] as const)
  test(`a day's file that ${how} is set aside and kept, a new one is begun, and other days are found`, (t) => {
    const folder = folderOf(t);
    const first = new SqliteLogStore(folder);
    const earlier = anyLine({ receivedAt: Date.parse("2026-11-24T10:00:00Z"), message: "the day before" });
    first.append([earlier, ...Array.from({ length: 200 }, () => anyLine())]);
    first.close();
    damage(join(folder, "2026-11-25.db"));

    const told: string[] = [];
    const store = new SqliteLogStore(folder, {
      onSetAside: (day, file) => told.push(`${day} ${file}`),
      onUnreadable: (day) => told.push(`${day} unreadable`),
    });
    assert.deepEqual(
      store.search({ limit: 10 }).lines.map(({ message }) => message),
      ["the day before"],
    );
    store.append([anyLine({ message: "after" })]);
    assert.deepEqual(
      store.search({ limit: 10 }).lines.map(({ message }) => message),
      ["after", "the day before"],
    );
    assert.deepEqual(told, [
      "2026-11-25 unreadable",
      `2026-11-25 ${join(folder, "2026-11-25.damaged-1.db")}`,
    ]);
    store.setAside("2026-11-24", "a search found it damaged");
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes("damaged") && name.endsWith(".db")),
      ["2026-11-24.damaged-1.db", "2026-11-25.damaged-1.db"],
    );
    store.close();
  });

test("what cannot be written is thrown and is written by the next attempt", (t) => {
  const folder = folderOf(t);
  const store = new SqliteLogStore(folder);
  store.append([anyLine()]);
  const impossible = anyLine({ receivedAt: Date.parse("2026-11-26T00:00:00Z"), message: undefined as never });
  assert.throws(() => store.append([anyLine({ receivedAt: impossible.receivedAt }), impossible]));
  assert.equal(store.search({ limit: 10 }).lines.length, 1, "nothing of that day");
  store.append([anyLine({ receivedAt: impossible.receivedAt })]);
  assert.equal(store.search({ limit: 10 }).lines.length, 2);
  store.close();
});
