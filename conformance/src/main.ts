/** `npm run conformance`: the suite against a unit that it starts itself, or against any other one; exits 1 when one differs. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { areas } from "./areas.ts";
import { startOwnUnit } from "./own-unit.ts";
import { differenceLines, hasDifferences, notYetLines, summary } from "./report.ts";
import { Conformance, type Result } from "./run.ts";
import { portsUsed } from "./stage.ts";
import type { Target } from "./target.ts";

const usage = `usage: npm run conformance -- [--area NAME]… [--at HOST:PORT --password-file FILE --services ADDRESS --servers ADDRESS [--user bal] [--first-port 20000] [--calls-per-second 9]]

Without --at a unit is started on loopback addresses. With it, the suite is run against the unit there: it adds services on
the address of --services, ports ${portsUsed} in number from --first-port on, with servers at the address of --servers, to which no
traffic need flow; it takes them away again, and puts parameters back that it has changed. Not for a unit in production.
A unit of this project blocks an address for a minute after ten wrong passwords: leave a minute between two runs.
`;

/** Real units drop the connection above 30 calls in 3 s. */
const callsPerSecondDefault = 9;

function options(): { readonly only: readonly string[]; readonly target: Target | undefined } {
  const { values } = parseArgs({
    options: {
      area: { type: "string", multiple: true, default: [] },
      at: { type: "string" },
      user: { type: "string", default: "bal" },
      "password-file": { type: "string" },
      services: { type: "string" },
      servers: { type: "string" },
      "first-port": { type: "string", default: "20000" },
      "calls-per-second": { type: "string", default: String(callsPerSecondDefault) },
    },
  });
  const unknown = values.area.filter((name) => !areas.some((area) => area.name === name));
  if (unknown.length > 0)
    throw new Error(
      `--area: there is no area ${unknown.join(", ")}; there are ${areas.map(({ name }) => name).join(", ")}`,
    );
  if (values.at === undefined) return { only: values.area, target: undefined };
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(values.at) ?? [];
  if (host === undefined) throw new Error(`--at: "${values.at}" is not HOST:PORT`);
  const needed = (name: "password-file" | "services" | "servers"): string => {
    const value = values[name];
    if (value === undefined) throw new Error(`--${name} is missing`);
    return value;
  };
  const number = (name: "first-port" | "calls-per-second", max: number): number => {
    const value = Number(values[name]);
    if (!(value > 0 && value <= max))
      throw new Error(`--${name}: "${values[name]}" is not a number up to ${max}`);
    return value;
  };
  return {
    only: values.area,
    target: {
      host,
      port: Number(port),
      user: values.user,
      password: readFileSync(needed("password-file"), "utf8").trim(),
      services: needed("services"),
      servers: needed("servers"),
      firstPort: number("first-port", 65_000),
      callsPerSecond: number("calls-per-second", 1_000),
      own: false,
    },
  };
}

async function runSuite(target: Target, only: readonly string[]): Promise<Result[]> {
  const conformance = await Conformance.open(target);
  try {
    const results: Result[] = [];
    for (const area of areas)
      if (only.length === 0 || only.includes(area.name)) results.push(...(await conformance.run(area)));
    return results;
  } finally {
    await conformance.close();
  }
}

let given: ReturnType<typeof options>;
try {
  given = options();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exit(2);
}
const own = given.target === undefined ? await startOwnUnit() : undefined;
try {
  const results = await runSuite(given.target ?? own!.target, given.only);
  process.stdout.write(`${notYetLines(results)}${differenceLines(results)}\n${summary(results)}`);
  if (hasDifferences(results)) process.exitCode = 1;
} finally {
  await own?.remove();
}
