/**
 * What can be rendered. The API checks its parameters in its own words first; this is the last gate, so that no text or
 * number outside these bounds reaches a file, whoever made the model.
 */
import { parseIpv4 } from "@tandem/base/ip";
import { canonicalAddress, isIpv6, socketText } from "@tandem/base/ipv6";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { accessEntriesMax, networkText } from "./access.ts";
import {
  type AccessLists,
  type HashedPart,
  type HealthCheck,
  type KeyedPersistence,
  type Peer,
  type ProxyModel,
  type RealServer,
  schedules,
  scriptedProtocols,
  type TlsOffload,
  tlsVersions,
  typesOfService,
  type VirtualService,
} from "./model.ts";
import { groupsIn, groupsMax, type Replacing, strangeIn, strangeInReplacement } from "./replacing.ts";
import type { ChangeRule, MatchRule } from "./rule-model.ts";
import { isQuotable } from "./syntax.ts";

export const servicesMax = 1_000;
export const serversPerServiceMax = 1_000;
/** Of one service. */
export const subServicesMax = 256;
export const connectionsMax = 9_000;
export const checkPathMaxChars = 126;
export const checkBodyMaxChars = 2_047;
export const nicknameMaxChars = 127;
/** Clients that one service remembers; the one not seen for the longest time makes way for another. */
export const persistenceEntriesMax = 100_000;
/** HAProxy counts a table's milliseconds in 31 bits; this is the last whole minute below. */
export const persistenceSecondsMax = 2_147_460;
export const cookieNameMaxChars = 127;
export const certificatesPerServiceMax = 64;
export const ciphersMax = 100;
/** A day to three years. */
export const strictTransportSeconds = [86_400, 94_608_000] as const;
/** HAProxy appends a process id while it replaces a socket, and sun_path holds 108 bytes (unix(7)). */
export const socketPathMaxBytes = 90;

const integer = (value: number, low: number, high: number): boolean =>
  Number.isInteger(value) && value >= low && value <= high;

/**
 * The model itself when all of it can be rendered, else the first thing that cannot. `isKnown`: a service that was found
 * good before, each member of it the same.
 */
export function checkModel(
  model: ProxyModel,
  isKnown: (service: VirtualService) => boolean = () => false,
): Result<ProxyModel, FieldError> {
  const found =
    checkProcess(model) ??
    checkAccess(model.access?.lists, "aclcontrol") ??
    firstOf([...(model.unusedRules ?? []), ...(model.replacingRules ?? [])], (rule) =>
      isRule(rule) ? undefined : wrongRule("rule", rule),
    ) ??
    firstOf(model.services, (service) => (isKnown(service) ? undefined : checkService(service))) ??
    duplicates(
      model.services.map((service) => service.index),
      "service",
    ) ??
    checkFollowing(model) ??
    checkPlaces(model);
  return found === undefined ? ok(model) : err(found);
}

function checkProcess({ process, services }: ProxyModel): FieldError | undefined {
  if (!process.runtimeSocket.startsWith("/") || !isQuotable(process.runtimeSocket))
    return fault("runtimeSocket", process.runtimeSocket, "an absolute path without control characters");
  if (new TextEncoder().encode(process.runtimeSocket).length > socketPathMaxBytes)
    return fault(
      "runtimeSocket",
      process.runtimeSocket,
      `at most ${socketPathMaxBytes} bytes; choose a shorter stateDir`,
    );
  if (!process.filesDirectory.startsWith("/") || !isQuotable(process.filesDirectory))
    return fault("filesDirectory", process.filesDirectory, "an absolute path without control characters");
  if (!integer(process.maxConnections, 1, connectionsMax))
    return fault("maxConnections", process.maxConnections, `1 to ${connectionsMax}`);
  if (!integer(process.hardStopSeconds, 1, 86_400))
    return fault("hardStopSeconds", process.hardStopSeconds, "1 to 86400");
  const { peers } = process;
  if (peers !== undefined) {
    const found =
      checkPeer(peers.own) ?? (peers.partner === undefined ? undefined : checkPeer(peers.partner));
    if (found !== undefined) return found;
    if (peers.partner?.name === peers.own.name)
      return fault("peers", peers.own.name, "two names that differ");
  }
  if (services.length > servicesMax) return fault("services", services.length, `at most ${servicesMax}`);
  return undefined;
}

