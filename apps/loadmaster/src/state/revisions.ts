/**
 * The configuration's revision, and what has changed since an earlier one (SPEC CH22): whoever changes a unit that has
 * moved on is told what he had not seen.
 */
import { sha256Hex } from "@tandem/base/digest";
import type { ConfigurationChange, Difference } from "@tandem/loadmaster-api/fence-parameters";
import { placeText } from "@tandem/loadmaster-api/place";
import { allServices } from "../services/sub-services.ts";
import {
  digestOf,
  type LocalUser,
  type SharedContent,
  type UnitContent,
  type UnitDocument,
} from "./document.ts";

/** Earlier documents that a difference can be told from. They are in memory: a unit that has started anew knows none. */
export const documentsRememberedMax = 50;
/** Changes that one difference tells one by one. */
export const changesToldMax = 200;
/** Changes that one line of the log tells. */
const changesLoggedMax = 10;
const valueMaxChars = 200;

/** Number and content: two units that counted alike while they were cut off still differ. */
export const revisionOf = (document: Pick<UnitDocument, "revision" | "shared">): string =>
  `${document.revision}-${digestOf(document.shared).slice(0, 16)}`;

export class Revisions {
  #earlier: readonly { readonly revision: string; readonly shared: SharedContent }[] = [];

  remember(document: UnitDocument): void {
    const revision = revisionOf(document);
    const others = this.#earlier.filter((each) => each.revision !== revision);
    this.#earlier = [...others, { revision, shared: document.shared }].slice(-documentsRememberedMax);
  }

  /** Documents that are remembered, latest first. */
  get remembered(): readonly SharedContent[] {
    return this.#earlier.map((each) => each.shared).reverse();
  }

  differenceSince(revision: string, present: SharedContent): Difference {
    const base = this.#earlier.find((each) => each.revision === revision);
    return base === undefined
      ? { since: "too-long-ago", present: describe(present) }
      : { since: "known", changes: bounded(changesBetween(base.shared, present)) };
  }
}

type Described = { readonly what: string; readonly fields: ReadonlyMap<string, string> };

/** Everything of the document, by a key that stays the same when its values change. */
function objectsOf(shared: SharedContent): ReadonlyMap<string, Described> {
  const objects = new Map<string, Described>();
  for (const { servers, index, sub, subServices: _subServices, ...service } of allServices(shared)) {
    const what =
      sub === undefined
        ? `virtual service ${index} (${placeText(service)})`
        : `SubVS ${index} of virtual service ${sub.of}`;
    objects.set(`service ${index}`, { what, fields: fieldsOf({ ...service, ...sub?.row }) });
    for (const { index: at, ...server } of servers)
      objects.set(`service ${index} server ${at}`, {
        what: `real server ${at} (${placeText(server)}) of virtual service ${index}`,
        fields: fieldsOf(server),
      });
  }
  // The private key goes with the certificate, and no part of it is told.
  for (const { name, chain } of shared.certificates ?? [])
    objects.set(`certificate ${name}`, { what: `certificate ${name}`, fields: contentOf(chain) });
  for (const { name, chain } of shared.intermediates ?? [])
    objects.set(`intermediate ${name}`, {
      what: `intermediate certificate ${name}`,
      fields: contentOf(chain),
    });
  for (const { name, ciphers } of shared.cipherSets ?? [])
    objects.set(`cipher set ${name}`, { what: `cipher set ${name}`, fields: fieldsOf({ ciphers }) });
  if (shared.access !== undefined)
    objects.set("access lists", { what: "access lists of all services", fields: fieldsOf(shared.access) });
  if (shared.selfSigned !== undefined)
    objects.set("self-signed certificate", {
      what: "the certificate that the unit made itself",
      fields: contentOf(shared.selfSigned.chain),
    });
  objects.set("ha", { what: "HA parameters", fields: fieldsOf(shared.ha) });
  objects.set("shared addresses", {
    what: "shared addresses by interface",
    fields: new Map([
      ...fieldsOf(shared.sharedAddresses),
      ...[...fieldsOf(shared.sharedAddresses6 ?? {})].map(([id, address]) => [`${id}.v6`, address] as const),
    ]),
  });
  return objects;
}

const contentOf = (chain: string): Map<string, string> =>
  new Map([["content", `SHA-256 ${sha256Hex(chain).slice(0, 16)}`]]);

