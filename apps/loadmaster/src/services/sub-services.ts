/**
 * SubVS: parts of a service that have servers, a schedule and checks of their own. Like real servers they are chosen by
 * rules or weights, and have a row with a number in their service. They are kept within their service and shown, asked
 * for and changed by an index of their own, as if they were services.
 */
import { err, ok, type Result } from "@tandem/base/result";
import { servicesMax, subServicesMax } from "@tandem/haproxy-config/limits";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { SharedContent, StoredService, StoredSubService } from "../state/document.ts";
import type { ValuesOf } from "./edit.ts";
import { optionsOfParentAlone } from "./options.ts";
import { orLayer7 } from "./place.ts";

export type SubServiceRow = StoredSubService["row"];

/** A service, or a SubVS with the address and port of the service that it is part of. */
export type AnyService = StoredService & {
  readonly sub?: { readonly of: number; readonly row: SubServiceRow };
};

/** All services, each followed by its SubVS. */
export const allServices = ({ services }: Pick<SharedContent, "services">): AnyService[] =>
  services.flatMap((service) => [service, ...subServicesOf(service)]);

export const subServicesOf = (service: StoredService): AnyService[] =>
  (service.subServices ?? []).map(({ row, ...sub }) => ({
    ...sub,
    address: service.address,
    port: service.port,
    sub: { of: service.index, row },
  }));

/** The content with the service, or the SubVS, in place of the one of its index. */
export function withService(shared: SharedContent, next: AnyService): SharedContent {
  const { sub, ...service } = next;
  const inPlace = (each: StoredService): StoredService => {
    if (sub === undefined) return each.index === next.index ? service : each;
    if (each.index !== sub.of) return each;
    const subServices = (each.subServices ?? []).map((one) => (one.index === next.index ? kept(next) : one));
    return { ...each, subServices };
  };
  return { ...shared, services: shared.services.map(inPlace) };
}

/** The content without the service, or without the SubVS; a service takes its SubVS along. */
export const withoutService = (shared: SharedContent, { index, sub }: AnyService): SharedContent => ({
  ...shared,
  services:
    sub === undefined
      ? shared.services.filter((each) => each.index !== index)
      : shared.services.map((each) => {
          if (each.index !== sub.of) return each;
          const { subServices = [], ...rest } = each;
          const left = subServices.filter((one) => one.index !== index);
          return left.length === 0 ? rest : { ...rest, subServices: left };
        }),
});

function kept({ address: _address, port: _port, sub, ...rest }: AnyService): StoredSubService {
  return { ...rest, row: sub?.row ?? { index: 1, weight: 1 } };
}

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** A new SubVS at the end of the service's; what it has of its own is at its default. */
export function newSubService(
  shared: SharedContent,
  service: AnyService,
): Result<{ readonly shared: SharedContent; readonly made: AnyService }, Failure> {
  const no = (why: string): Result<never, Failure> =>
    refuse(`createsubvs: virtual service ${service.index} ${why}`);
  if (service.sub !== undefined)
    return no("is a SubVS, which has none of its own; name the service above it");
  if (service.layer === 4)
    return no(
      `works at layer 4, where packets are passed on unread; make a service of its own in its place${orLayer7(service)}`,
    );
  if (service.servers.length > 0)
    return no("has real servers of its own; remove them, and give them to its SubVS");
  if (service.persist !== undefined)
    return no("has a persistence, which its SubVS have in its place; set Persist none");
  const fault = parentFault(service);
  if (fault !== undefined) return refuse(fault);
  const subServices = service.subServices ?? [];
  if (subServices.length >= subServicesMax) return no(`has ${subServicesMax} SubVS already; remove one`);
  if (allServices(shared).length >= servicesMax)
    return refuse(`createsubvs: there are ${servicesMax} virtual services and SubVS already; remove one`);
  const row = { index: shared.nextServerIndex, weight: 1_000 };
  const made: AnyService = {
    index: shared.nextServiceIndex,
    address: service.address,
    port: service.port,
    type: service.type,
    enabled: true,
    schedule: "rr",
    idletime: 0,
    // The header that tells the client's address is the service's.
    addVia: 2,
    check: service.check,
    servers: [],
    sub: { of: service.index, row },
  };
  const next = { ...service, subServices: [...subServices, kept(made)] };
  return ok({
    made,
    shared: {
      ...withService(shared, next),
      nextServiceIndex: shared.nextServiceIndex + 1,
      nextServerIndex: shared.nextServerIndex + 1,
    },
  });
}

/** How a service with SubVS may choose among them. */
const schedulesOfParents: readonly StoredService["schedule"][] = ["rr", "wrr", "sh"];

/**
 * What a service with SubVS cannot be, or what a SubVS cannot have, in the words of the answer. `next` is what the
 * parameters make of `before`.
 */
export function subServiceFault(
  before: AnyService,
  next: AnyService,
  values: Partial<ValuesOf<"modvs">>,
): string | undefined {
  const { index, sub, subServices, type } = next;
  if (sub === undefined && subServices === undefined) return undefined;
  if (type !== before.type)
    return `VStype: ${type} is not possible for ${sub === undefined ? `virtual service ${index}, which has SubVS` : `SubVS ${index}`}: a service and its SubVS are of one type, here ${before.type}`;
  if (subServices !== undefined)
    return parentFault(next) ?? parentPersistFault(next) ?? parentLayerFault(next);
  const name = ofParentAlone.find((each) => values[each] !== undefined && isMeant(values[each]));
  return name === undefined
    ? undefined
    : `${name}: ${JSON.stringify(values[name])} is not possible for SubVS ${index}, since clients meet the service above it; set it at virtual service ${sub?.of}`;
}

const parentLayerFault = ({ index, layer }: StoredService): string | undefined =>
  layer === 4
    ? `ForceL4: Y is not possible for virtual service ${index}, which has SubVS; use ForceL4 N`
    : undefined;

function parentFault({ index, schedule }: StoredService): string | undefined {
  return schedulesOfParents.includes(schedule)
    ? undefined
    : `Schedule: virtual service ${index} has SubVS, among which ${schedule} cannot choose; use ${schedulesOfParents.join(", ")}`;
}

const parentPersistFault = ({ index, persist }: StoredService): string | undefined =>
  persist === undefined
    ? undefined
    : `Persist: virtual service ${index} has SubVS, which have persistences of their own; set ${persist.mode} there`;

/** What clients meet before a SubVS is chosen. */
const ofParentAlone = [
  "vsaddress",
  "vsport",
  "createsubvs",
  "ForceL4",
  "SSLAcceleration",
  "CertFile",
  "TLSType",
  "AllowHTTP2",
  "CipherSet",
  "Ciphers",
  "Tls13CipherSet",
  "ClientCert",
  "IntermediateCerts",
  "NeedHostName",
  "PassCipher",
  "SSLRewrite",
  "SecurityHeaderOptions",
  ...optionsOfParentAlone,
] as const satisfies readonly (keyof ValuesOf<"modvs">)[];

/** Clients send back what they were shown. */
const isMeant = (value: unknown): boolean =>
  value !== false && value !== 0 && value !== "0" && value !== "" && value !== "Default";
