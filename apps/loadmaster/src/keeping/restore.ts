/**
 * A backup brought back: pure, from the present document to the next one. What is not of the chosen kinds stays as it is.
 *
 * Services come with all that they use (certificates, rules, …) and their numbering, exactly as they were. The base
 * configuration is the unit's host name and the like, and the parameters of HA; a unit's place in a pair (mode, partner,
 * secrets), its passwords and its API keys are never restored, and in a pair neither are the shared addresses, the HA
 * Virtual ID and the interface between the units, all of which make it this pair and no other.
 */
import type { X509Certificate } from "node:crypto";
import { err, ok, type Result } from "@tandem/base/result";
import { schemaFaults } from "@tandem/base/schema-faults";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { defaultRule } from "@tandem/loadmaster-api/rule-parameters";
import { ciphersOf } from "../certificates/cipher-sets.ts";
import { certificatesIn, readCertificate, readIntermediates } from "../certificates/upload.ts";
import { onNetworkOf } from "../configuration-file.ts";
import { type AddressFacts, addressFault } from "../services/address-rules.ts";
import { rootlessService } from "../services/client-tls.ts";
import { allServices } from "../services/sub-services.ts";
import {
  type SharedContent,
  SharedContentSchema,
  type StoredCertificate,
  type StoredService,
  type UnitDocument,
  withShared,
} from "../state/document.ts";
import { partsOf, sharedParts, unitParts } from "./backup.ts";
import type { BackupContent } from "./read-backup.ts";

export type Wanted = {
  readonly services: boolean;
  /** `own`: of this unit alone, as at its own address in a pair. */
  readonly base: "none" | "own" | "own and pair";
};

export type Restored = {
  readonly document: UnitDocument;
  /** What the backup could not bring back or was not allowed to, each a part of a sentence. */
  readonly words: readonly string[];
};

/** Services that are told to have lost a certificate. */
const toldMax = 20;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

export function restored(
  present: UnitDocument,
  backup: BackupContent,
  wanted: Wanted,
  factsOf: (document: UnitDocument) => AddressFacts,
): Result<Restored, Failure> {
  const words: string[] = [];
  const paired = present.unit.hamode !== 0;
  const { unit, told } = ownOf(present, backup, wanted);
  words.push(...told);
  const base = wanted.base === "own and pair" ? baseOf(present.shared, backup, paired) : undefined;
  words.push(...(base?.told ?? []));
  const services = wanted.services ? servicesOf(present.shared, backup) : undefined;
  words.push(...(services?.told ?? []));
  const shared = {
    ...(base?.shared ?? partsOf(present.shared, sharedParts, "base")),
    ...(services?.shared ?? partsOf(present.shared, sharedParts, "services")),
  } as SharedContent;
  const next = { ...withShared(present, shared), unit };
  const facts = factsOf(next);
  const fault =
    schemaFault(shared) ??
    (wanted.services ? (certificateFault(shared) ?? serviceFault(shared, facts)) : undefined) ??
    (base === undefined ? undefined : interfaceFault(shared, facts));
  return fault === undefined ? ok({ document: next, words }) : refuse(fault);
}

/** What is this unit's alone. In a pair a backup of the other unit holds that one's name. */
function ownOf(present: UnitDocument, backup: BackupContent, { base }: Wanted) {
  if (base === "none") return { unit: present.unit, told: [] };
  const { hamode } = present.unit;
  if (hamode !== 0 && backup.unit.hamode !== hamode)
    return {
      unit: present.unit,
      told: [
        "the host name and what else is one unit's own stay, since this backup is not of this unit of the pair",
      ],
    };
  const unit = {
    ...partsOf(present.unit, unitParts, "stays", "secret"),
    ...partsOf(backup.unit as UnitDocument["unit"], unitParts, "base"),
  } as UnitDocument["unit"];
  return { unit, told: [] };
}

function baseOf(present: SharedContent, { shared }: BackupContent, paired: boolean) {
  const base = partsOf(shared as SharedContent, sharedParts, "base");
  if (!paired) return { shared: base, told: [] };
  const { ha: _ha, ...addresses } = partsOf(present, sharedParts, "base");
  const { interface: _interface, ...ha } = shared.ha;
  const { vhid } = present.ha;
  return {
    shared: {
      ...addresses,
      ha: { ...ha, vhid, ...(present.ha.interface === undefined ? {} : { interface: present.ha.interface }) },
    },
    told:
      vhid === shared.ha.vhid
        ? []
        : [`the HA Virtual ID stays ${vhid}, since this is another pair than that of the backup`],
  };
}

/** With the private keys that are here already, where the backup has none. */
function servicesOf(present: SharedContent, { shared }: BackupContent) {
  const { certificates = [], ...others } = partsOf(shared as SharedContent, sharedParts, "services");
  const lost = new Set<string>();
  const complete = (certificates as NonNullable<BackupContent["shared"]["certificates"]>).flatMap(
    ({ name, chain, key }): StoredCertificate[] => {
      if (key !== undefined) return [{ name, chain, key }];
      const here = present.certificates?.find((each) => each.name === name);
      if (here !== undefined && haveOneKey(here.chain, chain)) return [{ name, chain, key: here.key }];
      lost.add(name);
      return [];
    },
  );
  const told: string[] = [];
  const services = (others.services ?? []).map((service): StoredService => {
    const { tls, index } = service;
    const missing = tls?.certificates.filter((name) => lost.has(name)) ?? [];
    if (tls === undefined || missing.length === 0) return service;
    const rest = tls.certificates.filter((name) => !lost.has(name));
    told.push(
      `virtual service ${index} lost the certificate ${missing.join(", ")}, whose private key is not in the backup${
        rest.length === 0 && tls.offload === true ? ", and shows one that the unit made itself" : ""
      }`,
    );
    return { ...service, tls: { ...tls, certificates: rest } };
  });
  const unused = [...lost].filter((name) => !told.some((each) => each.includes(name)));
  return {
    shared: {
      ...others,
      services,
      ...(complete.length === 0 ? {} : { certificates: complete }),
      ...(others.selfSigned !== undefined || present.selfSigned === undefined
        ? {}
        : { selfSigned: present.selfSigned }),
    },
    told: [
      ...told.slice(0, toldMax),
      ...(told.length > toldMax ? [`so did ${told.length - toldMax} more`] : []),
      ...(unused.length === 0
        ? []
        : [
            `certificates without a service were not restored for lack of their private keys: ${unused.join(", ")}`,
          ]),
    ],
  };
}

