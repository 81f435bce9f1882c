/** Changes of virtual services and real servers: pure functions from the shared content to the next one, or a refusal. */
import { parseIpv4 } from "@tandem/base/ip";
import { canonicalAddress, hostFaultIpv6, isIpv6, parseIpv6 } from "@tandem/base/ipv6";
import { err, ok, type Result } from "@tandem/base/result";
import { serversPerServiceMax, servicesMax } from "@tandem/haproxy-config/limits";
import type { commands } from "@tandem/loadmaster-api/commands";
import { type Failure, unknownServer, unknownService } from "@tandem/loadmaster-api/envelope";
import { invalid, missing, type Values } from "@tandem/loadmaster-api/parameters";
import { everyPort, placeText, portText } from "@tandem/loadmaster-api/place";
import {
  serverReference,
  type serviceParameters,
  serviceReference,
} from "@tandem/loadmaster-api/service-parameters";
import { hasEntries, layer4AccessFault } from "../access-lists/lists.ts";
import type { SharedContent, StoredServer, StoredService } from "../state/document.ts";
import { serviceOfTemplate } from "../templates/templates.ts";
import { type AddressFacts, addressFault } from "./address-rules.ts";
import {
  checkOf,
  followingApart,
  layer4CheckFault,
  minimumOf,
  newCheck,
  serverChecksOf,
  withoutLostFollowing,
} from "./checks.ts";
import { withOwnCiphers } from "./client-tls.ts";
import { layer4OptionFault, optionsOf, portsOf } from "./options.ts";
import { persistenceOf } from "./persistence.ts";
import { onlyAtLayer4, orLayer7, protocolOf } from "./place.ts";
import {
  type AnyService,
  allServices,
  newSubService,
  subServiceFault,
  subServicesOf,
  withoutService,
  withService,
} from "./sub-services.ts";
import { layer4TlsFault, tlsOf } from "./tls.ts";

export type ValuesOf<Name extends keyof typeof commands> = Values<(typeof commands)[Name]["parameters"]>;
/** What `addvs` and `modvs` say alike about a service or SubVS. */
export type ServiceValues = Values<readonly [...typeof serviceReference, ...typeof serviceParameters]>;
type Reference = {
  readonly vs: string;
  readonly port?: number | undefined;
  readonly prot?: string | undefined;
};
type ServerReference = { readonly rs: string; readonly rsport?: number | undefined };
export type Edit = Result<{ readonly shared: SharedContent; readonly index: number }, Failure>;
export type ServerEdit = Result<
  { readonly shared: SharedContent; readonly index: number; readonly server: number },
  Failure
>;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** `http` reads requests only where they are certain to be HTTP; 443 is TLS, which is passed on unless it ends here. */
const httpPort = 80;
const httpsPort = 443;

export function addService(shared: SharedContent, facts: AddressFacts, values: ValuesOf<"addvs">): Edit {
  if (/^\d+$/.test(values.vs)) return err(invalid("vs", values.vs, "the new service's IPv4 or IPv6 address"));
  if (values.port === undefined) return err(missing(serviceReference[1]));
  if (values.prot === undefined) return err(missing(serviceReference[2]));
  if (allServices(shared).length >= servicesMax)
    return refuse(`there are ${servicesMax} virtual services and SubVS already; remove one`);
  const place: Pick<StoredService, "address" | "port" | "protocol"> = {
    address: spelled(values.vs),
    port: values.port,
    ...(values.prot === "udp" ? { protocol: "udp" } : {}),
  };
  const fault = addressFault(facts, shared.services, place);
  if (fault !== undefined) return err(fault);
  const index = shared.nextServiceIndex;
  const layer = onlyAtLayer4(place) === undefined ? {} : ({ layer: 4 } as const);
  const forced = layerOf({ ...place, ...layer }, values);
  if (!forced.ok) return forced;
  const type =
    typeNamed(values.VStype) === "http" ||
    (values.VStype === undefined &&
      forced.value === 7 &&
      (values.port === httpPort || (values.port === httpsPort && values.SSLAcceleration === true)))
      ? "http"
      : "gen";
  const blank: StoredService = {
    index,
    ...place,
    ...layer,
    type,
    enabled: true,
    schedule: "rr",
    idletime: 0,
    addVia: 0,
    check: newCheck(place, type === "http"),
    servers: [],
  };
  const start =
    values.template === undefined
      ? ok({ service: blank, shared: { ...shared, nextServiceIndex: index + 1 } })
      : serviceOfTemplate(shared, values.template, blank);
  if (!start.ok) return start;
  const ciphers = withOwnCiphers(start.value.shared, index, values);
  if (!ciphers.ok) return ciphers;
  const made = withValues(start.value.service, values, ciphers.value);
  if (!made.ok) return made;
  const service = made.value;
  const taken = socketFault(facts, shared, service);
  if (taken !== undefined) return err(taken);
  return ok({
    index,
    shared: { ...ciphers.value, services: [...shared.services, service] },
  });
}

