/** `npm run tidy`: the repository checks itself. Prints what is not tidy and how to mend it; exits 1 if anything is. */
import { checkDeadDocuments, checkLinks } from "./documents.ts";
import { checkLayers } from "./layers.ts";
import { checkSpecIds } from "./spec-ids.ts";
import { checkTables } from "./tables.ts";
import { checkTranscripts } from "./transcripts.ts";
import { treeOf } from "./tree.ts";
import { checkWords } from "./words.ts";

const checks = [
  checkLayers,
  checkSpecIds,
  checkTables,
  checkLinks,
  checkDeadDocuments,
  checkTranscripts,
  checkWords,
];

const tree = treeOf(process.cwd());
const findings = checks.flatMap((check) => check(tree));
for (const { path, line, message } of findings)
  console.log(`${path}${line === undefined ? "" : `:${line}`}: ${message}`);
console.log(`tidy: ${tree.paths.length} files, ${checks.length} checks, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