function checkPeer({ name, address, port }: Peer): FieldError | undefined {
  if (!/^[a-z0-9-]{1,64}$/.test(name))
    return fault("peers: name", name, "up to 64 lower-case letters, digits and hyphens");
  if (parseIpv4(address) === undefined) return fault("peers: address", address, "an IPv4 address");
  if (!integer(port, 1, 65_535)) return fault("peers: port", port, "1 to 65535");
  return undefined;
}

function checkService(service: VirtualService): FieldError | undefined {
  const field = (name: string): string => `virtual service ${service.index}: ${name}`;
  if (!integer(service.index, 1, 65_535)) return fault(field("index"), service.index, "1 to 65535");
  if (canonicalAddress(service.address) !== service.address)
    return fault(field("address"), service.address, "an IPv4 address, or one of IPv6 as RFC 5952 writes it");
  if (!integer(service.port, 1, 65_535)) return fault(field("port"), service.port, "1 to 65535");
  if (
    service.nickname !== undefined &&
    (!isQuotable(service.nickname) || service.nickname.length > nicknameMaxChars)
  )
    return fault(
      field("NickName"),
      service.nickname,
      `1 to ${nicknameMaxChars} characters, none of them a control character`,
    );
  if (!schedules.includes(service.schedule))
    return fault(field("Schedule"), service.schedule, schedules.join(", "));
  if (service.schedule === "uhash" && service.mode !== "http")
    return fault(field("Schedule"), service.schedule, "only with VStype http");
  if (!integer(service.idleSeconds, 1, 86_400))
    return fault(field("Idletime"), service.idleSeconds, "1 to 86400 seconds");
  if (service.servers.length > serversPerServiceMax)
    return fault(field("servers"), service.servers.length, `at most ${serversPerServiceMax}`);
  if (service.minimumServers !== undefined && !integer(service.minimumServers, 1, serversPerServiceMax))
    return fault(field("RsMinimum"), service.minimumServers, `1 to ${serversPerServiceMax}`);
  return (
    checkPersistence(service, field) ??
    checkRules(service, field) ??
    checkOptions(service, field) ??
    checkAccess(service.access, field("aclcontrol")) ??
    checkTls(service, field) ??
    checkCheck(service, field) ??
    firstOf(service.servers, (server) => checkServer(server, field)) ??
    duplicates(
      service.servers.map((server) => server.index),
      field("real server"),
    )
  );
}

function checkPersistence(
  { persistence, mode }: VirtualService,
  field: (name: string) => string,
): FieldError | undefined {
  if (persistence === undefined) return undefined;
  if (persistence.kind === "hash") return checkHashed(persistence.of, mode, field);
  if (!integer(persistence.timeoutSeconds, 60, persistenceSecondsMax))
    return fault(
      field("PersistTimeout"),
      persistence.timeoutSeconds,
      `60 to ${persistenceSecondsMax} seconds`,
    );
  if (persistence.kind === "source") return undefined;
  if (persistence.kind === "keyed") return checkKey(persistence, mode, field);
  if (mode !== "http") return fault(field("Persist"), "active-cookie", "only with VStype http");
  if (!isCookieName(persistence.name))
    return fault(
      field("Cookie"),
      persistence.name,
      `up to ${cookieNameMaxChars} letters, digits, - and _, a letter first`,
    );
  return undefined;
}

function checkAccess(lists: AccessLists | undefined, field: string): FieldError | undefined {
  if (lists === undefined) return undefined;
  const all = [...lists.allow, ...lists.block];
  const wrong = all.find((each) => networkText(each) !== each);
  if (wrong !== undefined) return fault(field, wrong, "a network such as 10.0.0.0/8, without host bits");
  return all.length > accessEntriesMax * 2 || new Set(all).size < all.length
    ? fault(field, all.length, `up to ${accessEntriesMax} networks in each list, none of them twice`)
    : undefined;
}

