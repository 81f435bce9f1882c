/** `npm run bench -- failover …`: see `usage`. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lockFile } from "@tandem/linux/file-lock";
import { type Figure, tableOf } from "../quantiles.ts";
import { Beds } from "./beds.ts";
import { type Contender, contenders, quickContenders } from "./contenders.ts";
import type { FalseTakeovers } from "./false-takeovers.ts";
import type { Block } from "./orders.ts";
import { figuresOf, type Measured, pageOf, pictureOf, tablesOf } from "./page.ts";
import { type EventName, events, keepRound, type Round, readRounds } from "./rounds.ts";

const usage = `npm run bench -- failover [--rounds N] [--file PATH] [--only NAME] [--beds N] [--hog-seconds S] [--page]
  --rounds N       rounds of each event; 30, and 200 of the orderly stop, unless given
  --file PATH      where rounds are kept; a second run goes on with it (/var/tmp/tandem-failover.jsonl)
  --only NAME      one contender
  --beds N         so many beds measure at the same time (3)
  --hog-seconds S  how long false take-overs are counted, of all quick contenders at once (600; 0 leaves them out)
  --page           writes docs/failover.md and docs/images/failover.svg
needs root, and the programs of: bin/setup.sh test
all of it, which is "npm run bench -- failover --page", takes about an hour and a half
`;

const roundsOrdinary = 30;
const roundsOfStop = 200;
const bedsOrdinary = 3;
/** A contender is set up once for so many rounds of each event, so that a run cut short has some of everybody. */
const blockRounds = 5;
/** The same of those events that are wanted more often than the others. */
const longBlockRounds = 20;
const actionRounds = 30;
const root = fileURLToPath(new URL("../../../", import.meta.url));

type Wanted = (event: EventName) => number;

function missingPrograms(): readonly string[] {
  const needed = ["ip", "bridge", "haproxy", "sysctl", ...contenders.map(({ program }) => program)];
  return [...new Set(needed)].filter(
    (program) => !program.includes("/") && spawnSync("which", [program]).status !== 0,
  );
}

const eventsOf = (contender: Contender): readonly EventName[] =>
  events.filter((event) => event !== "check fails" || contender.hasChecks);

/** What is still to be measured: some of every event by every contender first, then what is wanted more often. */
export function blocksOf(
  measuredOnes: readonly Contender[],
  wanted: Wanted,
  rounds: readonly Round[],
): readonly Block[] {
  const blocks: Block[] = [];
  const done = new Map<string, number>();
  for (const { contender, event } of rounds) {
    const key = `${contender}/${event}`;
    done.set(key, (done.get(key) ?? 0) + 1);
  }
  const plan = (most: (event: EventName) => number, atATime: number): void => {
    for (;;) {
      const before = blocks.length;
      for (const contender of measuredOnes) {
        const share = eventsOf(contender).flatMap((event) => {
          const key = `${contender.name}/${event}`;
          const have = done.get(key) ?? 0;
          const count = Math.min(atATime, most(event) - have);
          if (count <= 0) return [];
          done.set(key, have + count);
          return [{ event, count }];
        });
        if (share.length > 0) blocks.push({ contender: contender.name, rounds: share });
      }
      if (blocks.length === before) return;
    }
  };
  const least = Math.min(...events.map(wanted));
  plan(() => least, blockRounds);
  plan(wanted, longBlockRounds);
  return blocks;
}

/** What is not a round, kept beside them. */
type Rest = { readonly falseTakeovers: readonly FalseTakeovers[]; readonly actionMs: readonly number[] };
const restPath = (path: string): string => `${path}.rest.json`;
const readRest = (path: string): Rest =>
  existsSync(restPath(path))
    ? (JSON.parse(readFileSync(restPath(path), "utf8")) as Rest)
    : { falseTakeovers: [], actionMs: [] };

