/** `tandem lab …`: the command line of the lab. */
import { parseArgs } from "node:util";
import { DrillRefused, drill, drillDefaults, drillRoundsMax } from "./drill.ts";
import { drillText, isWithinBudget } from "./drill-report.ts";
import {
  FaultRefused,
  freeze,
  heal,
  killMachine,
  killProcess,
  partition,
  start,
  stop,
  thaw,
} from "./faults.ts";
import type { LabStatus } from "./lab.ts";
import { down, LabIsUp, status, up } from "./lab.ts";
import { LabStateUnreadable, NoSuchLab, readState } from "./state.ts";
import type { FaultyNode } from "./topology.ts";
import { faultyNodes, labNetwork, parseFaultyNode, parseLabName, sharedAddress } from "./topology.ts";

export const labUsage = `Usage: tandem lab COMMAND [--name NAME]

A lab is two Centrals, two LoadMasters, three web servers and a client on one switch,
in network namespaces of this machine (${labNetwork}, shared address ${sharedAddress}). It needs root.

Commands
  up                       build the lab and start everything
  status                   how the machines, the network and the client stand
  kill NODE                the machine dies: cable and processes at once
  kill NODE --process      its main process alone is killed (SIGKILL)
  stop NODE                orderly shutdown (SIGTERM)
  start NODE               boot a machine that was killed or stopped, or start its process
  freeze NODE              every process stands still, connections stay open
  thaw NODE                a frozen machine goes on
  partition NODE NODE...   these machines no longer reach each other, but everybody else
  heal                     the network is whole again
  drill                    moves the role of the LoadMaster pair while the client asks, and reports the
                           outage, lost requests and resets, beside the drills before; units that are
                           no pair yet become one; exit status 1 when over the budget
  down                     remove the lab and all it wrote

Nodes: ${faultyNodes.join(" ")}

Options
  --name NAME              which lab (default: lab)
  --and-back               of drill: moves it back as well, or waits until a preferred host has taken it back
  --rounds N               of drill: how often (default: ${drillDefaults.rounds}, at most ${drillRoundsMax})
  --budget MS              of drill: the longest outage of a move that is accepted (default: ${drillDefaults.budgetMs})
  --lost-budget N          of drill: how many requests a move may cost, resets among them (default: not judged)
  --json                   of drill: one JSON object
  --help                   this text
`;

