/**
 * The test of the tests: each patch of `sim/planted` puts one bug into the production code, and the seeds must find it.
 * The patched code is a copy of the tree in a directory of its own. A seed that is known to find a bug is tried
 * first (`seeds.json`); that it means something is shown by the unpatched code, which passes the same seeds.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { carpPrinted, runCarpSeeds } from "./carp/command.ts";
import { runSeeds } from "./many-seeds.ts";
import { printed } from "./report.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const seedsMax = 500;

/** Bugs of one simulator: where its patches lie, and how it is run. */
export type Suite = { readonly directory: string; readonly flags: readonly string[] };
export const centralSuite: Suite = { directory: join(root, "sim/planted"), flags: [] };
export const carpSuite: Suite = { directory: join(root, "sim/planted/carp"), flags: ["--carp"] };

const knownSeedsOf = ({ directory }: Suite): string => join(directory, "seeds.json");

export type Found = {
  readonly bug: string;
  readonly seed: number | null;
  readonly checker: string;
  readonly message: string;
  readonly tried: number;
};

const plantedBugs = ({ directory }: Suite): readonly string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith(".patch"))
    .sort();

/** A copy of what a run needs; packages from outside are linked to. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "tandem-planted-"));
  const isOurs = (source: string): boolean =>
    !source.includes("node_modules") && !source.endsWith(".test.ts");
  for (const part of ["packages", "sim", "apps/central"])
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: isOurs });
  cpSync(join(root, "package.json"), join(copy, "package.json"));
  const modules = join(copy, "node_modules");
  mkdirSync(join(modules, "@tandem"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")))
    if (name !== "@tandem") symlinkSync(join(root, "node_modules", name), join(modules, name));
  for (const name of readdirSync(join(copy, "packages")))
    symlinkSync(join(copy, "packages", name), join(modules, "@tandem", name));
  symlinkSync(join(copy, "apps/central"), join(modules, "@tandem/central"));
  symlinkSync(join(copy, "sim"), join(modules, "@tandem/sim"));
  return copy;
}

function patch(copy: string, file: string, ...flags: readonly string[]): void {
  const applied = spawnSync("git", ["apply", "-C1", "--recount", ...flags, file], {
    cwd: copy,
    encoding: "utf8",
  });
  if (applied.status !== 0) throw new Error(`${file} does not apply: ${applied.stderr}`);
}

const readKnown = (suite: Suite): { [bug: string]: number } =>
  JSON.parse(readFileSync(knownSeedsOf(suite), "utf8")) as { [bug: string]: number };

/** Seeds for one bug: the one that is known to find it, then the first so many. */
const firstFailure = (
  copy: string,
  known: number | undefined,
  more: readonly string[],
): Omit<Found, "bug"> => {
  const flags = ["--failures", "1", "--json", ...more];
  const attempt = (more: readonly string[]): Omit<Found, "bug"> => {
    const run = spawnSync(process.execPath, [join(copy, "sim/src/main.ts"), ...more, ...flags], {
      cwd: copy,
      encoding: "utf8",
    });
    try {
      return JSON.parse(run.stdout) as Omit<Found, "bug">;
    } catch {
      throw new Error(`a planted bug ended the simulator itself: ${run.stdout}${run.stderr}`);
    }
  };
  if (known !== undefined) {
    const found = attempt(["--from", String(known), "--seeds", "1"]);
    if (found.seed !== null) return found;
  }
  return attempt(["--seeds", String(seedsMax)]);
};

export function findPlanted(suite: Suite, jobs: number, each: (found: Found) => void): readonly Found[] {
  const copy = copyTree();
  const known = readKnown(suite);
  const flags = [...suite.flags, "--jobs", String(jobs)];
  try {
    return plantedBugs(suite).map((bug) => {
      const file = join(suite.directory, bug);
      patch(copy, file);
      const found = { bug, ...firstFailure(copy, known[bug], flags) };
      patch(copy, file, "--reverse");
      each(found);
      return found;
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

export function rememberSeeds(suite: Suite, found: readonly Found[]): void {
  const seeds = Object.fromEntries(found.flatMap(({ bug, seed }) => (seed === null ? [] : [[bug, seed]])));
  writeFileSync(knownSeedsOf(suite), `${JSON.stringify(seeds, null, 2)}\n`);
}

/** What fails when the unpatched code runs the seeds that found the bugs; empty when nothing does. */
export async function failsUnpatched(suite: Suite, found: readonly Found[], jobs: number): Promise<string> {
  const seeds = [...new Set(found.flatMap(({ seed }) => (seed === null ? [] : [seed])))];
  if (suite === carpSuite) {
    const total = await runCarpSeeds(() => seeds.shift(), 1);
    return total.failures.length === 0 ? "" : carpPrinted(total);
  }
  const total = await runSeeds({ next: () => seeds.shift(), jobs, failuresMax: 1 });
  return total.failures.length === 0 ? "" : printed(total);
}