export async function benchFailover(args: readonly string[]): Promise<readonly Figure[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string" },
      file: { type: "string", default: "/var/tmp/tandem-failover.jsonl" },
      only: { type: "string" },
      beds: { type: "string", default: String(bedsOrdinary) },
      "hog-seconds": { type: "string", default: "600" },
      page: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const measuredOnes = contenders.filter(({ name }) => values.only === undefined || name === values.only);
  if (values.help || measuredOnes.length === 0) {
    const names = contenders.map(({ name }) => `"${name}"`).join(", ");
    process.stderr.write(`${usage}contenders: ${names}\n`);
    process.exit(values.help ? 0 : 2);
  }
  const missing = missingPrograms();
  if (process.getuid?.() !== 0 || missing.length > 0) {
    process.stderr.write(`this bench needs root${missing.map((each) => `, ${each}`).join("")}\n${usage}`);
    process.exit(2);
  }
  const lock = lockFile("/var/tmp/tandem-failover.lock");
  if (!lock) {
    process.stderr.write("another run of this bench is going on\n");
    process.exit(2);
  }
  const path = values.file;
  const wanted: Wanted = (event) =>
    values.rounds !== undefined
      ? Number(values.rounds)
      : event === "orderly stop"
        ? roundsOfStop
        : roundsOrdinary;
  const hogSeconds = Number(values["hog-seconds"]);
  const said = (line: string): void => void process.stderr.write(`${line}\n`);
  let beds: Beds | undefined;
  let isOver = false;
  const removeBeds = async (): Promise<void> => {
    await beds?.end();
    beds = undefined;
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      said(isOver ? "ends now" : "ends after the blocks that are under way; once more, and it ends now");
      if (isOver) void removeBeds();
      isOver = true;
      beds?.stop();
    });
  try {
    let rest = readRest(path);
    const keepRest = (more: Partial<Rest>): void => {
      rest = { ...rest, ...more };
      writeFileSync(restPath(path), JSON.stringify(rest), { mode: 0o600 });
    };
    const blocks = blocksOf(measuredOnes, wanted, readRounds(path));
    if (blocks.length > 0) {
      const commit = presentCommit();
      beds = await Beds.build(Number(values.beds), said);
      if (rest.actionMs.length === 0) keepRest({ actionMs: await beds.takeoverAction(actionRounds) });
      await beds.measure(blocks, (round) => {
        keepRound(path, { ...round, commit });
        process.stdout.write(
          `${round.contender}, ${round.event}: UDP ${round.udpMs.toFixed(1)} ms (${round.udpLost} lost), HTTP ${round.httpMs.toFixed(0)} ms; probe late p99 ${round.lateP99Ms.toFixed(1)} ms\n`,
        );
      });
      await removeBeds();
    }
    const uncounted = quickContenders.filter(
      (contender) =>
        measuredOnes.includes(contender) &&
        hogSeconds > (rest.falseTakeovers.find((each) => each.contender === contender.name)?.seconds ?? 0),
    );
    if (!isOver && uncounted.length > 0) {
      beds = await Beds.build(uncounted.length, said);
      const counted = await beds.falseTakeovers(uncounted, hogSeconds);
      const isOld = ({ contender }: FalseTakeovers): boolean =>
        !counted.some((each) => each.contender === contender);
      keepRest({ falseTakeovers: [...rest.falseTakeovers.filter(isOld), ...counted] });
    }
    const measured: Measured = { rounds: readRounds(path), ...rest };
    const figures = figuresOf(measured);
    process.stdout.write(`\n${tablesOf(measured)}\n`);
    if (values.page) writePage(measured, figures, args);
    return figures;
  } finally {
    await removeBeds();
    lock.release();
  }
}

const presentCommit = (): string =>
  execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { cwd: root, encoding: "utf8" }).trim();

function writePage(measured: Measured, figures: readonly Figure[], args: readonly string[]): void {
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  writeFileSync(`${root}docs/images/failover.svg`, pictureOf(measured));
  writeFileSync(
    `${root}docs/failover.md`,
    pageOf(measured, {
      command: `npm run bench -- failover ${args.join(" ")}`,
      machine,
      figures: tableOf(figures),
    }),
  );
}
