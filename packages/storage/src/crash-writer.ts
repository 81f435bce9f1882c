/** Run as a process of its own by `crash.test.ts`: commits one row after the other, and says so after each, until it is killed. */
import { openSecretBox } from "./secret-box.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { anyVersion } from "./store-contract-suite.ts";

const [directory, incarnation] = process.argv.slice(2) as [string, string];
const store = openSqliteStore(
  `${directory}/config.db`,
  openSecretBox(`${directory}/secret.key`),
  () => false,
);
const { vector } = store.stored();
for (let seq = 1; ; seq += 1) {
  const versions = [0, 1, 2].map((part) =>
    anyVersion({
      row: `${incarnation}.${seq}`,
      field: `part${part}`,
      incarnation,
      seq: 3 * seq + part,
      context: { [incarnation]: 3 * seq },
    }),
  );
  store.commit([
    {
      kind: "versions",
      persist: { versions, vector: { ...vector, [incarnation]: 3 * seq + 2 }, clock: seq },
    },
    { kind: "document", name: "last", value: { incarnation, seq } },
  ]);
  process.stdout.write(`${seq}\n`);
}
