/** `npm run sim -- …`: see `usage`. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { carpPrinted, oneCarpSeed, runCarpSeeds } from "./carp/command.ts";
import { readCorpus } from "./corpus.ts";
import { licensingSeedsFrom } from "./day.ts";
import { clockText } from "./journal.ts";
import { runSeeds } from "./many-seeds.ts";
import { carpSuite, centralSuite, failsUnpatched, findPlanted, rememberSeeds } from "./planted.ts";
import { logPage, printed } from "./report.ts";
import { Run } from "./run.ts";

const usage = `npm run sim -- --seeds N [--from N] [--jobs N] [--log FILE]   run N seeds; exit 1 at a failure
npm run sim -- --licences --seeds N …                         the same, of days on which LoadMasters are licensed and little else
npm run sim -- --seconds N [--from N] [--jobs N]              as many seeds as fit into N seconds
npm run sim -- --planted                                      finds each planted bug within 500 seeds
npm run sim -- --corpus                                       the seeds that failed once
npm run sim -- --seed N [--story] [--trace]                   one seed; what happened in sentences; its trace's hash
npm run sim -- --carp …                                       the LoadMaster pair's CARP instead of Central's pair, with
                                                              --seeds, --seconds, --planted, --seed as above`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seconds: { type: "string" },
    from: { type: "string", default: "1" },
    jobs: { type: "string" },
    log: { type: "string" },
    planted: { type: "boolean", default: false },
    "remember-seeds": { type: "boolean", default: false },
    failures: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
    corpus: { type: "boolean", default: false },
    carp: { type: "boolean", default: false },
    licences: { type: "boolean", default: false },
    seed: { type: "string" },
    story: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const progressMs = 60_000;

async function one(seed: number): Promise<boolean> {
  const run = new Run(seed, { story: values.story, trace: values.trace });
  const outcome = await run.execute();
  for (const { at, who, text } of run.journal.lines ?? []) console.log(`${clockText(at)} ${who}: ${text}`);
  if (values.trace) console.log(`trace ${outcome.trace}`);
  const { failure } = outcome;
  console.log(
    `seed ${seed}: ${outcome.hours.toFixed(1)} h, ${outcome.edits.join(" + ")} edits, ${outcome.faults.join(" + ")} faults, ${
      failure === null ? "nothing wrong" : `${failure.checker}: ${failure.message}`
    }`,
  );
  return failure === null;
}

/** For `--planted`, which runs this program on patched code. */
function asJson(
  tried: number,
  failures: readonly { seed: number; failure: { checker: string; message: string } }[],
): boolean {
  const [first] = failures;
  const { checker, message } = first?.failure ?? { checker: "", message: "" };
  console.log(JSON.stringify({ seed: first?.seed ?? null, checker, message, tried }));
  return failures.length === 0;
}

async function carp(next: () => number | undefined): Promise<boolean> {
  const total = await runCarpSeeds(next, Number(values.failures));
  if (values.json) return asJson(total.seeds, total.failures);
  console.log(carpPrinted(total));
  return total.failures.length === 0;
}

async function many(next: () => number | undefined): Promise<boolean> {
  const jobs = Number(values.jobs ?? availableParallelism());
  let toldAt = Date.now();
  let failuresTold = 0;
  // A run that is interrupted says what it came to up to then.
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      isInterrupted = true;
    });
  const total = await runSeeds({
    next: () => (isInterrupted ? undefined : next()),
    jobs,
    failuresMax: Number(values.failures),
    each: ({ seeds, failures }) => {
      const latest = failures.slice(failuresTold);
      failuresTold = failures.length;
      if (!values.json)
        for (const { seed, failure } of latest)
          console.log(`seed ${seed}: ${failure.checker}: ${failure.message}`);
      if (values.json || Date.now() - toldAt < progressMs) return;
      toldAt = Date.now();
      console.log(`${seeds} seeds, ${failures.length} failures`);
    },
  });
  if (values.json) return asJson(total.seeds, total.failures);
  console.log(printed(total));
  if (values.log !== undefined) {
    const commit = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { encoding: "utf8" }).trim();
    const asked = [
      ...(values.seeds === undefined ? [] : [`--seeds ${values.seeds}`]),
      ...(values.seconds === undefined ? [] : [`--seconds ${values.seconds}`]),
      ...(values.licences ? ["--licences"] : []),
      `--from ${values.from} --jobs ${jobs}`,
    ];
    const command = `npm run sim -- ${asked.join(" ")}`;
    writeFileSync(values.log, logPage(total, { commit, command, isInterrupted, findings: readCorpus() }));
  }
  return total.failures.length === 0;
}

async function planted(): Promise<boolean> {
  const jobs = Number(values.jobs ?? availableParallelism());
  const suite = values.carp ? carpSuite : centralSuite;
  const found = findPlanted(suite, jobs, ({ bug, seed, checker, message, tried }) =>
    console.log(
      seed === null
        ? `${bug}: NOT FOUND in ${tried} seeds`
        : `${bug}: seed ${seed}, by "${checker}": ${message.slice(0, 160)}`,
    ),
  );
  if (values["remember-seeds"]) rememberSeeds(suite, found);
  const unpatched = await failsUnpatched(suite, found, jobs);
  console.log(unpatched === "" ? "the unpatched code passes the same seeds" : unpatched);
  return unpatched === "" && found.every(({ seed }) => seed !== null);
}

async function main(): Promise<boolean> {
  if (values.planted) return planted();
  if (values.seed !== undefined)
    return values.carp ? oneCarpSeed(Number(values.seed), values) : one(Number(values.seed));
  if (values.corpus) {
    const seeds = readCorpus().map(({ seed }) => seed);
    return many(() => seeds.shift());
  }
  const run = values.carp ? carp : many;
  let seed = Number(values.from) + (values.licences ? licensingSeedsFrom : 0);
  if (values.seeds !== undefined) {
    const end = seed + Number(values.seeds);
    return run(() => (seed < end ? seed++ : undefined));
  }
  if (values.seconds !== undefined) {
    const until = Date.now() + Number(values.seconds) * 1_000;
    return run(() => (Date.now() < until ? seed++ : undefined));
  }
  console.log(usage);
  return values.help;
}

process.exitCode = (await main()) ? 0 : 1;
