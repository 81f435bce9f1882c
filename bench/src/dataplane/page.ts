/** What was measured, as figures with their goals, and as a page of the documentation. */
import { type Figure, milliseconds, quantile, tableOf } from "../quantiles.ts";
import type { ChangesUnderLoad } from "./changes.ts";
import { type MedianInterval, medianInterval, type PairOfRuns, type Run, wrkArguments } from "./load.ts";
import type { Memory, Thousand } from "./thousand.ts";

const ratioGoal = 0.97;
const pairsLeast = 20;
const liveGoalMs = 300;
const listGoalMs = 150;
const weightGoalMs = 10;
const memoryGoalMb = 200;

/** Parts that were not measured are absent. */
export type Measured = {
  /** Of each run. */
  readonly seconds: number;
  readonly http?: readonly PairOfRuns[];
  readonly https?: readonly PairOfRuns[];
  readonly changes?: ChangesUnderLoad;
  readonly reloadsOfFour?: number;
  readonly thousand?: Thousand;
  readonly memory?: Memory;
};

const titles = { http: "HTTP", https: "TLS offload" } as const;

/** More than 1: the unit is better. */
const ratios = (pairs: readonly PairOfRuns[], of: "perSecond" | "p99Ms"): MedianInterval =>
  medianInterval(
    pairs.map(({ ours, plain }) =>
      of === "perSecond" ? ours.perSecond / plain.perSecond : plain.p99Ms / ours.p99Ms,
    ),
  );

const intervalText = ({ median, low, high }: MedianInterval): string =>
  `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;

function ratioFigures(scheme: "http" | "https", pairs: readonly PairOfRuns[]): Figure[] {
  return (["perSecond", "p99Ms"] as const).map((of) => {
    const interval = ratios(pairs, of);
    return {
      what: `${titles[scheme]}, ${of === "perSecond" ? "requests/s, unit over plain" : "p99, plain over unit"}: median of ${pairs.length} pairs (95 % interval)`,
      measured: intervalText(interval),
      goal: `≥ ${ratioGoal}`,
      met: pairs.length < pairsLeast ? null : interval.median >= ratioGoal && interval.high >= ratioGoal,
    };
  });
}

function times(what: string, samples: readonly number[], atMostMs?: number): Figure {
  const [median, most] = [quantile(samples, 0.5), Math.max(...samples)];
  return {
    what: `${what}, median and most of ${samples.length}`,
    measured: `${milliseconds(median)}, ${milliseconds(most)}`,
    goal: atMostMs === undefined ? "" : `≤ ${atMostMs} ms`,
    met: atMostMs === undefined ? null : median <= atMostMs,
  };
}

export function figuresOf({
  http,
  https,
  changes,
  reloadsOfFour,
  thousand,
  memory,
}: Measured): readonly Figure[] {
  return [
    ...(http === undefined ? [] : ratioFigures("http", http)),
    ...(https === undefined ? [] : ratioFigures("https", https)),
    ...(changes === undefined
      ? []
      : [
          {
            what: `failed requests of ${changes.answered} during ${changes.changes} changes (${changes.reloads} reloads)`,
            measured: String(changes.failures.length),
            goal: "0",
            met: changes.failures.length === 0,
          },
        ]),
    ...(reloadsOfFour === undefined
      ? []
      : [
          {
            what: "reloads for four changes sent at once",
            measured: String(reloadsOfFour),
            goal: "1",
            met: reloadsOfFour === 1,
          },
        ]),
    ...(thousand === undefined
      ? []
      : [
          times("1,000 services: addvs answered", thousand.addAnswerMs),
          times("live after the answer", thousand.addLiveMs, liveGoalMs),
          times("1,000 services: delvs answered", thousand.deleteAnswerMs),
          times("gone after the answer", thousand.deleteLiveMs, liveGoalMs),
          times("1,000 services: listvs", thousand.listMs, listGoalMs),
          times("1,000 services: modrs Weight", thousand.weightMs, weightGoalMs),
          {
            what: "reloads for it",
            measured: String(thousand.weightReloads),
            goal: "0",
            met: thousand.weightReloads === 0,
          },
        ]),
    ...(memory === undefined
      ? []
      : [
          {
            what: `1,000 services: memory of the unit's process ${memory.minutes} min after its start (the most on the way; HAProxy beside it)`,
            measured: `${memory.unitMb.toFixed(0)} MB (${memory.unitMostMb.toFixed(0)} MB; ${memory.haproxyMb.toFixed(0)} MB)`,
            goal: `< ${memoryGoalMb} MB`,
            met: memory.unitMb < memoryGoalMb,
          },
        ]),
  ];
}

function runRow(name: string, runs: readonly Run[]): string {
  const median = (of: (run: Run) => number): number => quantile(runs.map(of), 0.5);
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  return `| ${name} | ${Math.round(median((run) => run.perSecond))} | ${median((run) => run.p50Ms).toFixed(2)} | ${median((run) => run.p99Ms).toFixed(2)} | ${failed} |`;
}

function throughputTable(scheme: "http" | "https", pairs: readonly PairOfRuns[] | undefined): string {
  if (pairs === undefined) return "";
  return `### ${titles[scheme]}
| | requests/s | p50 ms | p99 ms | failed |
| --- | ---: | ---: | ---: | ---: |
${runRow(
  "the unit's service",
  pairs.map(({ ours }) => ours),
)}
${runRow(
  "plain HAProxy",
  pairs.map(({ plain }) => plain),
)}

`;
}

export type PageFacts = {
  readonly command: string;
  readonly machine: string;
  readonly commit: string;
  /** The file that was written by hand. */
  readonly plain: string;
};

export function pageOf(measured: Measured, { command, machine, commit, plain }: PageFacts): string {
  const { http, https, seconds } = measured;
  const load = wrkArguments("URL", seconds)
    .map((word) => (word.endsWith("wrk.lua") ? "bench/src/dataplane/wrk.lua" : word))
    .join(" ");
  return `# What a unit costs between client and server

\`${command}\`, on ${machine}; the code at ${commit}. Written by that command.

## Against the goals
${tableOf(figuresOf(measured))}

A ratio is that of two runs that came directly after each other, which of them first changes from pair to pair. The interval is that of two order statistics and asks nothing of the distribution. Above 1 the unit is better. Live: a TCP connection is accepted, or no longer.

## Throughput
Medians of the runs, each \`wrk ${load}\`. Load generator, HAProxy and the web server behind it (another HAProxy that answers 1 KiB by itself) share the machine's cores.

${throughputTable("http", http)}${throughputTable("https", https)}Both have the same two servers, schedule, check, limits of time and \`X-Forwarded-For\`. The file that was written by hand:

\`\`\`
${plain.trim()}
\`\`\`

## How changes come into force
A change is answered once HAProxy has read the new file (\`haproxy -c\`) and the unit has kept its document. Weights, limits, states, addresses and servers that come and go are then told to the worker at its runtime socket; for everything else it is reloaded, once for all changes that arrive within 100 ms. A file that does not load is taken back and stands among the unit's problems. Clients during changes: half of them with a new connection for each request, half with kept ones; a kept connection that is closed while nothing is under way is no failure.
`;
}
