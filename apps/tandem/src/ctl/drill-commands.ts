/** The commands that drill the failover of LoadMaster pairs (SPEC LH13). */
import { type Drill, drillBudgetDefaultMs } from "@tandem/central-api/drills";
import { routes } from "@tandem/central-api/routes";
import { type Command, given, required, word } from "./command.ts";
import { groupId } from "./named-device.ts";
import { table } from "./print.ts";

const pollMs = 500;
/** Central ends every drill before. */
const waitMs = 300_000;

export function printDrill(drill: Drill): string {
  const { measured, moves, fromName, toName, from } = drill;
  const lines: [string, string][] = [
    ["Drill", `${drill.id} on ${drill.groupName}, by ${drill.author}`],
    ["State", drill.state === "running" ? `running: ${drill.step}` : drill.state],
    ["Started", drill.startedAt],
    ["Ended", drill.endedAt ?? "not yet"],
    ["Role", [fromName, ...moves.map(({ to }) => (to === from ? fromName : toName))].join(" -> ")],
    ["Target", drill.target],
    ["Budget", `${drill.budgetMs} ms`],
  ];
  if (measured !== null)
    lines.push(
      ["Outage", `${measured.outageMs} ms`],
      [
        "Requests",
        `${measured.requests}, of which ${measured.failed} failed, ${measured.lost} without any answer`,
      ],
      ["Resets", `${measured.resets}; a kept connection was cut ${measured.cuts} times`],
      ["Prober late", `${measured.lateP99Ms} ms at the 99th percentile, ${measured.lateMaxMs} ms at most`],
    );
  if (drill.message !== "") lines.push(["Verdict", drill.message]);
  return lines.map(([name, text]) => `${name.padEnd(13)}${text}\n`).join("");
}

const runDrill: Command["run"] = async (context) => {
  const { client, line, world } = context;
  const id = await groupId(context, word(context));
  const body = {
    target: required(context, "target"),
    budgetMs: line.number("budget") ?? drillBudgetDefaultMs,
    ...given({ andBack: line.flag("and-back") }),
  };
  let value: Drill = await client.call(routes.startDrill, { params: { id }, body });
  const until = performance.now() + waitMs;
  while (value.state === "running" && line.flag("wait") !== false && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    value = await client.call(routes.readDrill, { params: { id, drill: value.id } });
  }
  // A script is to see a drill that did not pass.
  if (value.state === "failed" || value.state === "interrupted" || value.state === "over budget") {
    world.out(line.common.json ? `${JSON.stringify(value, null, 2)}\n` : printDrill(value));
    throw new Error(`the drill on ${value.groupName} did not pass: ${value.state}`);
  }
  return { value, text: printDrill(value) };
};

export const drillCommands: { readonly [words: string]: Command } = {
  "drill run": { words: 1, options: ["target", "budget", "and-back", "wait"], run: runDrill },
  "drill list": {
    words: 1,
    options: ["limit"],
    run: async (context) => {
      const { client, line } = context;
      const id = await groupId(context, word(context));
      const query = given({ limit: line.text("limit") });
      const value = await client.call(routes.listDrills, { params: { id }, query });
      const rows = value.drills.map((drill) => [
        drill.id,
        drill.startedAt,
        `${drill.fromName} to ${drill.toName}${drill.moves.length > 1 ? " and back" : ""}`,
        drill.state === "running" ? `running: ${drill.step}` : drill.state,
        drill.measured === null ? "-" : String(drill.measured.outageMs),
        String(drill.budgetMs),
        drill.measured === null ? "-" : String(drill.measured.failed),
        drill.author,
      ]);
      return {
        value,
        text: table(["ID", "AT", "ROLE", "STATE", "OUTAGE MS", "BUDGET MS", "FAILED", "BY"], rows),
      };
    },
  },
  "drill show": {
    words: 2,
    run: async (context) => {
      const id = await groupId(context, word(context));
      const value = await context.client.call(routes.readDrill, { params: { id, drill: word(context, 1) } });
      return { value, text: printDrill(value) };
    },
  },
};
