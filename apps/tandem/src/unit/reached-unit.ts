/** How this program reaches a LoadMaster unit: at an address, by a key that was confirmed, with a password. */
import type { Result } from "@tandem/base/result";
import {
  type Answer,
  type CallError,
  LoadMasterClient,
  shownFingerprint,
} from "@tandem/loadmaster-api/client";
import { UsageError } from "../ctl/command-line.ts";
import { keptFiles } from "../ctl/kept-files.ts";
import { readSecret, type World } from "../ctl/world.ts";

export type Place = { readonly address: string; readonly port: number };

const portDefault = 443;

/** Throws {@link UsageError}, which names the option. */
export function placeOf(text: string, option: string): Place {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[2] === undefined ? portDefault : Number(match[2]);
  if (match?.[1] === undefined || port < 1 || port > 65_535)
    throw new UsageError(`--${option} "${text}" is not ADDRESS or ADDRESS:PORT, for example 192.0.2.11:443`);
  return { address: match[1], port };
}

/** The unit, by the key that was given, is kept, or is confirmed now and kept. Rejects when it is not confirmed. */
export async function reachedUnit(
  place: Place,
  text: (option: "user" | "password-file" | "fingerprint") => string | undefined,
  world: World,
): Promise<LoadMasterClient> {
  const { address, port } = place;
  const name = `${address}:${port}`;
  const kept = keptFiles(world.env).knownServers;
  const known = readHex(text("fingerprint"), "fingerprint") ?? kept.get(name);
  const fingerprint = known ?? (await confirmed(place, world));
  if (known === undefined) kept.set(name, fingerprint);
  const password = await readSecret(world, `the password of ${name}`, text("password-file"));
  const user = text("user") ?? "bal";
  return new LoadMasterClient({
    address,
    port,
    fingerprint,
    credentials: { kind: "password", user, password },
  });
}

/** Shows the key that a unit has; rejects unless somebody says yes to it. */
export async function confirmed(place: Place, world: World): Promise<string> {
  const shown = await shownFingerprint(place);
  if (!shown.ok) throw new Error(shown.error.message);
  world.err(`${place.address}:${place.port} shows the key with the fingerprint\n  ${shown.value}\n`);
  const answer = await world.secretLine("type yes if that is the unit's");
  if (answer?.trim().toLowerCase() !== "yes")
    throw new Error(
      "the fingerprint was not confirmed, so nothing was sent; compare it, then answer yes or give it as an option",
    );
  return shown.value;
}

/** A fingerprint, with colons or without. Throws {@link UsageError}. */
export function readHex(text: string | undefined, option: string): string | undefined {
  const hex = text?.toLowerCase().replaceAll(":", "");
  if (hex !== undefined && !/^[0-9a-f]{64}$/.test(hex))
    throw new UsageError(`--${option} takes 64 hexadecimal digits`);
  return hex;
}

/** Throws what the unit has to say against it. */
export function answerOf(answer: Result<Answer, CallError>): Answer {
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}