/** Of limits of connections and requests. */
export const limitMax = 1_000_000;
export const extraPortsMax = 510;
/** With which HAProxy redirects (configuration.txt, http-request redirect). */
export const redirectCodes: readonly number[] = [301, 302, 303, 307, 308];
export const isErrorUrl = (text: string): boolean => /^[\x21-\x7e]{1,255}$/.test(text);

function checkOptions(service: VirtualService, field: (name: string) => string): FieldError | undefined {
  const { extraPorts = [], limits = {}, unavailable, standby, headers, compress, mode } = service;
  const { typeOfService, sharesConnections, reschedules } = service;
  const ports = extraPorts.find((each) => !integer(each, 1, 65_535) || each === service.port);
  if (
    ports !== undefined ||
    extraPorts.length > extraPortsMax ||
    new Set(extraPorts).size < extraPorts.length
  )
    return fault(field("ExtraPorts"), extraPorts, `up to ${extraPortsMax} further ports`);
  const limit = Object.values(limits).find((each) => !integer(each, 1, limitMax));
  if (limit !== undefined) return fault(field("limits"), limit, `1 to ${limitMax}`);
  if (standby !== undefined && canonicalAddress(standby.address) !== standby.address)
    return fault(field("StandbyAddr"), standby.address, "an address as RFC 5952 writes it");
  if (standby !== undefined && !integer(standby.port, 1, 65_535))
    return fault(field("StandbyPort"), standby.port, "1 to 65535");
  if (typeOfService !== undefined && !typesOfService.includes(typeOfService))
    return fault(field("QoS"), typeOfService, typesOfService.join(", "));
  const http =
    unavailable ?? headers ?? compress ?? sharesConnections ?? reschedules ?? limits.requestsPerSecond;
  if (http !== undefined && mode !== "http") return fault(field("options"), http, "only with VStype http");
  if (unavailable !== undefined) {
    const { code, url } = unavailable;
    if (url === undefined ? !integer(code, 200, 505) : !redirectCodes.includes(code) || !isErrorUrl(url))
      return fault(field("ErrorCode"), unavailable, "200 to 505; with ErrorUrl the code of a redirect");
  }
  const copied = headers?.copied?.from;
  if (copied !== undefined && !isReadHeaderName(copied))
    return fault(field("CopyHdrFrom"), copied, "a header's name without '");
  const names = [headers?.copied?.to, headers?.added?.name];
  const name = names.find((each) => each !== undefined && !isHeaderName(each));
  if (name !== undefined) return fault(field("header"), name, "a header's name");
  return headers?.added !== undefined && !isQuotable(headers.added.value)
    ? fault(field("ExtraHdrValue"), headers.added.value, "printable text")
    : undefined;
}

function checkRules(
  { mode, rules, servers }: VirtualService,
  field: (name: string) => string,
): FieldError | undefined {
  const chosen = servers.flatMap((each) => each.rules ?? []);
  if (rules === undefined && chosen.length === 0) return undefined;
  if (mode !== "http") return fault(field("rule"), mode, "only with VStype http");
  const all = [
    ...chosen.filter((each) => each !== "default"),
    ...(rules === undefined ? [] : [...rules.before, ...rules.request, ...rules.response]),
  ];
  const wrong = all.find((rule) => !isRule(rule));
  if (wrong !== undefined) return wrongRule(field("rule"), wrong);
  return rules?.response.some(({ kind }) => kind === "change-url") === true
    ? fault(field("rule"), "change-url", "only in requests")
    : undefined;
}

const wrongRule = (field: string, rule: MatchRule | ChangeRule): FieldError =>
  fault(field, rule, "a name, printable patterns and values, flags from 1 to 9");

const isFlag = (flag: number | undefined): boolean => flag === undefined || integer(flag, 1, 9);
/** What stands between parentheses cannot be quoted for HAProxy. */
const isReadHeaderName = (text: string): boolean => isHeaderName(text) && !text.includes("'");
const isHeaderName = (text: string): boolean => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,127}$/.test(text);

