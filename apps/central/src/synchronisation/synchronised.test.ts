import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { allTables, switchedTables } from "../central.ts";
import { keptOtherwise, synchronisedDocument } from "./synchronised.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const document = join(root, "docs/synchronised.md");

/** The text of every source file below a folder but tests and what serves them. */
const sources = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.ts$/.test(path) && !/\.test\.ts$|on-loopback|testing|suite/.test(path))
    .map((path) => readFileSync(join(root, folder, path), "utf8"));

test("[CH4] docs/synchronised.md says what the declarations say", () => {
  const text = synchronisedDocument(allTables, switchedTables);
  if (process.env.UPDATE_TRANSCRIPTS === "1") writeFileSync(document, text);
  assert.equal(text, readFileSync(document, "utf8"), "UPDATE_TRANSCRIPTS=1 writes it anew");
});

test("[CH4] no declared table and no table of SQLite is missing from the list", () => {
  const listed = new Set(allTables.map(({ name }) => name));
  for (const text of [...sources("apps/central/src"), ...sources("packages/replica/src")])
    for (const [, name] of text.matchAll(/\bdefineTable\(\{\s*name: "(\w+)"/g))
      assert.ok(listed.has(name as string), `table ${name} is declared and not in allTables`);
  const kept = new Set(keptOtherwise.flatMap(({ sqlite }) => sqlite));
  const made = sources("packages/storage/src").flatMap((text) =>
    [...text.matchAll(/\bCREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(
      (match) => match[1] as string,
    ),
  );
  assert.ok(made.length > 5);
  for (const name of made) assert.ok(kept.has(name), `SQLite's table ${name} is not in keptOtherwise`);
});
