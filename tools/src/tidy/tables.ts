import type { Finding, Tree } from "./tree.ts";

const home = "packages/storage/src/";

/**
 * Tables come in two kinds, and both are declared: those of the shared model with `defineTable` (every column
 * says `shared`, `local` or `derived`), and SQLite's own, which only `packages/storage` may create. A table made
 * anywhere else would be missing from the list of what is synchronised (CH4).
 */
export function checkTables(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.paths) {
    if (!path.endsWith(".ts") || path.startsWith("tools/")) continue;
    const text = tree.text(path);
    if (/\bCREATE (VIRTUAL )?TABLE\b/i.test(text) && !path.startsWith(home))
      findings.push({
        path,
        message: `creates a table outside ${home}: declare it with defineTable, or keep it in storage`,
      });
    if (/from "node:sqlite"/.test(text) && !path.startsWith(home))
      findings.push({ path, message: `uses SQLite outside ${home}, the one place that knows it` });
    for (const match of text.matchAll(/\bdefineTable\(\{[\s\S]*?\n\}\)/g)) {
      const columns = [...match[0].matchAll(/^ {4}(\w+): \{(.*)$/gm)];
      for (const [, column, rest] of columns)
        if (
          !/\bsync: "(shared|local|derived)"/.test(rest ?? "") &&
          !/\bsync: "(shared|local|derived)"/.test(blockAfter(match[0], column as string))
        )
          findings.push({
            path,
            message: `column ${column} does not say whether it is shared, local or derived`,
          });
    }
  }
  return findings;
}

/** The text of a column's declaration when it spans lines. */
function blockAfter(text: string, column: string): string {
  const start = text.indexOf(`    ${column}: {`);
  return text.slice(start, text.indexOf("\n    }", start));
}