function isRule(rule: MatchRule | ChangeRule): boolean {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/.test(rule.name)) return false;
  if (!isFlag(rule.onlyOnFlag) || !isFlag(rule.onlyOnNoFlag)) return false;
  switch (rule.kind) {
    case "match":
      return (
        isQuotable(rule.pattern) &&
        isFlag(rule.setFlag) &&
        (rule.subject.part !== "header" || isReadHeaderName(rule.subject.header))
      );
    case "add-header":
      return isHeaderName(rule.header) && isQuotable(rule.value);
    case "delete-header":
      return isQuotable(rule.pattern);
    case "replace-header":
      return isHeaderName(rule.header) && isReplacing(rule);
    case "change-url":
      return isReplacing(rule) && /^[\x21-\x7e]*$/.test(rule.replacement);
  }
}

const isReplacing = (rule: Replacing): boolean =>
  isQuotable(rule.pattern) &&
  groupsIn(rule.pattern) <= groupsMax &&
  strangeIn(rule.pattern) === undefined &&
  (rule.replacement === "" || isQuotable(rule.replacement)) &&
  strangeInReplacement(rule) === undefined;

function checkKey(
  { key }: KeyedPersistence,
  mode: VirtualService["mode"],
  field: (name: string) => string,
): FieldError | undefined {
  const ofTcp = key.by === "rdp" || key.by === "tls-session";
  if (ofTcp !== (mode === "tcp"))
    return fault(field("Persist"), key.by, `only with VStype ${ofTcp ? "gen" : "http"}`);
  return "name" in key && !isCookieName(key.name)
    ? fault(field("Cookie"), key.name, "letters, digits, - and _, a letter first")
    : undefined;
}

function checkHashed(
  of: HashedPart,
  mode: VirtualService["mode"],
  field: (name: string) => string,
): FieldError | undefined {
  if (mode !== "http") return fault(field("Persist"), of.part, "only with VStype http");
  if (of.part === "cookie" && !isCookieName(of.name))
    return fault(field("Cookie"), of.name, "letters, digits, - and _, a letter first");
  return of.part === "query" && !isQueryParameter(of.parameter)
    ? fault(field("QueryTag"), of.parameter, "1 to 127 letters, digits and _ . ~ -")
    : undefined;
}

const isQueryParameter = (text: string): boolean => /^[A-Za-z0-9_.~-]{1,127}$/.test(text);

function checkTls(
  { offload, tlsToServers, rewriteLocations, mode }: VirtualService,
  field: (name: string) => string,
): FieldError | undefined {
  if (rewriteLocations !== undefined && mode !== "http")
    return fault(field("SSLRewrite"), rewriteLocations, "only with VStype http");
  if (
    tlsToServers?.name !== undefined &&
    !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(tlsToServers.name)
  )
    return fault(field("ReverseSNIHostname"), tlsToServers.name, "a host name");
  if (tlsToServers?.passName === true && offload === undefined)
    return fault(field("PassSni"), true, "only where TLS of clients ends at the service");
  if (offload === undefined) return undefined;
  const { certificates, minVersion, maxVersion, http2 } = offload;
  if (!integer(certificates.length, 1, certificatesPerServiceMax))
    return fault(field("CertFile"), certificates.length, `1 to ${certificatesPerServiceMax} certificates`);
  const wrong = certificates.find((each) => !isPem(each.pem));
  if (wrong !== undefined) return fault(field("CertFile"), wrong.name, "PEM");
  const [from, to] = [tlsVersions.indexOf(minVersion), tlsVersions.indexOf(maxVersion)];
  if (from < 0 || to < from) return fault(field("TLSType"), `${minVersion} to ${maxVersion}`, "a range");
  if (http2 && mode !== "http") return fault(field("AllowHTTP2"), true, "only with VStype http");
  return checkClients(offload, mode, field);
}

