/**
 * Limits, what is answered while no server can, further ports, connections, compression and written headers: what the
 * parameters say together.
 */
import { parseIpv4 } from "@tandem/base/ip";
import { canonicalAddress, hostFaultIpv6, parseIpv6 } from "@tandem/base/ipv6";
import { err, ok, type Result } from "@tandem/base/result";
import { extraPortsMax, redirectCodes } from "@tandem/haproxy-config/limits";
import type { ServiceOptions, TypeOfService, VirtualService } from "@tandem/haproxy-config/model";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { invalid } from "@tandem/loadmaster-api/parameters";
import type { StoredService } from "../state/document.ts";
import type { ServiceValues } from "./edit.ts";
import { readsPassedOn } from "./persistence.ts";
import { orLayer7 } from "./place.ts";

/** A service's type, and how it remembers clients, as they are to be. */
type Typed = Pick<StoredService, "type"> & { readonly persist: StoredService["persist"] };

type StoredOptions = NonNullable<StoredService["options"]>;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** Of a redirect, when only the URL is given. */
const redirectCodeDefault = 302;

/** The service's options with what the parameters say; absent when all are off. */
export function optionsOf(
  service: Pick<StoredService, "options"> & Typed,
  values: ServiceValues,
): Result<StoredService["options"], Failure> {
  const before = service.options ?? {};
  const standby = standbyOf(before, values);
  if (!standby.ok) return standby;
  const ports = extraPortsOf(before, values);
  if (!ports.ok) return ports;
  const headers = headersOf(before, values);
  if (!headers.ok) return headers;
  const unavailable = unavailableOf(before, values);
  if (!unavailable.ok) return unavailable;
  const number = (given: number | undefined, stood: number | undefined): number | undefined =>
    (given ?? stood) || undefined;
  const flag = (given: boolean | undefined, stood: true | undefined): true | undefined =>
    (given ?? stood === true) || undefined;
  const text = {
    compress: flag(values.Compress, before.compress),
    http2: flag(values.VStype === undefined ? undefined : values.VStype === "http2", before.http2),
    multiConnect: flag(values.MultiConnect, before.multiConnect),
    reschedule: flag(values.HTTPReschedule, before.reschedule),
    refreshPersist: flag(values.RefreshPersist, before.refreshPersist),
    serverInit: number(values.ServerInit, before.serverInit),
    qos: number(values.QoS === undefined ? undefined : Number(values.QoS), before.qos),
    connections: number(values.MaxConnsLimit, before.connections),
    connectionsPerSecond: number(values.ConnsPerSecLimit, before.connectionsPerSecond),
    requestsPerSecond: number(values.RequestsPerSecLimit, before.requestsPerSecond),
    extraPorts: ports.value,
    standby: standby.value,
    ...headers.value,
    ...unavailable.value,
  };
  const options = Object.fromEntries(
    Object.entries(text).filter(([, value]) => value !== undefined),
  ) as StoredOptions;
  const http = ofHttp.find(({ field }) => options[field] !== undefined);
  if (http !== undefined && service.type !== "http")
    return refuse(
      `${http.name}: ${JSON.stringify(options[http.field])} needs HTTP, and the service's VStype is ${service.type}; use VStype http`,
    );
  const fault = serverInitFault(options, service) ?? refreshFault(options, service);
  if (fault !== undefined) return refuse(fault);
  return ok(Object.keys(options).length === 0 ? undefined : options);
}

/** A server is connected to as soon as its client is, unless what the client says has to be read first. */
function serverInitFault({ serverInit }: StoredOptions, { type, persist }: Typed): string | undefined {
  if (serverInit === undefined) return undefined;
  if (type === "http")
    return `ServerInit: with ${serverInit} servers speak first, and in HTTP, the service's VStype, clients do; use VStype gen, or ServerInit 0`;
  return persist !== undefined && readsPassedOn(persist.mode)
    ? `ServerInit: with ${serverInit} servers speak first, and Persist ${persist.mode} chooses one by what the client says first; use Persist src, or ServerInit 0`
    : undefined;
}