export function changeService(shared: SharedContent, facts: AddressFacts, values: ValuesOf<"modvs">): Edit {
  const found = findService(shared, values);
  if (!found.ok) return found;
  const service = found.value;
  if (values.createsubvs !== undefined) return addSubService(shared, service, values);
  const address = values.vsaddress === undefined ? service.address : spelled(values.vsaddress);
  const port = values.vsport ?? service.port;
  const moves = address !== service.address || port !== service.port;
  const ciphers = withOwnCiphers(shared, service.index, values);
  if (!ciphers.ok) return ciphers;
  const fit = serversFit(service, port);
  if (fit !== undefined) return refuse(fit);
  const made = withValues({ ...service, address, port }, values, ciphers.value);
  if (!made.ok) return made;
  const fault = moves || values.ExtraPorts !== undefined ? socketFault(facts, shared, made.value) : undefined;
  if (fault !== undefined) return err(fault);
  const apart = followingApart(allServices(shared), made.value);
  if (apart !== undefined) return refuse(apart);
  return ok({ index: service.index, shared: withService(ciphers.value, made.value) });
}

/** Why the service cannot have the port: its servers have ports of another kind. */
export function serversFit({ servers }: StoredService, port: number): string | undefined {
  const other = servers.find((server) => (server.port === everyPort) !== (port === everyPort));
  return other === undefined
    ? undefined
    : `vsport: ${portText(port)} does not go with real server ${other.index}, whose port is ${portText(other.port)}; remove the service's real servers first, and add them again`;
}