function haveOneKey(a: string, b: string): boolean {
  const [one, two] = [a, b].map((chain) => firstIn(chain)?.publicKey.export({ type: "spki", format: "der" }));
  return one !== undefined && two !== undefined && Buffer.compare(one, two) === 0;
}

function firstIn(chain: string): X509Certificate | undefined {
  try {
    return certificatesIn(chain)[0];
  } catch {
    return undefined;
  }
}

function schemaFault(shared: SharedContent): string | undefined {
  const [fault] = schemaFaults(SharedContentSchema, shared, {
    whole: "the backup",
    secret: new Set(["key"]),
  });
  if (fault !== undefined) return `data: ${fault.message}; it was made by another version, or changed since`;
  const { nextServiceIndex, nextServerIndex } = shared;
  const services = allServices(shared);
  const indexes = services.map(({ index }) => index);
  const servers = services.flatMap((each) => [
    ...each.servers.map(({ index }) => index),
    ...(each.sub === undefined ? [] : [each.sub.row.index]),
  ]);
  const isNumbered = (all: readonly number[], next: number): boolean =>
    new Set(all).size === all.length && all.every((index) => index < next);
  return isNumbered(indexes, nextServiceIndex) && isNumbered(servers, nextServerIndex)
    ? undefined
    : "data: its services or real servers are numbered as no unit does it; it was changed since it was made";
}

/** Every certificate is read as if it were uploaded, since pages and HAProxy rely on that. */
function certificateFault(shared: SharedContent): string | undefined {
  const { services, certificates = [], intermediates = [] } = shared;
  const names = new Set(certificates.map(({ name }) => name));
  if (names.size < certificates.length)
    return "data: two certificates have one name; it was changed since it was made";
  for (const { name, chain, key } of certificates) {
    const read = readCertificate(Buffer.from(chain + key), undefined, Date.now());
    if (!read.ok || read.value.chain !== chain)
      return `data: the certificate ${name} in it is not one with its key; it was changed since it was made`;
  }
  for (const { name, chain } of intermediates)
    if (!readIntermediates(Buffer.from(chain), Date.now()).ok)
      return `data: the intermediate certificate ${name} in it is none; it was changed since it was made`;
  const above = new Set(intermediates.map(({ name }) => name));
  const using = services.find(
    ({ tls }) =>
      tls?.certificates.some((name) => !names.has(name)) === true ||
      tls?.authorities?.some((name) => !above.has(name)) === true ||
      (tls?.cipherSet !== undefined && ciphersOf(shared, tls.cipherSet) === undefined),
  )?.index;
  const wanting = using ?? rootlessService(shared) ?? rulelessService(shared);
  return wanting === undefined
    ? undefined
    : `data: virtual service ${wanting} in it uses a certificate, a set of ciphers or a rule that is not in it; it was changed since it was made`;
}

function rulelessService(shared: SharedContent): number | undefined {
  const known = new Set([defaultRule, ...(shared.rules ?? []).map(({ name }) => name)]);
  return allServices(shared).find(({ rules, servers, sub }) =>
    [
      rules?.before,
      rules?.request,
      rules?.response,
      sub?.row.rules,
      ...servers.map((each) => each.rules),
    ].some((names) => names?.some((name) => !known.has(name)) === true),
  )?.index;
}

/** A backup of a unit with other networks holds services that cannot stand here. */
function serviceFault({ services }: SharedContent, facts: AddressFacts): string | undefined {
  const faults = services.flatMap((service) => {
    const fault = addressFault(facts, services, service, service.index);
    return fault === undefined ? [] : [`virtual service ${service.index}: ${fault.message}`];
  });
  const [first] = faults;
  return first === undefined
    ? undefined
    : `data: ${faults.length} of the ${services.length} virtual services in the backup cannot stand on this unit. ${first}`;
}

function interfaceFault(
  { ha, sharedAddresses, sharedAddresses6 = {} }: SharedContent,
  { interfaces }: AddressFacts,
): string | undefined {
  const has = (id: string | number): boolean => interfaces.some((each) => String(each.id) === String(id));
  for (const [id, address] of [...Object.entries(sharedAddresses), ...Object.entries(sharedAddresses6)])
    if (!interfaces.some((each) => String(each.id) === id && onNetworkOf(each, address)))
      return `data: the backup has the shared address ${address} on interface ${id}, which lies in no network of that interface here; it is of a unit with other interfaces, restore its virtual services alone (type 2)`;
  const missing = [
    ...Object.keys(ha.checks ?? {}),
    ...(ha.interface === undefined ? [] : [ha.interface]),
  ].find((id) => !has(id));
  return missing === undefined
    ? undefined
    : `data: the backup speaks of interface ${missing}, which is not here; it is of a unit with other interfaces, restore its virtual services alone (type 2)`;
}