const refreshFault = ({ refreshPersist }: StoredOptions, { persist }: Typed): string | undefined =>
  refreshPersist !== undefined && (persist?.mode === "active-cookie" || persist?.mode === "ssl")
    ? `RefreshPersist: Y is not possible with Persist ${persist.mode}, where ${persist.mode === "ssl" ? "the first connection of a session has no id of it yet" : "the client keeps the time in its cookie"}; use another Persist, such as src, or RefreshPersist N`
    : undefined;

const ofHttp: readonly { readonly field: keyof StoredOptions; readonly name: string }[] = [
  { field: "compress", name: "Compress" },
  { field: "multiConnect", name: "MultiConnect" },
  { field: "reschedule", name: "HTTPReschedule" },
  { field: "requestsPerSecond", name: "RequestsPerSecLimit" },
  { field: "errorCode", name: "ErrorCode" },
  { field: "copyFrom", name: "CopyHdrFrom" },
  { field: "headerName", name: "ExtraHdrKey" },
];

/** What a service at layer 4 cannot do, by the parameter that asks for it. */
export function layer4OptionFault(service: StoredService): string | undefined {
  const { options = {} } = service;
  const name = [
    ...ofHttp,
    { field: "connections", name: "MaxConnsLimit" } as const,
    { field: "connectionsPerSecond", name: "ConnsPerSecLimit" } as const,
    { field: "standby", name: "StandbyAddr" } as const,
    { field: "extraPorts", name: "ExtraPorts" } as const,
    { field: "qos", name: "QoS" } as const,
  ].find(({ field }) => options[field] !== undefined)?.name;
  return name === undefined
    ? undefined
    : `${name}: this is not available at layer 4, where the kernel passes packets on; unset it${orLayer7(service)}`;
}

/** What clients meet before a SubVS is chosen, and so no option of a SubVS. */
export const optionsOfParentAlone = [
  "MaxConnsLimit",
  "ConnsPerSecLimit",
  "RequestsPerSecLimit",
  "ErrorCode",
  "ErrorUrl",
  "ExtraPorts",
  "ServerInit",
  "QoS",
] as const satisfies readonly (keyof ServiceValues)[];

function standbyOf(
  before: StoredOptions,
  { StandbyAddr, StandbyPort }: ServiceValues,
): Result<StoredOptions["standby"], Failure> {
  const text = StandbyAddr ?? before.standby?.address ?? "";
  if (text === "")
    return StandbyPort === undefined || StandbyPort === 0
      ? ok(undefined)
      : refuse(`StandbyPort: ${StandbyPort} needs the server's address; give StandbyAddr as well`);
  const address = canonicalAddress(text) ?? text;
  const six = parseIpv6(address);
  if ((six === undefined && parseIpv4(address) === undefined) || (six && hostFaultIpv6(six) !== undefined))
    return err(invalid("StandbyAddr", text, "an IPv4 or IPv6 address; empty to remove it"));
  const port = StandbyPort || before.standby?.port;
  return port === undefined
    ? refuse(`StandbyAddr: ${address} needs a port; give StandbyPort as well`)
    : ok({ address, port });
}

