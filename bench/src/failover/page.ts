/** What was measured, as figures with their goals, and as a page of the documentation. */
import { type Figure, milliseconds, quantile } from "../quantiles.ts";
import { type Contender, contenders, keepalivedSlow, oursFast, oursSlow } from "./contenders.ts";
import type { FalseTakeovers } from "./false-takeovers.ts";
import { histogramOf } from "./histogram.ts";
import { type EventName, events, type Round } from "./rounds.ts";

/** Fewer rounds give no 99th percentile. */
const roundsForP99 = 200;
const stopP99GoalMs = 25;

export type Measured = {
  readonly rounds: readonly Round[];
  readonly falseTakeovers: readonly FalseTakeovers[];
  readonly actionMs: readonly number[];
};

const of = ({ rounds }: Measured, contender: Contender, event: EventName): readonly Round[] =>
  rounds.filter((round) => round.contender === contender.name && round.event === event);

const udp = (rounds: readonly Round[]): readonly number[] => rounds.map((round) => round.udpMs);

function goal(
  what: string,
  samples: readonly number[],
  share: number,
  atMostMs: number,
  more = "",
): readonly Figure[] {
  if (samples.length === 0) return [];
  const measured = quantile(samples, share);
  return [
    {
      what: `${what} (${samples.length} rounds)`,
      measured: milliseconds(measured),
      goal: `≤ ${milliseconds(atMostMs)}${more}`,
      met: measured <= atMostMs,
    },
  ];
}

/** The goals, as far as there are rounds that say something about them. */
export function figuresOf(measured: Measured): readonly Figure[] {
  const theirs = udp(of(measured, keepalivedSlow, "machine death"));
  const most = (samples: readonly number[]): number => Math.max(...samples);
  const stops = udp(of(measured, oursSlow, "orderly stop"));
  const fast = udp(of(measured, oursFast, "machine death"));
  return [
    ...goal("orderly stop, median", stops, 0.5, 5),
    ...(stops.length < roundsForP99 ? [] : goal("orderly stop, p99", stops, 0.99, stopP99GoalMs)),
    ...goal("HA check fails, median", udp(of(measured, oursSlow, "check fails")), 0.5, 20),
    ...(theirs.length === 0
      ? []
      : goal(
          "machine death, timeout 3 s, median",
          udp(of(measured, oursSlow, "machine death")),
          0.5,
          quantile(theirs, 0.5),
          ", keepalived v2 1 s",
        )),
    ...(fast.length === 0
      ? []
      : [
          {
            what: `machine death, fast mode, median and most (${fast.length} rounds)`,
            measured: `${milliseconds(quantile(fast, 0.5))}, ${milliseconds(most(fast))}`,
            goal: "≤ 240 ms",
            met: quantile(fast, 0.5) <= 240,
          },
        ]),
    ...goal("heal after a split, median", udp(of(measured, oursSlow, "heal")), 0.5, 10),
    ...(measured.actionMs.length === 0
      ? []
      : goal("takeover action with 50 addresses, median", measured.actionMs, 0.5, 5)),
    ...measured.falseTakeovers
      .filter(({ contender }) => contender === oursFast.name)
      .map(({ seconds, takeovers }) => ({
        what: `false take-overs in ${seconds} s with four CPU hogs, fast mode`,
        measured: String(takeovers),
        goal: "0",
        met: takeovers === 0,
      })),
  ];
}

const ms = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

function rowsOf(measured: Measured, event: EventName): readonly string[] {
  return contenders.flatMap((contender) => {
    const rounds = of(measured, contender, event);
    if (rounds.length === 0) return [];
    const cells = (samples: readonly number[]): string =>
      [
        quantile(samples, 0),
        quantile(samples, 0.5),
        quantile(samples, 0.9),
        ...(samples.length >= roundsForP99 ? [quantile(samples, 0.99)] : [Number.NaN]),
        Math.max(...samples),
      ]
        .map((value) => (Number.isNaN(value) ? "–" : ms(value)))
        .join(" | ");
    return [
      `| ${contender.name} | ${rounds.length} | ${cells(udp(rounds))} | ${lostIn(rounds)} | ${cells(rounds.map(({ httpMs }) => httpMs))} | ${ms(quantile(lateIn(rounds), 0.5))} |`,
    ];
  });
}

const lateIn = (rounds: readonly Round[]): readonly number[] => rounds.map(({ lateMaxMs }) => lateMaxMs);

function lostIn(rounds: readonly Round[]): string {
  const lost = rounds.map(({ udpLost }) => udpLost);
  return [quantile(lost, 0.5), Math.max(...lost)].join(" | ");
}

const titles: { readonly [event in EventName]: string } = {
  "orderly stop": "Orderly stop of the active (SIGTERM)",
  "check fails": "HA check fails: another interface of the active loses its carrier",
  "machine death": "The active machine dies: no word, cables silent, everything killed",
  heal: "Heal after a split: what it costs beyond the split itself",
};

