/** What a run of many seeds came to: for the terminal, and as a page of the documentation. */
import { aligned } from "./aligned.ts";
import { type PairStateName, pairStates } from "./coverage.ts";
import { type FaultKind, faultKinds } from "./faults.ts";
import { clockText } from "./journal.ts";
import type { Total } from "./many-seeds.ts";

/** A smaller run says little about coverage. */
const seedsForCoverage = 1_000;

const kinds = Object.keys(faultKinds) as FaultKind[];
/** What befalls a process or its disk cannot befall one that is not there. */
const needsProcess: ReadonlySet<FaultKind> = new Set([
  "kill",
  "orderly stop",
  "power loss",
  "lying disk",
  "disk rolled back",
  "disk lost",
  "old backup",
  "unit replaced",
  "crash at the disk",
  "full disk",
  "freeze",
  "slow",
  "suspend",
  "clock jump",
  "clock drift",
  "other version",
]);

const canMeet = (kind: FaultKind, state: PairStateName): boolean =>
  state !== "down" || !needsProcess.has(kind);

/** Cells of the coverage table that should have been met and were not. */
export const unmet = ({ coverage }: Total): readonly string[] =>
  kinds.flatMap((kind) =>
    pairStates
      .filter((state) => canMeet(kind, state) && coverage.count(kind, state) === 0)
      .map((state) => `${kind} × ${state}`),
  );

const times = ({ coverage }: Total, kind: FaultKind): number =>
  pairStates.reduce((sum, state) => sum + coverage.count(kind, state), 0);

/** `kind` of fault by the state of the units that it befell. */
function coverageRows(total: Total): readonly (readonly string[])[] {
  return [
    ["fault", "units", ...pairStates],
    ...kinds.map((kind) => [
      kind,
      String(times(total, kind)),
      ...pairStates.map((state) => (canMeet(kind, state) ? String(total.coverage.count(kind, state)) : "–")),
    ]),
  ];
}

const crashRows = ({ coverage }: Total): readonly (readonly string[])[] => [
  ["died at the disk call", "before it", "after it"],
  ...coverage.crashes().map(([label, before, after]) => [label, String(before), String(after)]),
];

const markdown = (rows: readonly (readonly string[])[]): string => {
  const [head = [], ...rest] = rows;
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "---:"))), ...rest.map(line)].join(
    "\n",
  );
};

const perCpuSecond = ({ hours, cpuMs }: Total): number => hours / (cpuMs / 1_000);

const figures = (total: Total): readonly (readonly string[])[] => [
  ["seeds", total.seeds.toLocaleString("en")],
  ["failures", String(total.failures.length)],
  ["simulated hours", Math.round(total.hours).toLocaleString("en")],
  ["simulated hours per CPU second", perCpuSecond(total).toFixed(0)],
  ["events", total.events.toLocaleString("en")],
  [
    "edits accepted / refused",
    `${total.edits.toLocaleString("en")} / ${total.refusedEdits.toLocaleString("en")}`,
  ],
  ["faults", total.faults.toLocaleString("en")],
  [
    "least in a seed: hours, edits in a phase, faults in a phase",
    `${total.hoursLeast.toFixed(1)}, ${total.editsLeast}, ${total.faultsLeast}`,
  ],
  ["longest time of two connected Masters", `${(total.twoMastersMs / 1_000).toFixed(2)} s`],
];

const failureText = ({ seed, failure }: Total["failures"][number]): string =>
  `seed ${seed}, phase ${failure.phase}, ${clockText(failure.at)}: ${failure.checker}: ${failure.message}\n  repeat: npm run sim -- --seed ${seed} --story`;

export function printed(total: Total): string {
  const missing = unmet(total);
  return [
    aligned(figures(total)),
    "",
    aligned(coverageRows(total)),
    "",
    aligned(crashRows(total)),
    "",
    missing.length === 0
      ? "every fault met every state"
      : total.seeds < seedsForCoverage
        ? `${missing.length} cells of the table were not met; a large run meets them all`
        : `never met: ${missing.join(", ")}`,
    ...total.failures.map(failureText),
  ].join("\n");
}

export type Finding = { readonly seed: number; readonly reason: string; readonly fix: string };

export function logPage(
  total: Total,
  run: {
    readonly commit: string;
    readonly command: string;
    readonly isInterrupted: boolean;
    readonly findings: readonly Finding[];
  },
): string {
  const missing = unmet(total);
  return `# A run of the simulator

\`${run.command}\` at commit \`${run.commit}\`${run.isInterrupted ? `, interrupted after ${total.seeds.toLocaleString("en")} seeds` : ""}. What a seed does is in \`sim/src/run.ts\`; \`npm run sim -- --seed N --story\` tells one in sentences.

${markdown([["", ""], ...figures(total)])}

## Faults by the state of the unit that they befell
${markdown(coverageRows(total))}

${missing.length === 0 ? "Every fault met every state that it can meet." : `Never met: ${missing.join(", ")}.`}

## Crashes at the disk
A transaction is whole or not there. "settings" is the file of the HA settings, "backup" what is saved before a configuration is overwritten.

${markdown(crashRows(total))}

## What the simulator found
${run.findings.length === 0 ? "Nothing yet." : markdown([["seed", "what", "mended by"], ...run.findings.map(({ seed, reason, fix }) => [String(seed), reason, fix])])}

## Failures of this run
${total.failures.length === 0 ? "None." : total.failures.map((each) => `- ${failureText(each).replace("\n ", ";")}`).join("\n")}
`;
}