function extraPortsOf(
  before: StoredOptions,
  { ExtraPorts }: ServiceValues,
): Result<string[] | undefined, Failure> {
  if (ExtraPorts === undefined) return ok(before.extraPorts);
  const ranges = ExtraPorts.split(/[ ,]+/).filter((each) => each !== "");
  for (const range of ranges) {
    const [, from = "", to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
    if (from === "" || Number(from) < 1 || Number(to) > 65_535 || Number(to) < Number(from))
      return err(
        invalid("ExtraPorts", range, "ports and ranges such as 8080 9000-9010, separated by blanks"),
      );
  }
  const ports = portsIn(ranges);
  if (ports.length > extraPortsMax)
    return refuse(`ExtraPorts: there are ${ports.length} ports in it; allowed are ${extraPortsMax}`);
  return ok(ranges.length === 0 ? undefined : ranges);
}

const portsIn = (ranges: readonly string[]): number[] => [
  ...new Set(
    ranges.flatMap((range) => {
      const [from = 0, to = from] = range.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    }),
  ),
];

/** All ports of a service, its own first. */
export const portsOf = ({ port, options }: Pick<StoredService, "port" | "options">): number[] => [
  port,
  ...portsIn(options?.extraPorts ?? []).filter((each) => each !== port),
];

function unavailableOf(
  before: StoredOptions,
  { ErrorCode, ErrorUrl }: ServiceValues,
): Result<Pick<StoredOptions, "errorCode" | "errorUrl">, Failure> {
  const url = (ErrorUrl ?? before.errorUrl ?? "") || undefined;
  const given = ErrorCode === undefined || ErrorCode === "" ? ErrorCode : Number(ErrorCode);
  const asked = given === undefined ? before.errorCode : given === "" || given === 0 ? undefined : given;
  const errorCode = asked ?? (url === undefined || given === "" ? undefined : redirectCodeDefault);
  if (errorCode === undefined)
    return url === undefined || ErrorUrl === undefined
      ? ok({})
      : refuse("ErrorUrl: it needs the code of a redirect; give ErrorCode as well, such as 302");
  if (url !== undefined && !redirectCodes.includes(errorCode))
    return refuse(
      `ErrorCode: ${errorCode} is no redirect, and ErrorUrl is set; use ${redirectCodes.join(", ")}, or set ErrorUrl empty`,
    );
  return ok({ errorCode, ...(url === undefined ? {} : { errorUrl: url }) });
}

function headersOf(
  before: StoredOptions,
  values: ServiceValues,
): Result<Pick<StoredOptions, "copyFrom" | "copyTo" | "headerName" | "headerValue">, Failure> {
  const text = (given: string | undefined, stood: string | undefined): string | undefined =>
    (given ?? stood) || undefined;
  const copyFrom = text(values.CopyHdrFrom, before.copyFrom);
  const copyTo = text(values.CopyHdrTo, before.copyTo);
  const headerName = text(values.ExtraHdrKey, before.headerName);
  const headerValue = text(values.ExtraHdrValue, before.headerValue);
  // One of them alone is off, as on real units, where they are set one after the other.
  return ok({
    ...(copyFrom === undefined ? {} : { copyFrom }),
    ...(copyTo === undefined ? {} : { copyTo }),
    ...(headerName === undefined ? {} : { headerName }),
    ...(headerValue === undefined ? {} : { headerValue }),
  });
}

/** What of it a service and a SubVS have alike, as HAProxy is to carry it out. */
export function proxyOptions({ options = {} }: StoredService): ServiceOptions {
  const { standby, compress, multiConnect, reschedule, copyFrom, copyTo, headerName, headerValue } = options;
  const headers = {
    ...(copyFrom === undefined || copyTo === undefined ? {} : { copied: { from: copyFrom, to: copyTo } }),
    ...(headerName === undefined || headerValue === undefined
      ? {}
      : { added: { name: headerName, value: headerValue } }),
  };
  return {
    ...(standby === undefined ? {} : { standby }),
    ...(compress === undefined ? {} : { compress }),
    ...(multiConnect === undefined ? {} : { sharesConnections: multiConnect }),
    ...(reschedule === undefined ? {} : { reschedules: reschedule }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
}

/** What of it clients meet at a service. */
export function proxyFrontOptions(
  service: StoredService,
): Pick<VirtualService, "limits" | "unavailable" | "extraPorts" | "typeOfService"> {
  const { connections, connectionsPerSecond, requestsPerSecond, errorCode, errorUrl, qos } =
    service.options ?? {};
  const limits = {
    ...(connections === undefined ? {} : { connections }),
    ...(connectionsPerSecond === undefined ? {} : { connectionsPerSecond }),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
  };
  const extraPorts = portsOf(service).slice(1);
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(extraPorts.length === 0 ? {} : { extraPorts }),
    // The API's numbers are the bits of RFC 1349, which leaves the lowest one of the octet unused.
    ...(qos === undefined ? {} : { typeOfService: (qos * 2) as TypeOfService }),
    ...(errorCode === undefined
      ? {}
      : { unavailable: { code: errorCode, ...(errorUrl === undefined ? {} : { url: errorUrl }) } }),
  };
}
