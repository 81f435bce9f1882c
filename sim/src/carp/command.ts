/** `npm run sim -- --carp …`: many seeds of the CARP machine, or one. A seed takes a tenth of a second, so one thread does. */
import { aligned } from "../aligned.ts";
import { clockText } from "../journal.ts";
import { CarpCoverage, carpStates } from "./coverage.ts";
import { carpFaultKinds } from "./faults.ts";
import { type CarpFailure, CarpRun } from "./run.ts";

export type CarpTotal = {
  seeds: number;
  hours: number;
  cpuMs: number;
  events: number;
  faults: number;
  twoOwnersMs: number;
  readonly failures: { readonly seed: number; readonly failure: CarpFailure }[];
  readonly coverage: CarpCoverage;
};

/** Seeds as `next` gives them out, until it gives undefined or so many have failed. */
export async function runCarpSeeds(next: () => number | undefined, failuresMax: number): Promise<CarpTotal> {
  const total: CarpTotal = {
    seeds: 0,
    hours: 0,
    cpuMs: 0,
    events: 0,
    faults: 0,
    twoOwnersMs: 0,
    failures: [],
    coverage: new CarpCoverage(),
  };
  while (total.failures.length < failuresMax) {
    const seed = next();
    if (seed === undefined) break;
    const outcome = await new CarpRun(seed).execute();
    total.seeds += 1;
    total.hours += outcome.hours;
    total.cpuMs += outcome.cpuMs;
    total.events += outcome.events;
    total.faults += outcome.faults;
    total.twoOwnersMs = Math.max(total.twoOwnersMs, outcome.twoOwnersMs);
    total.coverage.add(outcome.coverage);
    if (outcome.failure !== null) total.failures.push({ seed, failure: outcome.failure });
  }
  return total;
}

const share = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(2));

export function carpPrinted(total: CarpTotal): string {
  const { coverage } = total;
  const unmet = coverage.unmet();
  return [
    aligned([
      ["seeds", total.seeds.toLocaleString("en")],
      ["failures", String(total.failures.length)],
      ["simulated hours", total.hours.toFixed(1)],
      ["simulated hours per CPU second", (total.hours / (total.cpuMs / 1_000)).toFixed(2)],
      ["events", total.events.toLocaleString("en")],
      ["faults", total.faults.toLocaleString("en")],
      ["longest time of two owners on a whole segment", `${total.twoOwnersMs.toFixed(0)} ms`],
    ]),
    "",
    "Faults by the role of the unit that they befell; and the longest time without an owner after one that came alone,",
    "as a share of the timeout (1.00 = 3 to 15 s; in the fast mode 234 ms).",
    aligned([
      ["fault", ...carpStates, "outage", "in fast mode"],
      ...carpFaultKinds.map((kind) => [
        kind,
        ...carpStates.map((state) => String(coverage.count(kind, state))),
        share(coverage.longestOutage(kind, "timeout")),
        share(coverage.longestOutage(kind, "fast")),
      ]),
    ]),
    "",
    unmet.length === 0 ? "every fault met every role" : `not met: ${unmet.join(", ")}`,
    ...total.failures.map(
      ({ seed, failure }) =>
        `seed ${seed}, ${clockText(failure.at)}: ${failure.checker}: ${failure.message}\n  repeat: npm run sim -- --carp --seed ${seed} --story`,
    ),
  ].join("\n");
}

export async function oneCarpSeed(
  seed: number,
  options: { readonly story: boolean; readonly trace: boolean },
): Promise<boolean> {
  const run = new CarpRun(seed, options);
  const { failure, faults, hours, trace } = await run.execute();
  for (const { at, who, text } of run.journal.lines ?? []) console.log(`${clockText(at)} ${who}: ${text}`);
  if (options.trace) console.log(`trace ${trace}`);
  console.log(
    `seed ${seed}: ${hours.toFixed(2)} h, ${faults} faults, ${failure === null ? "nothing wrong" : `${failure.checker}: ${failure.message}`}`,
  );
  return failure === null;
}