/** A command line that cannot be obeyed; its message is for the operator. */
class UsageError extends Error {
  override name = "UsageError";
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        name: { type: "string", default: "lab" },
        process: { type: "boolean", default: false },
        budget: { type: "string", default: String(drillDefaults.budgetMs) },
        "lost-budget": { type: "string" },
        "and-back": { type: "boolean", default: false },
        rounds: { type: "string", default: String(drillDefaults.rounds) },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const nodeFrom = (text: string | undefined, command: string): FaultyNode => {
  if (text === undefined)
    throw new UsageError(`${command} needs a machine; name one of ${faultyNodes.join(", ")}`);
  const node = parseFaultyNode("NODE", text);
  if (!node.ok) throw new UsageError(`${node.error.message}; ${node.error.remedy}`);
  return node.value;
};

const numberFrom = (option: string, text: string, min: number, max: number): number => {
  const value = Number(text);
  if (text.trim() === "" || !(value >= min && value <= max))
    throw new UsageError(`--${option} ${text} is not a number from ${min} to ${max}`);
  return value;
};

const wholeFrom = (option: string, text: string, min: number, max: number): number => {
  const value = numberFrom(option, text, min, max);
  if (!Number.isInteger(value)) throw new UsageError(`--${option} ${text} is not a whole number`);
  return value;
};

/** Obeys one command line (without `tandem lab`); answers the exit code. */
export async function runLab(argv: readonly string[]): Promise<number> {
  try {
    return await obey(argv);
  } catch (error) {
    if (
      error instanceof UsageError ||
      error instanceof DrillRefused ||
      error instanceof FaultRefused ||
      error instanceof LabIsUp ||
      error instanceof LabStateUnreadable ||
      error instanceof NoSuchLab
    ) {
      process.stderr.write(`tandem lab: ${error.message}\n`);
      return 2;
    }
    process.stderr.write(`tandem lab: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function obey(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  const [command, ...operands] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(labUsage);
    return values.help ? 0 : 2;
  }
  const name = parseLabName(values.name);
  if (!name.ok) throw new UsageError(`${name.error.message}; ${name.error.remedy}`);
  const lab = name.value;
  if (process.getuid?.() !== 0) throw new UsageError("network namespaces need root; run this as root");
  const [first] = operands;
  if (command !== "up" && command !== "down" && !readState(lab)) throw new NoSuchLab(lab);
  switch (command) {
    case "up":
      await up(lab);
      return printStatus(lab);
    case "status":
      return printStatus(lab);
    case "kill": {
      const node = nodeFrom(first, command);
      await (values.process ? killProcess : killMachine)(lab, node);
      return 0;
    }
    case "stop": {
      const node = nodeFrom(first, command);
      const { killed } = await stop(lab, node);
      if (killed > 0) process.stderr.write(`${killed} processes on ${node} had to be killed\n`);
      return killed > 0 ? 1 : 0;
    }
    case "start":
      await start(lab, nodeFrom(first, command));
      return 0;
    case "freeze":
      await freeze(lab, nodeFrom(first, command));
      return 0;
    case "thaw":
      await thaw(lab, nodeFrom(first, command));
      return 0;
    case "partition":
      await partition(
        lab,
        operands.map((operand) => nodeFrom(operand, command)),
      );
      return 0;
    case "heal":
      await heal(lab);
      return 0;
    case "drill":
      return runDrill(lab, values);
    case "down":
      await down(lab);
      return 0;
    default:
      throw new UsageError(`there is no command "${command}"; see tandem lab --help`);
  }
}

async function runDrill(
  lab: string,
  values: {
    readonly budget: string;
    readonly "lost-budget"?: string | undefined;
    readonly rounds: string;
    readonly "and-back": boolean;
    readonly json: boolean;
  },
): Promise<number> {
  const lost = values["lost-budget"];
  const outcome = await drill(lab, {
    budget: {
      outageMs: numberFrom("budget", values.budget, 0, 600_000),
      ...(lost === undefined ? {} : { lost: wholeFrom("lost-budget", lost, 0, 1_000_000) }),
    },
    rounds: wholeFrom("rounds", values.rounds, 1, drillRoundsMax),
    isAndBack: values["and-back"],
    onMove: ({ from, to, outageMs }) => {
      if (process.stderr.isTTY)
        process.stderr.write(`${from} to ${to}: an outage of ${Math.round(outageMs)} ms\n`);
    },
  });
  const isKept = isWithinBudget(outcome.drill);
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ ...outcome.drill, isWithinBudget: isKept })}\n`
      : drillText(outcome.drill, outcome.earlier),
  );
  return isKept ? 0 : 1;
}

async function printStatus(lab: string): Promise<number> {
  const found = await status(lab);
  if (!found) {
    process.stderr.write(
      `tandem lab: there is no lab ${lab}; start it with: bin/tandem lab up --name ${lab}\n`,
    );
    return 1;
  }
  process.stdout.write(statusText(found));
  return found.nodes.every((node) => node.condition === "running") ? 0 : 1;
}

/** How a lab stands, for people. */
export function statusText(found: LabStatus): string {
  const lines = [
    `lab ${found.lab}`,
    ...found.nodes.map((node) => `  ${node.node.padEnd(9)} ${node.condition}, ${node.processes} processes`),
    `  network   ${found.partition.length === 0 ? "whole" : `${found.partition.join(" and ")} cut from each other`}`,
    `  client    ${found.client}`,
    ...found.forwards.map(
      ({ name, hostPort, address, port }) =>
        `  ${name.padEnd(10)} 127.0.0.1:${hostPort} leads to ${address}:${port}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}
