/** Sets of ciphers: those that every unit has, and those that operators make, which the pair shares. */
import { err, ok, type Result } from "@tandem/base/result";
import {
  cipherSetNamePattern,
  customSetsMax,
  isSystemCipherSet,
  supportedCiphers,
  systemCipherSets,
} from "@tandem/loadmaster-api/cipher-sets";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { changeShared, type SharedEdit } from "../api/change-shared.ts";
import type { Handlers } from "../api/dispatch.ts";
import type { SharedContent } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";

/** What existing scripts look for, word for word. */
const inUse = "Command Failed: Cipher set in use";
const unknownSet = "Unknown cipher set";
const updated = "Cipher set updated";

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** The ciphers of a set, in order; undefined when there is no such set. */
export function ciphersOf({ cipherSets = [] }: SharedContent, name: string): readonly string[] | undefined {
  return isSystemCipherSet(name)
    ? systemCipherSets[name]
    : cipherSets.find((each) => each.name === name)?.ciphers;
}

/** With a set of this name; `field` is what the ciphers were given as, separated by colons. */
export function withCipherSet(
  shared: SharedContent,
  name: string,
  field: string,
  value: string,
): Result<SharedContent, Failure> {
  if (isSystemCipherSet(name) || name === "Null_Ciphers")
    return refuse(
      `name: ${name} is one of the unit's own sets, which cannot be changed; choose another name`,
    );
  const ciphers = [...new Set(value.split(":").filter((each) => each !== ""))];
  const unknown = ciphers.find((each) => !supportedCiphers.has(each));
  if (unknown !== undefined)
    return refuse(
      unknown.startsWith("TLS_")
        ? `${field}: ${unknown} is of TLS 1.3, whose ciphers Tls13CipherSet of a service chooses; leave it out`
        : `${field}: "${unknown}" is no cipher that this unit speaks; getcipherset Backward_compatibility shows many that are`,
    );
  if (ciphers.length === 0)
    return refuse(`${field}: there is no cipher in it; name one or several, separated by colons`);
  const others = (shared.cipherSets ?? []).filter((each) => each.name !== name);
  if (others.length >= customSetsMax)
    return refuse(`name: there are ${customSetsMax} sets already; remove one with delcipherset`);
  const cipherSets = [...others, { name, ciphers }].sort((a, b) => (a.name < b.name ? -1 : 1));
  return ok({ ...shared, cipherSets });
}

function withoutCipherSet(shared: SharedContent, name: string): Result<SharedContent, Failure> {
  const { cipherSets = [], ...others } = shared;
  if (isSystemCipherSet(name))
    return refuse(`name: ${name} is one of the unit's own sets, which cannot be removed`);
  if (!cipherSets.some((each) => each.name === name)) return refuse(unknownSet);
  if (shared.services.some(({ tls }) => tls?.cipherSet === name)) return refuse(inUse);
  const rest = cipherSets.filter((each) => each.name !== name);
  return ok(rest.length === 0 ? others : { ...others, cipherSets: rest });
}

/** The set that a service gets whose ciphers are named one by one, as on real units. */
export const ownSetOf = (index: number): string => `Custom_${index}`;

/** A service's CipherSet may be named, whatever it is: why not. */
export function cipherSetFault(shared: SharedContent, name: string): string | undefined {
  if (name === "Null_Ciphers")
    return "CipherSet: Null_Ciphers encrypts nothing, which this unit does not do; choose another set";
  if (ciphersOf(shared, name) !== undefined) return undefined;
  return cipherSetNamePattern.test(name)
    ? `CipherSet: there is no set "${name}"; there are ${[...Object.keys(systemCipherSets), ...(shared.cipherSets ?? []).map((each) => each.name)].slice(0, toldMax).join(", ")}`
    : "CipherSet: this is no name of a set of ciphers";
}

const toldMax = 30;

export function cipherSetHandlers(
  unit: Unit,
): Pick<Handlers, "getcipherset" | "modifycipherset" | "delcipherset"> {
  const change = async (
    caller: Author,
    edit: SharedEdit,
    message?: string,
  ): Promise<Result<object, Failure>> => {
    const made = await changeShared(unit, caller, edit);
    return made.ok ? ok({ message: message ?? `${caller.command} completed ok`, ...made.value }) : made;
  };
  return {
    async getcipherset({ name }) {
      const ciphers = ciphersOf(unit.document.shared, name);
      return ciphers === undefined ? refuse(unknownSet) : ok({ cipherset: ciphers.join(":") });
    },
    modifycipherset: ({ name, value }, caller) =>
      change(caller, (shared) => withCipherSet(shared, name, "value", value), updated),
    delcipherset: ({ name }, caller) => change(caller, (shared) => withoutCipherSet(shared, name)),
  };
}
