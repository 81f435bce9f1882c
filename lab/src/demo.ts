/**
 * `bin/demo`: starts a lab, tells the story, then stays up until Ctrl-C. With `--once` it tells the story
 * unattended, prints what was measured, and takes everything down.
 */
import { parseArgs } from "node:util";
import { down, LabIsUp, leftovers, up } from "./lab.ts";
import { figureTable, printingNarrator } from "./narrator.ts";
import { centralUser, loadMasterUser } from "./operator.ts";
import { readState, stateFolderOf } from "./state.ts";
import { StepFailed, tellStory } from "./story.ts";
import type { World } from "./story-world.ts";
import { closeWorld, haTimeoutSeconds, heartbeatSeconds, holdDownSeconds, newWorld } from "./story-world.ts";
import {
  addressOf,
  centralNodes,
  labNetwork,
  loadMasterNodes,
  parseLabName,
  sharedAddress,
} from "./topology.ts";

export const demoUsage = `Usage: bin/demo [--once] [--name NAME]

Starts two Centrals, two LoadMasters, three web servers and a client in network
namespaces of this machine, and tells a story with them: pairing, traffic, failover,
take-over, and a cut that heals. Needs root on Debian 12.

  --once         unattended: exit 0 only if every step held; leave nothing behind
  --name NAME    the lab's name (default: demo)
  --help         this text

Without --once everything stays up until Ctrl-C.
`;

const exitUsage = 2;
/** What a shell reports for a program that ended by SIGINT. */
const exitInterrupted = 130;
const keepAliveMs = 60_000;

const say = (text: string): void => {
  process.stdout.write(text);
};

/** What happens at the first SIGINT or SIGTERM; neither ends the process by itself. */
function interruption(): { readonly happens: Promise<void>; readonly signal: AbortSignal } {
  const controller = new AbortController();
  const happens = new Promise<void>((resolve) => {
    controller.signal.addEventListener("abort", () => resolve());
  });
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => controller.abort());
  // Waiting for a signal alone would not keep the process.
  setInterval(() => {}, keepAliveMs);
  return { happens, signal: controller.signal };
}

/** Runs the demo; answers the exit code. */
export async function runDemo(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (typeof options === "number") return options;
  const { lab, once } = options;
  const { happens, signal } = interruption();
  const began = performance.now();
  const world = newWorld(lab, printingNarrator(say));
  let failure: unknown;
  try {
    say(opening(lab));
    await up(lab, { owned: true, signal });
    // Whichever comes first: the story's end, or somebody who wants it to end.
    await Promise.race([happens, tellStory(world)]);
  } catch (error) {
    failure = error;
  }
  if (failure instanceof LabIsUp) {
    process.stderr.write(`demo: ${failure.message}\n`);
    return exitUsage;
  }
  if (world.figures.length > 0) say(`${measuredHeading}${figureTable(world.figures)}`);
  if (failure !== undefined && !signal.aborted) {
    process.stderr.write(`\ndemo: ${failure instanceof Error ? failure.message : String(failure)}\n`);
    if (!(failure instanceof StepFailed) && failure instanceof Error)
      process.stderr.write(`${failure.stack}\n`);
    closeWorld(world);
    await down(lab, { keepLogs: true });
    process.stderr.write(`demo: the logs are in ${stateFolderOf(lab)}/logs\n`);
    return 1;
  }
  if (!signal.aborted) {
    say(`\nThe story held, in ${Math.round((performance.now() - began) / 1_000)} s.\n`);
    if (!once) {
      say(doors(world));
      await happens;
    }
  }
  closeWorld(world);
  say("\nTaking the lab down.\n");
  await down(lab);
  const left = await leftovers(lab);
  if (left.length > 0) {
    process.stderr.write(`demo: left behind: ${left.join(", ")}\n`);
    return 1;
  }
  return once && signal.aborted ? exitInterrupted : 0;
}

function parseOptions(argv: readonly string[]): number | { readonly lab: string; readonly once: boolean } {
  const complain = (message: string): number => {
    process.stderr.write(`demo: ${message}\n`);
    return exitUsage;
  };
  let values: { name: string; once: boolean; help: boolean };
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: "boolean", default: false },
        name: { type: "string", default: "demo" },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
  if (values.help) {
    say(demoUsage);
    return 0;
  }
  const name = parseLabName(values.name);
  if (!name.ok) return complain(`${name.error.message}; ${name.error.remedy}`);
  if (process.getuid?.() !== 0) return complain("network namespaces need root; run this as root");
  return { lab: name.value, once: values.once };
}

const opening = (lab: string): string => `
Tandem: load balancers that pair up, and a fleet manager that is itself a pair.

The lab "${lab}" is on this machine alone, in network namespaces on ${labNetwork}:
  Centrals     ${centralNodes.map((node) => `${node} ${addressOf[node]}`).join("   ")}
  LoadMasters  ${loadMasterNodes.map((node) => `${node} ${addressOf[node]}`).join("        ")}   shared ${sharedAddress}
  and three web servers, and a client that asks for a page every 10 ms.

To keep the story short it uses a heartbeat of ${heartbeatSeconds} s, a hold-down of ${holdDownSeconds} s and an HA timeout of ${haTimeoutSeconds} s.
The defaults are 30 s, 60 s and 9 s.
`;

const measuredHeading = `
Measured on this machine, with everything on it at once. An outage is the longest time between the
starts of two requests that succeeded one after the other; the client begins one every 10 ms.

`;

/** Where everything can be looked at, and how to get in. */
function doors(world: World): string {
  const forwards = readState(world.lab)?.forwards ?? [];
  const portOf = (name: string): string =>
    String(forwards.find((forward) => forward.name === name)?.hostPort ?? "?");
  const lines = [
    "Everything stays up until Ctrl-C. Open in this machine's browser (the certificates are the units' own):",
    "",
    ...[...world.centrals.values()].map(
      ({ node, password }) =>
        `  ${node}   https://${node}.localhost:${portOf(node)}/   user ${centralUser}, first-run password ${password}`,
    ),
    `  service    http://127.0.0.1:${portOf("service")}/`,
    "",
    "LoadMaster API (POST /accessv2):",
    "",
    ...[...world.loadMasters.values()].map(
      ({ node, password }) =>
        `  ${node}        https://127.0.0.1:${portOf(node)}/   user ${loadMasterUser}, first-run password ${password}`,
    ),
    `  shared     https://127.0.0.1:${portOf("loadmaster")}/   the active unit, with that one's password`,
    "",
    `All ports are on 127.0.0.1. How it stands: bin/tandem lab status --name ${world.lab}`,
  ];
  return `\n${lines.join("\n")}\n`;
}

if (import.meta.main) process.exit(await runDemo(process.argv.slice(2)));