/** Members by path, such as `check.url`. */
function fieldsOf(value: object, path = ""): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, inner] of Object.entries(value) as [string, unknown][])
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner))
      for (const [deeper, text] of fieldsOf(inner, `${path}${name}.`)) fields.set(deeper, text);
    else
      fields.set(
        `${path}${name}`,
        (Array.isArray(inner) ? JSON.stringify(inner) : String(inner)).slice(0, valueMaxChars),
      );
  return fields;
}

function changesBetween(before: SharedContent, after: SharedContent): ConfigurationChange[] {
  // A service that is the same object is the same service.
  const were = new Set(before.services);
  const staying = new Set(after.services.filter((service) => were.has(service)));
  const changed = (shared: SharedContent): SharedContent => ({
    ...shared,
    services: shared.services.filter((service) => !staying.has(service)),
  });
  const [old, present] = [objectsOf(changed(before)), objectsOf(changed(after))];
  const changes: ConfigurationChange[] = [];
  for (const [key, { what }] of old) if (!present.has(key)) changes.push({ what, change: "removed" });
  for (const [key, { what, fields }] of present) {
    const was = old.get(key)?.fields;
    if (was === undefined) {
      changes.push({ what, change: "added" });
      continue;
    }
    for (const field of new Set([...was.keys(), ...fields.keys()])) {
      const [from, to] = [was.get(field), fields.get(field)];
      if (from !== to)
        changes.push({
          what,
          change: "changed",
          field,
          ...(from === undefined ? {} : { before: from }),
          ...(to === undefined ? {} : { after: to }),
        });
    }
  }
  return changes;
}

function bounded(changes: ConfigurationChange[]): ConfigurationChange[] {
  const more = changes.length - changesToldMax;
  return more <= 0
    ? changes
    : [...changes.slice(0, changesToldMax), { what: `${more} more changes`, change: "changed" }];
}

/** What the log says of a change: which objects and fields, the values of secrets left out. */
export function changesInWords(before: UnitDocument, after: UnitDocument): string {
  const own = ({ passwordHash, apiKeys, partnerKey, carpPassword, users: _users, ...rest }: UnitContent) => {
    const secrets = { password: passwordHash, apiKeys, partnerSecret: partnerKey, carpPassword };
    return { rest: fieldsOf(rest), secrets: Object.entries(secrets) };
  };
  const [old, present] = [own(before.unit), own(after.unit)];
  const words = changesBetween(before.shared, after.shared).map(({ what, change, field, ...values }) =>
    field === undefined
      ? `${what} ${change}`
      : `${what}: ${field} from ${values.before ?? "nothing"} to ${values.after ?? "nothing"}`,
  );
  for (const name of new Set([...old.rest.keys(), ...present.rest.keys()])) {
    const [from, to] = [old.rest.get(name), present.rest.get(name)];
    if (from !== to) words.push(`this unit: ${name} from ${from ?? "nothing"} to ${to ?? "nothing"}`);
  }
  for (const [at, [name, value]] of present.secrets.entries())
    if (JSON.stringify(value) !== JSON.stringify(old.secrets[at]?.[1]))
      words.push(`this unit: ${name} changed`);
  words.push(...userChanges(before.unit.users ?? [], after.unit.users ?? []));
  const more = words.length - changesLoggedMax;
  return [...words.slice(0, changesLoggedMax), ...(more > 0 ? [`${more} more`] : [])].join("; ");
}

function userChanges(before: readonly LocalUser[], after: readonly LocalUser[]): string[] {
  const named = (users: readonly LocalUser[], name: string) => users.find((each) => each.name === name);
  const words = (user: LocalUser): string =>
    user.permissions.length === 0 ? "none" : user.permissions.join(",");
  return [...new Set([...before, ...after].map(({ name }) => name))].flatMap((name) => {
    const [old, present] = [named(before, name), named(after, name)];
    if (old === undefined || present === undefined)
      return [`this unit: user ${name} ${old === undefined ? "added" : "removed"}`];
    return [
      ...(old.passwordHash === present.passwordHash ? [] : [`this unit: password of user ${name} changed`]),
      ...(words(old) === words(present)
        ? []
        : [`this unit: permissions of user ${name} from ${words(old)} to ${words(present)}`]),
    ];
  });
}

function describe(shared: SharedContent): string[] {
  const all = [...objectsOf(shared).values()].map(
    ({ what, fields }) => `${what}: ${[...fields].map(([name, value]) => `${name} ${value}`).join(", ")}`,
  );
  return all.length <= changesToldMax
    ? all
    : [...all.slice(0, changesToldMax), `${all.length - changesToldMax} more`];
}
