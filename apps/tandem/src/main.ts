/**
 * The one executable. Each command is loaded only when it is asked for: what one of them lacks on this machine
 * does not keep the others from running.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { nodeVersionFault } from "./node-version.ts";
import { usage } from "./usage.ts";

/** The command line cannot be obeyed. */
const exitUsage = 2;

function complain(message: string): void {
  process.stderr.write(`tandem: ${message}\n`);
}

/** The file that `--config` names; undefined after complaining when the rest of the command line is anything else. */
function configurationPath(command: string, argv: readonly string[]): string | undefined {
  let path: string | undefined;
  try {
    path = parseArgs({ args: [...argv], options: { config: { type: "string" } } }).values.config;
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return undefined;
  }
  if (path === undefined) complain(`${command} needs a configuration file: tandem ${command} --config FILE`);
  return path;
}

/** Runs a process that stays until it is told to stop. The exit code is its own to set from then on. */
async function serve(
  command: string,
  argv: readonly string[],
  load: () => Promise<(configPath: string) => Promise<void>>,
): Promise<number | undefined> {
  const path = configurationPath(command, argv);
  if (path === undefined) return exitUsage;
  const runProcess = await load();
  await runProcess(path);
  return undefined;
}

/** Obeys a command line; answers the exit code, or undefined while a process goes on serving. */
async function obey(argv: readonly string[]): Promise<number | undefined> {
  const [command, ...rest] = argv;
  switch (command) {
    case "central":
      if (rest[0] === "recover") {
        const path = configurationPath("central recover", rest.slice(1));
        if (path === undefined) return exitUsage;
        await (await import("@tandem/central/main")).recoverCentral(path);
        return 0;
      }
      return serve(command, rest, async () => (await import("@tandem/central/main")).runCentral);
    case "loadmaster":
      return serve(command, rest, async () => (await import("@tandem/loadmaster/main")).runLoadMaster);
    case "carpd":
      return serve(command, rest, async () => (await import("@tandem/loadmaster/carpd")).runCarpd);
    case "lab":
      return (await import("@tandem/lab/cli")).runLab(rest);
    case "probe":
      return (await import("./probe/main.ts")).runProbe(rest);
    case "license":
      return (await import("./license/main.ts")).runLicense(rest);
    case "pair":
      return (await import("./pair/main.ts")).runPair(rest);
    case "unit":
      return (await import("./unit/main.ts")).runUnit(rest);
    case "ctl":
      return (await import("./ctl/main.ts")).runCtl(rest);
    case "--version":
    case "-v":
      process.stdout.write(`${version()}\n`);
      return 0;
    case "--help":
    case "-h":
    case "help":
      process.stdout.write(usage);
      return 0;
    case undefined:
      process.stderr.write(usage);
      return exitUsage;
    default:
      complain(`there is no command "${command}"; see tandem --help`);
      return exitUsage;
  }
}

const version = (): string =>
  String(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version);

const fault = nodeVersionFault(process.versions.node);
if (fault !== undefined) {
  complain(fault);
  process.exitCode = 1;
} else {
  try {
    const code = await obey(process.argv.slice(2));
    if (code !== undefined) process.exitCode = code;
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    // An error that no new start can mend brings its own.
    process.exitCode = (error as { exitCode?: number }).exitCode ?? 1;
  }
}
