/** `npm run bench -- failover …`: see `usage`. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lockFile } from "@tandem/linux/file-lock";
import { type Figure, tableOf } from "../quantiles.ts";
import { buildBed, folder, namespaceOf, removeBed } from "./bed.ts";
import { type Contender, contenders, quickContenders } from "./contenders.ts";
import { countFalseTakeovers, type FalseTakeovers } from "./false-takeovers.ts";
import { figuresOf, type Measured, pageOf, pictureOf, tablesOf } from "./page.ts";
import { type EventName, events, keepRound, Pair, readRounds } from "./rounds.ts";

const usage = `npm run bench -- failover [--rounds N] [--file PATH] [--only NAME] [--hog-seconds S] [--page]
  --rounds N       rounds of each event; 30, and 200 of the orderly stop, unless given
  --file PATH      where rounds are kept; a second run goes on with it (/var/tmp/tandem-failover.jsonl)
  --only NAME      one contender
  --hog-seconds S  how long false take-overs are counted for each quick contender (600; 0 leaves them out)
  --page           writes docs/failover.md and docs/images/failover.svg
needs root, and the programs of: bin/setup.sh test
all of it, which is "npm run bench -- failover --page", takes about five hours
`;

const roundsOrdinary = 30;
const roundsOfStop = 200;
/** A contender is set up once for so many rounds of each event, so that a run cut short has some of everybody. */
const blockRounds = 5;
/** A contender that fails so often in a row is left alone. */
const failuresMax = 3;
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

async function block(
  contender: Contender,
  wanted: Wanted,
  path: string,
  deadline: () => boolean,
): Promise<boolean> {
  const done = (event: EventName): number =>
    readRounds(path).filter((round) => round.contender === contender.name && round.event === event).length;
  if (eventsOf(contender).every((event) => done(event) >= wanted(event))) return true;
  const pair = new Pair(contender);
  try {
    await pair.begin();
    for (const event of eventsOf(contender))
      for (let round = 0; round < blockRounds && done(event) < wanted(event) && !deadline(); round += 1) {
        const measured = await pair.round(event);
        keepRound(path, measured);
        process.stdout.write(
          `${contender.name}, ${event} ${done(event)}/${wanted(event)}: UDP ${measured.udpMs.toFixed(1)} ms (${measured.udpLost} lost), HTTP ${measured.httpMs.toFixed(0)} ms; probe late p99 ${measured.lateP99Ms.toFixed(1)} ms\n`,
        );
      }
    return eventsOf(contender).every((event) => done(event) >= wanted(event));
  } finally {
    await pair.end();
  }
}

async function allRounds(
  measuredOnes: readonly Contender[],
  wanted: Wanted,
  path: string,
  isOver: () => boolean,
): Promise<void> {
  const failures = new Map<Contender, number>();
  let open = [...measuredOnes];
  while (open.length > 0 && !isOver()) {
    const still: Contender[] = [];
    for (const contender of open) {
      if (isOver()) return;
      try {
        if (!(await block(contender, wanted, path, isOver))) still.push(contender);
        failures.set(contender, 0);
      } catch (error) {
        const count = (failures.get(contender) ?? 0) + 1;
        failures.set(contender, count);
        process.stderr.write(`${contender.name}: ${(error as Error).message}\n`);
        if (count < failuresMax) still.push(contender);
        else process.stderr.write(`${contender.name} is left alone after ${count} failures in a row\n`);
        await removeBed();
        await buildBed(writeInFolder);
      }
    }
    open = still;
  }
}

const writeInFolder = (name: string, text: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${folder}/${name}`, text, { mode: 0o600 });
};

function takeoverAction(): readonly number[] {
  const script = fileURLToPath(new URL("./takeover-action.ts", import.meta.url));
  const command = ["netns", "exec", namespaceOf("a"), process.execPath, script, String(actionRounds)];
  return JSON.parse(execFileSync("ip", command, { encoding: "utf8", timeout: 60_000 })) as number[];
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
  if (!contenders.some(({ hasChecks, name }) => hasChecks && name.startsWith("Tandem")))
    process.stdout.write("our carpd has no HA checks yet: that event is left out for it\n");

  let isOver = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      isOver = true;
      process.stdout.write("ends after this round\n");
    });
  await removeBed();
  // With nothing to be measured it is the figures of earlier runs that are wanted.
  const isMeasuring = values.rounds !== "0" || hogSeconds > 0;
  try {
    if (isMeasuring) await buildBed(writeInFolder);
    let rest = readRest(path);
    const keepRest = (more: Partial<Rest>): void => {
      rest = { ...rest, ...more };
      writeFileSync(restPath(path), JSON.stringify(rest), { mode: 0o600 });
    };
    if (isMeasuring && rest.actionMs.length === 0) keepRest({ actionMs: takeoverAction() });
    if (isMeasuring) await allRounds(measuredOnes, wanted, path, () => isOver);
    for (const contender of quickContenders) {
      const known = rest.falseTakeovers.find((each) => each.contender === contender.name);
      if (isOver || !measuredOnes.includes(contender) || hogSeconds <= (known?.seconds ?? 0)) continue;
      try {
        const counted = await countFalseTakeovers(contender, hogSeconds);
        process.stdout.write(
          `${contender.name}: ${counted.takeovers} take-overs in ${hogSeconds} s with four hogs\n`,
        );
        keepRest({ falseTakeovers: [...rest.falseTakeovers.filter((each) => each !== known), counted] });
      } catch (error) {
        process.stderr.write(`${contender.name} under hogs: ${(error as Error).message}\n`);
        await removeBed();
        await buildBed(writeInFolder);
      }
    }
    const measured: Measured = { rounds: readRounds(path), ...rest };
    const figures = figuresOf(measured);
    process.stdout.write(`\n${tablesOf(measured)}\n`);
    if (values.page) writePage(measured, figures, args);
    return figures;
  } finally {
    await removeBed();
    lock.release();
  }
}

function writePage(measured: Measured, figures: readonly Figure[], args: readonly string[]): void {
  const commit = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], {
    cwd: root,
    encoding: "utf8",
  }).trim();
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  writeFileSync(`${root}docs/images/failover.svg`, pictureOf(measured));
  writeFileSync(
    `${root}docs/failover.md`,
    pageOf(measured, {
      command: `npm run bench -- failover ${args.join(" ")}`,
      machine,
      commit,
      figures: tableOf(figures),
    }),
  );
}
