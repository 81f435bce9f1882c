/** `npm run bench -- NAME…`: measures, prints a table of figures against their goals, exits 1 when a goal was missed. */
import { cpus, totalmem } from "node:os";
import { benchDataplane } from "./dataplane/command.ts";
import { benchEdits } from "./edits.ts";
import { benchFailover } from "./failover/command.ts";
import { benchInitialSync } from "./initial-sync.ts";
import { type Figure, tableOf } from "./quantiles.ts";
import { benchRestore } from "./restore.ts";
import { benchTakeOver } from "./take-over.ts";

const benches: { readonly [name: string]: () => Promise<readonly Figure[]> } = {
  edits: benchEdits,
  "initial-sync": benchInitialSync,
  restore: benchRestore,
  "take-over": benchTakeOver,
};

/** These have options of their own, and are run by themselves. */
const benchesWithOptions: {
  readonly [name: string]: (args: readonly string[]) => Promise<readonly Figure[]>;
} = {
  failover: benchFailover,
  dataplane: benchDataplane,
};
const [first = "", ...args] = process.argv.slice(2);
const own = Object.hasOwn(benchesWithOptions, first) ? benchesWithOptions[first] : undefined;
const names = own === undefined ? process.argv.slice(2) : [first];
const unknown = names.filter((name) => own === undefined && !Object.hasOwn(benches, name));
if (names.length === 0 || unknown.length > 0) {
  for (const name of unknown) process.stderr.write(`there is no benchmark "${name}"\n`);
  process.stderr.write(
    `usage: npm run bench -- NAME…\n  ${[...Object.keys(benches), ...Object.keys(benchesWithOptions).map((name) => `${name} [OPTIONS]`)].join("\n  ")}\n`,
  );
  process.exit(2);
}
const figures: Figure[] = [];
if (own !== undefined) figures.push(...(await own(args)));
else for (const name of names) figures.push(...(await (benches[name] as (typeof benches)[string])()));
console.log(`\nnpm run bench -- ${names.join(" ")}`);
console.log(`${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n`);
console.log(tableOf(figures));
if (figures.some(({ met }) => met === false)) process.exitCode = 1;