function checkClients(
  {
    ciphers = ["DEFAULT"],
    ciphers13 = ["DEFAULT"],
    tellCipher,
    clientCertificates,
    strictTransport,
  }: TlsOffload,
  mode: VirtualService["mode"],
  field: (name: string) => string,
): FieldError | undefined {
  for (const [name, list] of [
    ["CipherSet", ciphers],
    ["Tls13CipherSet", ciphers13],
  ] as const)
    if (
      !integer(list.length, 1, ciphersMax) ||
      !list.every((each) => /^[A-Z0-9][A-Za-z0-9_-]{0,63}$/.test(each))
    )
      return fault(field(name), list.slice(0, 3), `1 to ${ciphersMax} names of ciphers`);
  if (tellCipher === true && mode !== "http")
    return fault(field("PassCipher"), true, "only with VStype http");
  if (strictTransport !== undefined) {
    const [low, high] = strictTransportSeconds;
    if (mode !== "http" || !integer(strictTransport.maxAgeSeconds, low, high))
      return fault(
        field("SecurityHeaderOptions"),
        strictTransport.maxAgeSeconds,
        `${low} to ${high} seconds, with VStype http`,
      );
  }
  if (clientCertificates === undefined) return undefined;
  if (clientCertificates.told.kind !== "nothing" && mode !== "http")
    return fault(field("ClientCert"), clientCertificates.told.kind, "only with VStype http");
  return isPem(clientCertificates.authorities)
    ? undefined
    : fault(field("IntermediateCerts"), "authorities", "PEM");
}

const isPem = (text: string): boolean =>
  /^(-----BEGIN [A-Z ]+-----\n([A-Za-z0-9+/=]+\n)+-----END [A-Z ]+-----\n)+$/.test(text);

/** Fewer characters than RFC 6265 section 4.1.1 allows: those that no program misreads. */
export const isCookieName = (text: string): boolean =>
  text.length <= cookieNameMaxChars && /^[A-Za-z][A-Za-z0-9_-]*$/.test(text);

function checkCheck({ check }: VirtualService, field: (name: string) => string): FieldError | undefined {
  if (check.kind === "none") return undefined;
  const { timing } = check;
  if (!integer(timing.intervalSeconds, 1, 3_600))
    return fault(field("ChkInterval"), timing.intervalSeconds, "1 to 3600 seconds");
  if (!integer(timing.timeoutSeconds, 1, 3_600))
    return fault(field("ChkTimeout"), timing.timeoutSeconds, "1 to 3600 seconds");
  if (!integer(timing.retries, 1, 100)) return fault(field("ChkRetryCount"), timing.retries, "1 to 100");
  if (timing.port !== undefined && !integer(timing.port, 1, 65_535))
    return fault(field("CheckPort"), timing.port, "1 to 65535");
  switch (check.kind) {
    case "icmp":
    case "tcp":
      return undefined;
    case "protocol":
      return scriptedProtocols.includes(check.protocol)
        ? undefined
        : fault(field("CheckType"), check.protocol, scriptedProtocols.join(", "));
    case "data":
      return checkData(check, field);
    case "http":
      return checkRequest(check, field);
  }
}

function checkData(
  { send, pattern, within }: HealthCheck & { kind: "data" },
  field: (name: string) => string,
): FieldError | undefined {
  for (const [name, hex] of [
    ["CheckUrl", send],
    ["CheckPattern", pattern],
  ] as const)
    if (hex !== undefined && !isHex(hex))
      return fault(field(name), hex, "an even number of hexadecimal digits, at most 2000");
  return integer(within, 0, 8_000) ? undefined : fault(field("MatchLen"), within, "0 (all) to 8000 bytes");
}

const isHex = (text: string): boolean => text.length <= 2_000 && /^([0-9A-F]{2})+$/.test(text);

function checkRequest(
  check: HealthCheck & { kind: "http" },
  field: (name: string) => string,
): FieldError | undefined {
  if (!isCheckPath(check.path))
    return fault(
      field("CheckUrl"),
      check.path,
      `a path that begins with /, printable ASCII without blanks, at most ${checkPathMaxChars} characters`,
    );
  if (check.host !== undefined && !isHostName(check.host))
    return fault(field("CheckHost"), check.host, "a host name or an address");
  if (!check.codes.every((code) => integer(code, 300, 599)))
    return fault(field("CheckCodes"), check.codes, "codes from 300 to 599");
  const header = check.headers?.find(({ name, value }) => !isHeaderName(name) || !isQuotable(value));
  if (header !== undefined) return fault(field("CheckHeaders"), header, "a name and a printable value each");
  if (check.body !== undefined && (!isQuotable(check.body) || check.body.length > checkBodyMaxChars))
    return fault(
      field("CheckPostData"),
      check.body,
      `1 to ${checkBodyMaxChars} characters, none of them a control character`,
    );
  if (check.pattern !== undefined && !isQuotable(check.pattern))
    return fault(field("CheckPattern"), check.pattern, "a regular expression without control characters");
  return undefined;
}

