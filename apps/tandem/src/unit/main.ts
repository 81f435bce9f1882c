/** `tandem unit licence`: a unit is licensed by a Central, at the unit's own address (SPEC ML2, ML7). */
import type { Answer, LoadMasterClient } from "@tandem/loadmaster-api/client";
import type { LicenceView, OfferedLicences } from "@tandem/loadmaster-api/licence-commands";
import { UsageError } from "../ctl/command-line.ts";
import { processWorld, type World } from "../ctl/world.ts";
import { parseUnitLine, type UnitLine } from "./command-line.ts";
import { licenceText, offeredText } from "./print.ts";
import { answerOf, reachedUnit } from "./reached-unit.ts";
import { unitUsage } from "./usage.ts";

const exitDone = 0;
const exitRefused = 1;
const exitUsage = 2;
/** The unit asks a Central meanwhile, maybe both, for ten seconds at most each, and an activation may go out twice. */
const answerTimeoutMs = 45_000;

/** Obeys the words after `tandem unit`; answers the exit status. */
export async function runUnit(argv: readonly string[], world: World = processWorld()): Promise<number> {
  try {
    const line = parseUnitLine(argv);
    if (line === undefined) {
      world.out(unitUsage);
      return exitDone;
    }
    return await obey(line, await reachedUnit(line.unit, line.text, world), world);
  } catch (error) {
    world.err(`tandem unit: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? exitUsage : exitRefused;
  }
}

async function obey(line: UnitLine, unit: LoadMasterClient, world: World): Promise<number> {
  const print = (value: unknown, text: string): void =>
    world.out(line.json ? `${JSON.stringify(value, null, 2)}\n` : text);
  const ask = async (command: string): Promise<Answer> =>
    answerOf(await unit.call(command, line.parameters, undefined, answerTimeoutMs));
  switch (line.command) {
    case "types": {
      const { offered } = (await ask("aslgetlicensetypes")) as unknown as { offered: OfferedLicences };
      print(offered, offeredText(offered));
      return exitDone;
    }
    case "status": {
      const view = (await ask("licenseinfo")) as unknown as LicenceView;
      print(view, licenceText(view));
      return view.state === "grace" || view.state === "over" ? exitRefused : exitDone;
    }
    case "activate":
      return said(await ask("aslactivate"), print);
    case "check":
      return said(await ask("licensecheck"), print);
    case "release":
      return said(await ask("killaslinstance"), print);
  }
}

function said(answer: Answer, print: (value: unknown, text: string) => void): number {
  print(answer, `${String(answer.message)}\n`);
  return exitDone;
}