/** Why a service cannot stand at its address with one of its ports. */
export function socketFault(
  facts: AddressFacts,
  shared: SharedContent,
  service: AnyService,
): Failure | undefined {
  if (service.sub !== undefined) return undefined;
  for (const port of portsOf(service)) {
    const fault = addressFault(facts, shared.services, { ...service, port }, service.index);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The answer is about the service above; what else is given is meant for the new SubVS. */
function addSubService(shared: SharedContent, service: AnyService, values: ValuesOf<"modvs">): Edit {
  const added = newSubService(shared, service);
  if (!added.ok) return added;
  const { createsubvs: _createsubvs, ...given } = values;
  const made = withValues(added.value.made, given, added.value.shared);
  return made.ok ? ok({ index: service.index, shared: withService(added.value.shared, made.value) }) : made;
}

export function removeService(shared: SharedContent, values: ValuesOf<"delvs">): Edit {
  const found = findService(shared, values);
  if (!found.ok) return found;
  return ok({
    index: found.value.index,
    shared: withoutLostFollowing(withoutService(shared, found.value)),
  });
}

export function addServer(shared: SharedContent, values: ValuesOf<"addrs">): ServerEdit {
  const found = findService(shared, values);
  if (!found.ok) return found;
  const service = found.value;
  if (values.rs.startsWith("!"))
    return err(invalid("rs", values.rs, "the new server's IPv4 or IPv6 address"));
  if (service.subServices !== undefined)
    return refuse(
      `vs: virtual service ${service.index} has SubVS, and no real servers beside them; add it to one of its SubVS`,
    );
  const port = values.rsport ?? (service.port === everyPort ? everyPort : undefined);
  if (port === undefined) return err(missing(serverReference[1]));
  const siblings = values.addtoallsubvs === true ? siblingsOf(shared, service) : [];
  let next = shared;
  for (const each of [service, ...siblings]) {
    const made = withNewServer(next, each, spelled(values.rs), port, values);
    if (!made.ok) return made;
    next = made.value;
  }
  return ok({ index: service.index, server: shared.nextServerIndex, shared: next });
}

/** The other SubVS of the service above. */
const siblingsOf = (shared: SharedContent, { index, sub }: AnyService): AnyService[] =>
  sub === undefined
    ? []
    : allServices(shared).filter((each) => each.sub?.of === sub.of && each.index !== index);

function withNewServer(
  shared: SharedContent,
  service: AnyService,
  address: string,
  port: number,
  values: ValuesOf<"addrs">,
): Result<SharedContent, Failure> {
  if (service.servers.length >= serversPerServiceMax)
    return refuse(
      `virtual service ${service.index} has ${serversPerServiceMax} real servers already; remove one`,
    );
  const fault = portFault("rsport", service, port) ?? serverFault(service, address, port);
  if (fault !== undefined) return err(fault);
  const plain: StoredServer = {
    index: shared.nextServerIndex,
    address,
    port,
    weight: values.Weight ?? 1_000,
    limit: values.Limit ?? 0,
    enabled: values.Enable ?? true,
  };
  const checks = serverChecksOf(allServices(shared), service, plain, values);
  if (!checks.ok) return checks;
  const server: StoredServer = { ...plain, ...checks.value };
  const changed = { ...service, servers: [...service.servers, server] };
  const impossible = layer4Fault(changed);
  if (impossible !== undefined) return err(impossible);
  return ok({ ...withService(shared, changed), nextServerIndex: server.index + 1 });
}

export function changeServer(shared: SharedContent, values: ValuesOf<"modrs">): ServerEdit {
  const row = findRow(shared, values);
  if (row !== undefined) return changeRow(shared, row, values);
  const found = findServer(shared, values);
  if (!found.ok) return found;
  const { service, server } = found.value;
  const port = values.newport ?? server.port;
  if (port !== server.port) {
    const fault = portFault("newport", service, port) ?? serverFault(service, server.address, port);
    if (fault !== undefined) return err(fault);
  }
  const checks = serverChecksOf(allServices(shared), service, server, values);
  if (!checks.ok) return checks;
  const { critical: _critical, follow: _follow, ...rest } = server;
  const changed: StoredServer = {
    ...rest,
    ...checks.value,
    port,
    weight: values.Weight ?? server.weight,
    limit: values.Limit ?? server.limit,
    enabled: values.Enable ?? server.enabled,
  };
  const next = withServer(service, changed);
  const impossible = layer4Fault(next);
  if (impossible !== undefined) return err(impossible);
  return ok({ index: service.index, server: server.index, shared: withService(shared, next) });
}

/** Of a SubVS its service knows the weight, and whether it is used. */
function changeRow(
  shared: SharedContent,
  { service, subService, sub }: Row,
  { Weight, Enable, Limit, newport, Critical, Follow }: ValuesOf<"modrs">,
): ServerEdit {
  if (Limit !== undefined && Limit !== 0)
    return refuse(
      `Limit: ${Limit} is not available for SubVS ${subService.index}, whose real servers have limits of their own; set it there`,
    );
  if (newport !== undefined)
    return refuse(`newport: ${newport} is not possible for SubVS ${subService.index}, which has no port`);
  if (Critical === true || (Follow ?? 0) !== 0)
    return refuse(
      `${Critical === true ? "Critical: Y" : `Follow: ${Follow}`} is not available for SubVS ${subService.index}; set it at its real servers`,
    );
  const row = { ...sub.row, weight: Weight ?? sub.row.weight };
  const changed = { ...subService, enabled: Enable ?? subService.enabled, sub: { ...sub, row } };
  return ok({ index: service.index, server: row.index, shared: withService(shared, changed) });
}

export function removeServer(shared: SharedContent, values: ValuesOf<"delrs">): ServerEdit {
  const found = findServer(shared, values);
  if (!found.ok) return found;
  const { service, server } = found.value;
  const servers = service.servers.filter((each) => each.index !== server.index);
  return ok({
    index: service.index,
    server: server.index,
    shared: withoutLostFollowing(withService(shared, { ...service, servers })),
  });
}

/** Every real server of an address, in whichever service it stands. */
export function switchServers(
  shared: SharedContent,
  address: string,
  enabled: boolean,
): Result<SharedContent, Failure> {
  const wanted = canonicalAddress(address);
  const isMeant = (server: StoredServer): boolean => server.address === wanted;
  const having = allServices(shared).filter(({ servers }) => servers.some(isMeant));
  if (having.length === 0) return refuse(unknownServer);
  return ok(
    having.reduce(
      (so, service) =>
        service.servers
          .filter(isMeant)
          .reduce((next, server) => withServerIn(next, service.index, { ...server, enabled }), so),
      shared,
    ),
  );
}

/** The content with a server in place of the one of its index in a service or SubVS that is there. */
function withServerIn(shared: SharedContent, index: number, server: StoredServer): SharedContent {
  const service = allServices(shared).find((each) => each.index === index);
  return service === undefined ? shared : withService(shared, withServer(service, server));
}

/** By index, or by address, port and protocol. */
export function findService(shared: SharedContent, reference: Reference): Result<AnyService, Failure> {
  if (/^\d+$/.test(reference.vs)) {
    const found = allServices(shared).find((each) => each.index === Number(reference.vs));
    return found === undefined ? refuse(unknownService) : ok(found);
  }
  if (reference.port === undefined) return err(missing(serviceReference[1]));
  if (reference.prot === undefined) return err(missing(serviceReference[2]));
  const found = shared.services.find(
    (each) =>
      each.address === spelled(reference.vs) &&
      each.port === reference.port &&
      protocolOf(each) === reference.prot,
  );
  return found === undefined ? refuse(unknownService) : ok(found);
}

type Row = {
  readonly service: AnyService;
  readonly subService: AnyService;
  readonly sub: NonNullable<AnyService["sub"]>;
};

/** The row of a SubVS by `!index` in its service; undefined where the reference is not one of a SubVS. */
export function findRow(shared: SharedContent, reference: Reference & ServerReference): Row | undefined {
  const service = findService(shared, reference);
  if (!service.ok || !reference.rs.startsWith("!")) return undefined;
  const wanted = Number(reference.rs.slice(1));
  for (const subService of subServicesOf(service.value))
    if (subService.sub?.row.index === wanted)
      return { service: service.value, subService, sub: subService.sub };
  return undefined;
}

/** By `!index`, or by address and port, within its service. */
export function findServer(
  shared: SharedContent,
  reference: Reference & ServerReference,
): Result<{ service: AnyService; server: StoredServer }, Failure> {
  const service = findService(shared, reference);
  if (!service.ok) return service;
  const byIndex = reference.rs.startsWith("!");
  if (!byIndex && reference.rsport === undefined) return err(missing(serverReference[1]));
  const server = service.value.servers.find((each) =>
    byIndex
      ? each.index === Number(reference.rs.slice(1))
      : each.address === spelled(reference.rs) && each.port === reference.rsport,
  );
  return server === undefined ? refuse(unknownServer) : ok({ service: service.value, server });
}

function serverFault(service: StoredService, address: string, port: number): Failure | undefined {
  const six = parseIpv6(address);
  if (six === undefined && parseIpv4(address) === undefined)
    return invalid("rs", address, "an IPv4 or IPv6 address such as 10.0.0.31 or 2001:db8::31");
  const why = six && hostFaultIpv6(six);
  if (why !== undefined)
    return { code: 422, message: `rs: ${address} is ${why}; give the address that the server is reached at` };
  const same = service.servers.find((each) => each.address === address && each.port === port);
  return same === undefined
    ? undefined
    : {
        code: 422,
        message: `rs: ${placeText({ address, port })} is real server ${same.index} of virtual service ${service.index} already; change that one with modrs`,
      };
}

/** Why a server of the service cannot have the port. */
function portFault(name: "rsport" | "newport", service: StoredService, port: number): Failure | undefined {
  if ((service.port === everyPort) === (port === everyPort)) return undefined;
  return {
    code: 422,
    message:
      service.port === everyPort
        ? `${name}: ${port} is one port, and virtual service ${service.index} has every one, where servers are spoken to at the port that the client used; use *`
        : `${name}: * is for services on every port, and virtual service ${service.index} has port ${service.port}; give the server's port`,
  };
}

/** An address of IPv6 in the one spelling that is kept and compared. */
export const spelled = (text: string): string => canonicalAddress(text) ?? text;

/** The service with the server in place of the one of its index. */
export const withServer = (service: AnyService, server: StoredServer): AnyService => ({
  ...service,
  servers: service.servers.map((each) => (each.index === server.index ? server : each)),
});

/** `http2` is of type http; what is more is an option. */
const typeNamed = (name: string | undefined): StoredService["type"] | undefined =>
  name === "http" || name === "http2" ? "http" : name === "gen" ? "gen" : undefined;

const hasRules = ({ rules, servers }: StoredService): boolean =>
  rules !== undefined || servers.some((each) => each.rules !== undefined);

/** The layer that the parameters ask for, or the one before. */
function layerOf(
  before: Pick<StoredService, "layer" | "port" | "protocol">,
  { ForceL4, ForceL7, Transparent }: ServiceValues,
): Result<4 | 7, Failure> {
  if (ForceL4 !== undefined && ForceL4 === ForceL7)
    return refuse(
      `ForceL7: ${yesNo(ForceL7)} contradicts ForceL4 ${yesNo(ForceL4)}; a service works at one of the two layers, give one of them`,
    );
  const four = ForceL4 ?? (ForceL7 === undefined ? before.layer === 4 : !ForceL7);
  const only = onlyAtLayer4(before);
  if (only !== undefined && !four)
    return refuse(
      `ForceL4: N is not possible for ${only}, which the kernel passes on at layer 4 and HAProxy cannot; use ForceL4 Y`,
    );
  if (Transparent !== undefined && Transparent !== four)
    return refuse(
      four
        ? `Transparent: N is not possible at layer 4, where servers see the client's address; leave it out${orLayer7(before)}`
        : "Transparent: Y is not available at layer 7 on this unit yet; leave it out, or use ForceL4 Y",
    );
  return ok(four ? 4 : 7);
}

const yesNo = (value: boolean | undefined): string => (value === true ? "Y" : "N");

/** What a layer-4 service cannot do, by the parameter that asks for it. */
function layer4Fault(service: StoredService): Failure | undefined {
  const { layer, address, type, schedule, persist, idletime, addVia, servers } = service;
  if (layer !== 4) return undefined;
  const no = (message: string): Failure => ({ code: 422, message });
  if (isIpv6(address))
    return no(
      `ForceL4: ${address} is an IPv6 address, and at layer 4 the kernel is given rules for IPv4 alone; use an IPv4 address${orLayer7(service)}`,
    );
  const server6 = servers.find((each) => isIpv6(each.address));
  if (server6 !== undefined)
    return no(
      `rs: ${server6.address} is an IPv6 address, to which a layer-4 service on ${address} cannot pass packets of IPv4 on; use the server's IPv4 address${orLayer7(service)}`,
    );
  const unread =
    layer4AccessFault(service) ??
    layer4TlsFault(service) ??
    layer4OptionFault(service) ??
    layer4CheckFault(service);
  if (unread !== undefined) return no(unread);
  if (type !== "gen")
    return no(
      `VStype: ${type} reads what is sent, and layer 4 passes packets on unread; use VStype gen${orLayer7(service)}`,
    );
  if (schedule === "uhash")
    return no("Schedule: uhash reads the URL, and layer 4 passes packets on unread; use rr, wrr or sh");
  if (schedule === "lc" || schedule === "wlc")
    return no(
      `Schedule: ${schedule} counts each server's open connections, which is not done at layer 4; use rr, wrr or sh`,
    );
  if (schedule === "fixed")
    return no(`Schedule: fixed is not done at layer 4; use rr, wrr or sh${orLayer7(service)}`);
  if (schedule === "adaptive")
    return no(`Schedule: adaptive is not done at layer 4; use rr, wrr or sh${orLayer7(service)}`);
  if (persist !== undefined)
    return no(
      `Persist: ${persist.mode} is not available at layer 4; use Schedule sh, which keeps a client's address on one server`,
    );
  if (idletime !== 0)
    return no(`Idletime: ${idletime} is not available at layer 4, where the kernel decides; set it to 0`);
  if (addVia !== 0 && addVia !== 2)
    return no(`AddVia: ${addVia} writes a header, and layer 4 passes packets on as they are; use 2`);
  const limited = servers.find(({ limit }) => limit !== 0);
  return limited === undefined
    ? undefined
    : no(
        `Limit: ${limited.limit} of real server ${limited.index} is not available at layer 4, which counts no open connections; set it to 0`,
      );
}

/** The service with what the parameters say; an empty text removes. */
function withValues(
  service: AnyService,
  values: ServiceValues & Partial<ValuesOf<"modvs">>,
  shared: SharedContent,
): Result<AnyService, Failure> {
  const layer = layerOf(service, values);
  if (!layer.ok) return layer;
  const type = typeNamed(values.VStype) ?? service.type;
  const persistence = persistenceOf({ ...service, type }, values);
  if (!persistence.ok) return persistence;
  const persist = persistence.value;
  const schedule = (values.Schedule as StoredService["schedule"] | undefined) ?? service.schedule;
  if (schedule === "uhash" && type !== "http")
    return refuse(
      `Schedule: uhash reads the URL, and the service's VStype is ${type}; use VStype http, or Schedule sh`,
    );
  if (type !== "http" && hasRules(service))
    return refuse(
      `VStype: ${type} reads no HTTP, and virtual service ${service.index} or one of its servers has rules; take them away first`,
    );
  if (layer.value === 4 && hasEntries(shared.access))
    return refuse(
      `ForceL4: there are access lists of all services, which HAProxy follows and layer 4 does not; empty them first (aclcontrol)${orLayer7(service)}`,
    );
  const options = optionsOf({ ...service, type, persist }, values);
  if (!options.ok) return options;
  const check = checkOf(service.check, values);
  if (!check.ok) return check;
  const minimum = minimumOf(service, values);
  if (!minimum.ok) return minimum;
  const tls = tlsOf({ ...service, type, options: options.value }, values, shared);
  if (!tls.ok) return tls;
  const {
    nickname,
    check: _check,
    minimum: _minimum,
    persist: _persist,
    layer: _layer,
    tls: _tls,
    options: _options,
    ...rest
  } = service;
  const text = (value: string | undefined, before: string | undefined): string | undefined =>
    value === undefined ? before : value === "" ? undefined : value;
  const nextNickname = text(values.NickName, nickname);
  const next: AnyService = {
    ...rest,
    ...(layer.value === 4 ? { layer: 4 } : {}),
    ...(persist === undefined ? {} : { persist }),
    ...(tls.value === undefined ? {} : { tls: tls.value }),
    ...(options.value === undefined ? {} : { options: options.value }),
    ...(nextNickname === undefined ? {} : { nickname: nextNickname }),
    enabled: values.Enable ?? rest.enabled,
    type,
    schedule,
    idletime: values.Idletime ?? rest.idletime,
    addVia: values.AddVia ?? rest.addVia,
    check: check.value,
    ...(minimum.value === undefined ? {} : { minimum: minimum.value }),
  };
  const impossible = subServiceFault(service, next, values);
  if (impossible !== undefined) return refuse(impossible);
  const fault = layer4Fault(next);
  return fault === undefined ? ok(next) : err(fault);
}