function checkPlaces({ services }: ProxyModel): FieldError | undefined {
  const taken = new Set<string>();
  for (const { enabled, address, port, extraPorts = [] } of services) {
    if (!enabled) continue;
    for (const each of [port, ...extraPorts]) {
      const place = `${address} ${each}`;
      if (taken.has(place)) return fault("address and port", socketText(address, each), "each one only once");
      taken.add(place);
    }
  }
  return undefined;
}

/** HAProxy does not start when a server tracks one that is not there, or is not checked itself. */
function checkFollowing({ services }: ProxyModel): FieldError | undefined {
  const follows = ({ servers }: Pick<VirtualService, "servers">): boolean =>
    servers.some((server) => server.follows !== undefined);
  if (!services.some((each) => follows(each) || each.subServices?.some(follows))) return undefined;
  const enabled = services
    .filter((each) => each.enabled)
    .flatMap((each) => [each, ...(each.subServices ?? []).filter((one) => one.enabled)]);
  const checked = new Set(
    enabled
      .filter(({ check }) => check.kind !== "none" && check.kind !== "icmp")
      .flatMap(({ index, servers }) =>
        servers
          .filter(({ follows, unchecked }) => follows === undefined && unchecked !== true)
          .map((each) => `${index}/${each.index}`),
      ),
  );
  return firstOf(enabled, ({ index, servers }) =>
    firstOf(servers, (server) =>
      server.follows === undefined || checked.has(`${server.follows.service}/${server.follows.server}`)
        ? undefined
        : fault(
            `virtual service ${index}: real server ${server.index}: Follow`,
            server.follows,
            "a server that is checked itself",
          ),
    ),
  );
}

function checkServer(server: RealServer, field: (name: string) => string): FieldError | undefined {
  const of = (name: string): string => field(`real server ${server.index}: ${name}`);
  if (!integer(server.index, 1, 1_000_000)) return fault(of("index"), server.index, "1 to 1000000");
  if (canonicalAddress(server.address) !== server.address)
    return fault(of("address"), server.address, "an IPv4 address, or one of IPv6 as RFC 5952 writes it");
  if (!integer(server.port, 1, 65_535)) return fault(of("port"), server.port, "1 to 65535");
  if (!integer(server.weight, 1, 65_535)) return fault(of("Weight"), server.weight, "1 to 65535");
  if (!integer(server.connectionLimit, 0, 100_000))
    return fault(of("Limit"), server.connectionLimit, "0 (none) to 100000");
  return undefined;
}

/** The request target of a health check: nothing in it can end the word or the request line. */
export const isCheckPath = (text: string): boolean =>
  text.length <= checkPathMaxChars && /^\/[\x21-\x7e]*$/.test(text);

export const isHostName = (text: string): boolean =>
  text.length <= 253 &&
  (/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/.test(text) ||
    isIpv6(/^\[([0-9a-f:]+)\]$/.exec(text)?.[1] ?? ""));

function firstOf<Item>(
  items: readonly Item[],
  check: (item: Item) => FieldError | undefined,
): FieldError | undefined {
  for (const item of items) {
    const fault = check(item);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function duplicates(keys: readonly (string | number)[], field: string): FieldError | undefined {
  const seen = new Set<string | number>();
  for (const key of keys) {
    if (seen.has(key)) return fault(field, key, "each one only once");
    seen.add(key);
  }
  return undefined;
}

const fault = (field: string, value: unknown, right: string): FieldError => ({
  code: "not-renderable",
  field,
  value,
  message: `${field} cannot be ${JSON.stringify(value)}`,
  remedy: `allowed: ${right}`,
});
