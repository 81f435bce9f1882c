import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkDeadDocuments, checkLinks } from "./documents.ts";
import { checkLayers } from "./layers.ts";
import { checkSpecIds } from "./spec-ids.ts";
import { checkTables } from "./tables.ts";
import { checkTranscripts } from "./transcripts.ts";
import { treeFrom } from "./tree.ts";
import { checkWords } from "./words.ts";

const messages = (findings: readonly { message: string }[]): string[] =>
  findings.map(({ message }) => message);

test("a core that imports a shell fails", () => {
  const shell = `@tandem/${"linux"}/libc`;
  const bad = treeFrom({ "packages/carp/src/step.ts": `import { socket } from "${shell}";\n` });
  assert.match(messages(checkLayers(bad)).join(), /core may not import @tandem\/linux/);
  const good = treeFrom({ "packages/carp/src/step.ts": 'import { assert } from "@tandem/base/assert";\n' });
  assert.deepEqual(checkLayers(good), []);
});

test("a core that imports another core, a library or Node fails; its tests may", () => {
  for (const target of ["@tandem/replica/version", "fastify", "node:fs"]) {
    const source = `import { x } from "${target}";\n`;
    assert.equal(checkLayers(treeFrom({ "packages/pair/src/rules.ts": source })).length, 1, target);
    assert.equal(checkLayers(treeFrom({ "packages/pair/src/rules.test.ts": source })).length, 0, target);
  }
});

test("a core that reads a clock, draws entropy or waits fails, but may speak of it", () => {
  for (const line of ["const t = Date.now();", "Math.random();", "setTimeout(f, 1);", "await x;"])
    assert.equal(checkLayers(treeFrom({ "packages/pair/src/step.ts": `${line}\n` })).length, 1, line);
  assert.deepEqual(checkLayers(treeFrom({ "packages/pair/src/step.ts": "// no Date.now() here\n" })), []);
});

test("an application that imports the lab, and an import that climbs out of its package, fail", () => {
  assert.equal(
    checkLayers(treeFrom({ "apps/central/src/a.ts": 'import { x } from "@tandem/lab/cli";\n' })).length,
    1,
  );
  assert.equal(
    checkLayers(treeFrom({ "apps/central/src/a.ts": 'import { x } from "../../web/src/b.ts";\n' })).length,
    1,
  );
  assert.equal(
    checkLayers(treeFrom({ "apps/central/src/ha/a.ts": 'import { x } from "../api/b.ts";\n' })).length,
    0,
  );
});

test("a rule that the status page does not know may not be cited", () => {
  const status = "| rule | state |\n| --- | --- |\n| CH1 | met |\n";
  const cited = (rule: string) =>
    checkSpecIds(treeFrom({ "docs/status.md": status, "a.test.ts": `test("[${rule}] x")` }));
  assert.deepEqual(cited("CH1"), []);
  assert.match(messages(cited(`CH${99}`)).join(), /CH99/);
});

test("links to nowhere, dead documents and missing anchors are found", () => {
  const files = {
    "README.md": "[a](docs/a.md) [b](docs/b.md#the-part)",
    "docs/b.md": "# The part\n[x](#nope)",
    "docs/c.md": "",
  };
  assert.deepEqual(
    checkLinks(treeFrom(files)).map(({ path, message }) => `${path}: ${message}`),
    [
      "README.md: links to docs/a.md, which does not exist",
      "docs/b.md: links to #nope, which is no heading of docs/b.md",
    ],
  );
  assert.deepEqual(
    checkDeadDocuments(treeFrom(files)).map(({ path }) => path),
    ["docs/c.md"],
  );
});

test("tables made outside storage and columns that declare nothing are found", () => {
  const statement = ["CREATE", "TABLE t (x)"].join(" ");
  assert.equal(checkTables(treeFrom({ "apps/central/src/a.ts": `db.exec("${statement}")` })).length, 1);
  assert.equal(checkTables(treeFrom({ "packages/storage/src/a.ts": `db.exec("${statement}")` })).length, 0);
  const table =
    'export const t = defineTable({\n  name: "t",\n  columns: {\n    a: { sync: "shared" },\n    b: { schema: x },\n  },\n})';
  assert.deepEqual(messages(checkTables(treeFrom({ "apps/central/src/t.ts": table }))), [
    "column b does not say whether it is shared, local or derived",
  ]);
});

test("a transcript that no test names, a registry's host and a machine's path are found", () => {
  assert.equal(checkTranscripts(treeFrom({ "packages/carp/transcripts/old.txt": "" })).length, 1);
  assert.equal(checkWords(treeFrom({ "a.md": `https://${"registry"}.npmjs.org` })).length, 1);
  assert.equal(checkWords(treeFrom({ "a.md": `see ${"/work"}/main` })).length, 1);
});

test("the command itself exits 1 on a repository in which a core imports a shell, and names file and line", () => {
  const root = mkdtempSync(join(tmpdir(), "tandem-tidy-"));
  try {
    const files = {
      "docs/status.md": "| CH1 | met |\n",
      "README.md": "[status](docs/status.md)\n",
      "packages/carp/src/step.ts": `\nimport { socket } from "@tandem/${"linux"}/libc";\nexport const x = socket;\n`,
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    spawnSync("git", ["init", "-q"], { cwd: root });
    const run = spawnSync(process.execPath, [join(import.meta.dirname, "main.ts")], {
      cwd: root,
      encoding: "utf8",
    });
    assert.equal(run.status, 1, run.stdout + run.stderr);
    assert.match(run.stdout, /packages\/carp\/src\/step\.ts:2: core may not import @tandem\/linux/);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