export function tablesOf(measured: Measured): string {
  return events
    .flatMap((event) => {
      const rows = rowsOf(measured, event);
      if (rows.length === 0) return [];
      return [
        `### ${titles[event]}`,
        "| | rounds | UDP min | median | p90 | p99 | max | lost, median | max | HTTP min | median | p90 | p99 | max | prober late, median |",
        `| --- |${" ---: |".repeat(14)}`,
        ...rows,
        "",
      ];
    })
    .join("\n");
}

export const pictureOf = (measured: Measured): string =>
  histogramOf(
    events.flatMap((event) => {
      const rows = contenders.flatMap((contender) => {
        const samples = udp(of(measured, contender, event));
        return samples.length === 0
          ? []
          : [{ name: contender.name, samples, isOurs: contender === oursSlow || contender === oursFast }];
      });
      return rows.length === 0 ? [] : [{ title: titles[event], rows }];
    }),
  );

/** Fewer rounds of an event say little about its distribution. */
const roundsForDistribution = 30;
const firstLook = "\n**Fewer than 30 rounds of some events: of those a first look, and no distribution.**\n";
const isFirstLook = (measured: Measured): boolean =>
  contenders.some((contender) =>
    events.some((event) => {
      const { length } = of(measured, contender, event);
      return length > 0 && length < roundsForDistribution;
    }),
  );

const commitsOf = (rounds: readonly Round[]): string =>
  [...new Set(rounds.map(({ commit }) => commit ?? "a commit that was not kept"))].join(", ");

/** What the slowest rounds have lost says what of their time was the pair's, and what the prober's own. */
function overTheGoal(measured: Measured): string {
  const over = of(measured, oursSlow, "orderly stop")
    .filter(({ udpMs }) => udpMs > stopP99GoalMs)
    .sort((a, b) => b.udpMs - a.udpMs);
  if (over.length === 0) return "";
  const rows = over.map(
    ({ udpMs, udpLost, lateMaxMs, httpMs }) =>
      `| ${ms(udpMs)} | ${udpLost} | ${ms(lateMaxMs)} | ${ms(httpMs)} |`,
  );
  return `
### Orderly stops above ${stopP99GoalMs} ms
Of ${oursSlow.name}. A datagram leaves each millisecond: those that were lost say how long the service was away while the prober was awake, and its own greatest lateness how long it was not.

| UDP ms | datagrams lost | prober late by, ms | HTTP ms |
| ---: | ---: | ---: | ---: |
${rows.join("\n")}
`;
}

export function pageOf(
  measured: Measured,
  run: {
    readonly command: string;
    readonly machine: string;
    readonly figures: string;
  },
): string {
  const { rounds } = measured;
  const quiet = rounds.map(({ quietMs }) => quietMs);
  const late = rounds.map(({ lateP99Ms }) => lateP99Ms);
  const falseRows = measured.falseTakeovers.map(
    ({ contender, seconds, takeovers }) => `| ${contender} | ${seconds} | ${takeovers} |`,
  );
  return `# How long a failover takes

\`${run.command}\`, on ${run.machine}; ${rounds.length} rounds in all, of the code at ${commitsOf(rounds)}. Written by that command, with the picture; it goes on where it was cut short.
${isFirstLook(measured) ? firstLook : ""}
![Distribution of the outages](images/failover.svg)

## Against the goals
${run.figures}

A goal is for the UDP probe. "Machine death, timeout 3 s" has no other goal than keepalived's median in the same run.
${overTheGoal(measured)}
## All of them
Milliseconds without service. UDP: a datagram each millisecond through the shared address and back; the longest time between two that came back, less the millisecond. HTTP: a new connection each 10 ms through HAProxy behind the shared address; the same, less the 10 ms. Lost: datagrams of the UDP probe, one a millisecond while it is awake. Prober late: the greatest lateness of its own timer in a round, which is part of the UDP figure where it falls into the outage.

${tablesOf(measured)}
## How far to trust it
- The bed: network namespaces on one machine. Two units with two interfaces each, a client, a web server, two bridges. Every contender has the same, with the same HAProxy and echo behind the address, and is set not to take the role back; the unit that is active is the one that fails.
- An event comes at a random moment of the interval between two advertisements. Death: the switch's port goes down, then everything in the unit's namespace is killed. Check: the other interface's port goes down (keepalived: \`track_interface\`; ucarp has none). Split: both units' ports are isolated from each other, so that the client hears both; only what comes after the heal is counted.
- The probe's own error: in the half second before an event its longest gap was ${ms(quantile(quiet, 0.5))} ms in the median and ${ms(quantile(quiet, 0.99))} ms at the 99th percentile; its timer was late by ${ms(quantile(late, 0.5))} ms (99th percentile of a round, median of the rounds).
- Three beds at a time unless another number was asked for, each in a session whose priority is raised (autogroup -20), so that other work on the machine is hardly seen; contenders, services and probes alike.
- ${contenders.map(({ name, setting }) => `${name}: ${setting}`).join("; ")}.
${
  falseRows.length === 0
    ? ""
    : `
## Take-overs without a reason
Nothing happens but four processes that want all of the processor; all contenders at the same time.

| | seconds | take-overs |
| --- | ---: | ---: |
${falseRows.join("\n")}
`
}`;
}
