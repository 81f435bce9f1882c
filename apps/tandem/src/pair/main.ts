/** `tandem pair`: one unit and another become a pair, and part again (SPEC LH10). */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LoadMasterClient, type ParameterValue } from "@tandem/loadmaster-api/client";
import type { PairingCheckView, PairingStarted, PairingView } from "@tandem/loadmaster-api/pairing";
import { UsageError } from "../ctl/command-line.ts";
import { processWorld, readSecret, type World } from "../ctl/world.ts";
import { answerOf, confirmed, type Place, reachedUnit, readHex } from "../unit/reached-unit.ts";
import { type PairLine, parsePairLine, shapeParameters } from "./command-line.ts";
import { checksText, outcomeText, pairingText, stepText } from "./print.ts";
import { pairUsage } from "./usage.ts";

const exitDone = 0;
const exitRefused = 1;
const exitUsage = 2;
const askIntervalMs = 500;
/** A unit that is busy may miss a question or two; one that does not answer for so long is not waited for. */
const unansweredMax = 20;
const checkTimeoutMs = 30_000;

/** Obeys the words after `tandem pair`; answers the exit status. */
export async function runPair(argv: readonly string[], world: World = processWorld()): Promise<number> {
  try {
    const line = parsePairLine(argv);
    if (line === undefined) {
      world.out(pairUsage);
      return exitDone;
    }
    return await obey(line, world);
  } catch (error) {
    world.err(`tandem pair: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? exitUsage : exitRefused;
  }
}

async function obey(line: PairLine, world: World): Promise<number> {
  const shape = shapeParameters(line);
  const unit = await reachedUnit(line.unit, line.text, world);
  const print = (value: object, text: string): void =>
    world.out(line.flag("json") ? `${JSON.stringify(value, null, 2)}\n` : text);
  switch (line.command) {
    case "status": {
      const view = await statusOf(unit);
      print(view, pairingText(view));
      return view.state === "failed" ? exitRefused : exitDone;
    }
    case "check": {
      const access = await partnerOf(line, partnerPlace(line), world);
      const answer = await unit.call(
        "hapaircheck",
        { ...access.parameters, ...shape },
        undefined,
        checkTimeoutMs,
      );
      const view = answerOf(answer) as unknown as PairingCheckView;
      print(view, checksText(view));
      return view.ready ? exitDone : exitRefused;
    }
    case "create":
    case "replace": {
      const access = await partnerOf(line, partnerPlace(line), world);
      const backupdigest = await saveBackup(unit, line.unit, line, world);
      await saveBackup(access.client, partnerPlace(line), line, world);
      const secretFile = line.text("secret-file");
      const { overwrite } = shape;
      const parameters: Record<string, ParameterValue> =
        line.command === "create"
          ? {
              ...shape,
              ...(secretFile === undefined
                ? {}
                : { secret: await readSecret(world, "the secret", secretFile) }),
            }
          : overwrite === undefined
            ? {}
            : { overwrite };
      return follow(line, unit, world, line.command === "create" ? "hapair" : "hareplace", {
        ...access.parameters,
        ...parameters,
        backupdigest,
      });
    }
    case "dissolve": {
      const parameters: Record<string, ParameterValue> = {};
      for (const [option, name] of [
        ["leaver", "leaver"],
        ["shared-address", "sharedaddress"],
      ] as const) {
        const value = line.text(option);
        if (value !== undefined) parameters[name] = value;
      }
      const backupdigest = await saveBackup(unit, line.unit, line, world);
      if (line.flag("gone")) parameters.gone = true;
      else {
        const { unit: facts } = await statusOf(unit);
        if (facts.partner === "") throw new Error(`${line.unit.address} is no part of a pair`);
        const place = { address: facts.partner, port: line.partner?.port ?? 443 };
        const access = await partnerOf(line, place, world);
        await saveBackup(access.client, place, line, world);
        const { partner: _address, ...rest } = access.parameters;
        Object.assign(parameters, rest);
      }
      return follow(line, unit, world, "haunpair", { ...parameters, backupdigest });
    }
  }
}

/** Begins, and tells of each step once it is over; ends with the procedure. */
async function follow(
  line: PairLine,
  unit: LoadMasterClient,
  world: World,
  command: string,
  parameters: Record<string, ParameterValue>,
): Promise<number> {
  const started = answerOf(await unit.call(command, parameters)) as unknown as PairingStarted;
  const quiet = line.flag("json");
  let view: PairingView = started;
  let told = 0;
  let unanswered = 0;
  for (;;) {
    const over = view.steps.filter(({ state }) => state === "done" || state === "failed");
    if (!quiet) for (const step of over.slice(told)) world.out(stepText(step));
    told = over.length;
    if (view.state !== "running") break;
    if (!(await world.wait(askIntervalMs))) break;
    const answer = await unit.call("hapairstatus");
    if (answer.ok) {
      unanswered = 0;
      view = answer.value as unknown as PairingView;
    } else if (++unanswered > unansweredMax) throw new Error(answer.error.message);
  }
  world.out(quiet ? `${JSON.stringify(view, null, 2)}\n` : outcomeText(view));
  return view.state === "done" ? exitDone : exitRefused;
}

const partnerPlace = ({ partner }: PairLine): Place => {
  if (partner === undefined) throw new UsageError("name the other unit with --partner ADDRESS[:PORT]");
  return partner;
};

/** The other unit: for the unit, in parameters, and for the backup that this program fetches itself. */
async function partnerOf(
  line: PairLine,
  place: Place,
  world: World,
): Promise<{
  readonly client: LoadMasterClient;
  readonly parameters: Record<string, ParameterValue> & { readonly partner: string };
}> {
  const { address, port } = place;
  const fingerprint =
    readHex(line.text("partner-fingerprint"), "partner-fingerprint") ?? (await confirmed(place, world));
  const password = await readSecret(
    world,
    `the password of ${address}:${port}`,
    line.text("partner-password-file"),
  );
  const user = line.text("partner-user") ?? "bal";
  return {
    client: new LoadMasterClient({
      address,
      port,
      fingerprint,
      credentials: { kind: "password", user, password },
    }),
    parameters: {
      partner: address,
      partnerport: port,
      partneruser: user,
      partnerpassword: password,
      partnerfingerprint: fingerprint,
    },
  };
}

/** Saves a unit's backup; its digest. */
async function saveBackup(
  client: LoadMasterClient,
  place: Place,
  line: PairLine,
  world: World,
): Promise<string> {
  const backup = await client.backup();
  if (!backup.ok) throw new Error(backup.error.message);
  const directory = line.text("backup-to") ?? "";
  const { bytes } = backup.value;
  if (bytes === null) throw new Error(`${place.address} gave no backup`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const digest = createHash("sha256").update(bytes).digest("hex");
  const path = join(directory, `${place.address}-${digest.slice(0, 16)}.backup`);
  writeFileSync(path, bytes, { mode: 0o600 });
  if (!readFileSync(path).equals(bytes)) throw new Error(`${path} does not hold what was written`);
  if (!line.flag("json")) world.out(`backup of ${place.address}: ${path}\n`);
  return digest;
}

const statusOf = async (unit: LoadMasterClient): Promise<PairingView> =>
  answerOf(await unit.call("hapairstatus")) as unknown as PairingView;
