/** How a service's servers are checked, and when it is available: what the parameters of checks say together. */
import { err, ok, type Result } from "@tandem/base/result";
import {
  type CheckType,
  globalCheckDefaults,
  retryIntervalMax,
} from "@tandem/loadmaster-api/check-parameters";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { everyPort } from "@tandem/loadmaster-api/place";
import type { SharedContent, StoredServer, StoredService } from "../state/document.ts";
import type { ServiceValues, ValuesOf } from "./edit.ts";
import { onlyAtLayer4 } from "./place.ts";
import { type AnyService, allServices, withService } from "./sub-services.ts";

type Check = StoredService["check"];

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** What a new service's servers are checked by, as on real units; elsewhere tcp. */
const typesByPort: ReadonlyMap<number, CheckType> = new Map([
  [21, "ftp"],
  [23, "telnet"],
  [25, "smtp"],
  [110, "pop3"],
  [119, "nntp"],
  [143, "imap"],
  [3_389, "rdp"],
]);

export function newCheck(place: Pick<StoredService, "port" | "protocol">, readsHttp: boolean): Check {
  const byPort = place.port === 80 && readsHttp ? "http" : (typesByPort.get(place.port) ?? "tcp");
  return {
    // A server of UDP need not speak TCP, and every port is none.
    type: onlyAtLayer4(place) === undefined ? byPort : "icmp",
    use11: false,
    method: 0,
    codes: [],
    port: 0,
    intervalSeconds: 0,
    timeoutSeconds: 0,
    retries: 0,
  };
}

/** The check with what the parameters say, or why it cannot be; an empty text removes. */
export function checkOf(before: Check, values: ServiceValues): Result<Check, Failure> {
  const { url, host, pattern, headers, body, sends, seeks, within, ...rest } = before;
  const type = (values.CheckType as CheckType | undefined) ?? rest.type;
  const { CheckUrl, CheckPattern } = values;
  const isBytes = type === "bdata";
  if (CheckUrl?.startsWith("/") === isBytes && CheckUrl !== "")
    return refuse(
      isBytes
        ? `CheckUrl: ${CheckUrl} is a path, and CheckType bdata sends bytes; give pairs of hexadecimal digits`
        : `CheckUrl: ${CheckUrl} is no path; give one that begins with /, or use CheckType bdata`,
    );
  if (isBytes && !/^([0-9A-Fa-f]{2}){0,127}$/.test(CheckPattern ?? ""))
    return refuse(
      `CheckPattern: "${CheckPattern}" is not valid with CheckType bdata; give up to 127 pairs of hexadecimal digits`,
    );
  if (!isBytes && CheckPattern === "^")
    return refuse("CheckPattern: ^ alone says nothing that must not be there; give a pattern after it");
  const changed = <Value>(given: string | undefined, was: Value, read: (text: string) => Value) =>
    given === undefined ? was : given === "" ? undefined : read(given);
  const asIs = (text: string): string => text;
  const bytes = (text: string): string => text.toUpperCase();
  return ok({
    ...rest,
    ...present({
      url: isBytes ? url : changed(CheckUrl, url, asIs),
      host: changed(values.CheckHost, host, asIs),
      pattern: isBytes ? pattern : changed(CheckPattern, pattern, asIs),
      headers: changed(values.CheckHeaders, headers, headersIn),
      body: changed(values.CheckPostData, body, asIs),
      sends: isBytes ? changed(CheckUrl, sends, bytes) : sends,
      seeks: isBytes ? changed(CheckPattern, seeks, bytes) : seeks,
      within: (values.MatchLen ?? within) || undefined,
    }),
    type,
    use11: values["CheckUse1.1"] ?? rest.use11,
    method: values.CheckUseGet ?? rest.method,
    codes: values.CheckCodes?.split(" ").filter(Boolean).map(Number) ?? rest.codes,
    port: values.CheckPort ?? rest.port,
    intervalSeconds: values.ChkInterval ?? rest.intervalSeconds,
    timeoutSeconds: values.ChkTimeout ?? rest.timeoutSeconds,
    retries: values.ChkRetryCount ?? rest.retries,
  });
}

/** Without what is undefined, which the document has no place for. */
const present = <Values extends object>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Values]?: Exclude<Values[Name], undefined>;
  };

const headersIn = (text: string): { name: string; value: string }[] =>
  text.split("|").map((each) => {
    const colon = each.indexOf(":");
    return { name: each.slice(0, colon), value: each.slice(colon + 1).trim() };
  });

export const headersText = (headers: Check["headers"] = []): string =>
  headers.map(({ name, value }) => `${name}:${value}`).join("|");

/** `RsMinimum` as it is to be kept, or why not. */
export function minimumOf(
  { minimum, servers, subServices }: StoredService,
  { EnhancedHealthChecks, RsMinimum }: ServiceValues,
): Result<number | undefined, Failure> {
  const enhanced = EnhancedHealthChecks ?? minimum !== undefined;
  if (enhanced && subServices !== undefined)
    return refuse(
      "EnhancedHealthChecks: Y is not possible for a service with SubVS, which is up with one of them; set it at the SubVS",
    );
  if (!enhanced)
    return RsMinimum === undefined || RsMinimum <= 1
      ? ok(undefined)
      : refuse(`RsMinimum: ${RsMinimum} needs EnhancedHealthChecks; set it to Y as well`);
  const wanted = Math.max(1, RsMinimum ?? minimum ?? 1);
  return RsMinimum === undefined || wanted <= Math.max(1, servers.length)
    ? ok(wanted)
    : refuse(
        `RsMinimum: ${RsMinimum} servers cannot be up, the service has ${servers.length}; give at most that, or add servers first`,
      );
}

/** What a server has of `Follow` and `Critical`, or why not. */
export function serverChecksOf(
  services: readonly StoredService[],
  service: StoredService,
  before: StoredServer,
  { Follow, Critical }: Pick<ValuesOf<"modrs">, "Follow" | "Critical">,
): Result<Pick<StoredServer, "critical" | "follow">, Failure> {
  const { index } = before;
  const follow = Follow === undefined ? before.follow : Follow === 0 || Follow === index ? undefined : Follow;
  if (Follow !== undefined && follow !== undefined) {
    const fault = followFault(services, service, index, follow);
    if (fault !== undefined) return refuse(`Follow: ${fault}`);
  }
  return ok({
    ...((Critical ?? before.critical) === true ? { critical: true } : {}),
    ...(follow === undefined ? {} : { follow }),
  });
}

function followFault(
  services: readonly StoredService[],
  service: StoredService,
  index: number,
  follow: number,
): string | undefined {
  const followed = findIn(services, follow);
  if (followed === undefined) return `there is no real server ${follow}; give the RsIndex of one`;
  if ((followed.service.layer ?? 7) !== (service.layer ?? 7))
    return `real server ${follow} is of a service at layer ${followed.service.layer ?? 7}, whose health is not known at the other layer; follow one at the same layer`;
  if (followed.server.follow !== undefined)
    return `real server ${follow} follows ${followed.server.follow} itself; follow that one`;
  const follower = services.flatMap(({ servers }) => servers).find((each) => each.follow === index);
  return follower === undefined
    ? undefined
    : `real server ${follower.index} follows this one, which has to be checked itself then; set its Follow to 0 first`;
}

/** Of a service or of a SubVS among these. */
export function findIn(
  services: readonly AnyService[],
  index: number,
): { readonly service: AnyService; readonly server: StoredServer } | undefined {
  for (const service of services) {
    const server = service.servers.find((each) => each.index === index);
    if (server !== undefined) return { service, server };
  }
  return undefined;
}

/** Why a service cannot be at its layer: one of its servers follows, or is followed by, one at the other. */
export function followingApart(
  services: readonly StoredService[],
  { index, layer, servers }: StoredService,
): string | undefined {
  for (const other of services) {
    if (other.index === index || other.layer === layer) continue;
    const pair =
      servers.find(({ follow }) => other.servers.some((each) => each.index === follow)) ??
      other.servers.find(({ follow }) => servers.some((each) => each.index === follow));
    if (pair !== undefined)
      return `ForceL4: real server ${pair.index} follows ${pair.follow}, and both have to be at one layer; set its Follow to 0 first`;
  }
  return undefined;
}

/** Who followed a server that is gone is checked itself again. */
export function withoutLostFollowing(shared: SharedContent): SharedContent {
  const all = allServices(shared);
  const there = new Set(all.flatMap(({ servers }) => servers.map(({ index }) => index)));
  const isLost = ({ follow }: StoredServer): boolean => follow !== undefined && !there.has(follow);
  return all
    .filter(({ servers }) => servers.some(isLost))
    .reduce((content, { index }) => {
      const service = allServices(content).find((each) => each.index === index);
      return service === undefined
        ? content
        : withService(content, {
            ...service,
            servers: service.servers.map((server) => {
              if (!isLost(server)) return server;
              const { follow: _lost, ...rest } = server;
              return rest;
            }),
          });
    }, shared);
}

/** What the unit's own checks cannot do of those that HAProxy can. */
export function layer4CheckFault({ check, port }: StoredService): string | undefined {
  if (port === everyPort && check.port === 0 && check.type !== "icmp" && check.type !== "none")
    return `CheckType: ${check.type} needs a port, and the service has every one; give CheckPort as well, or use icmp or none`;
  const pattern = patternOf(check)?.text;
  if (pattern === undefined) return undefined;
  try {
    new RegExp(pattern);
    return undefined;
  } catch {
    return `CheckPattern: "${pattern}" is no regular expression as it is read at layer 4; give one that JavaScript knows`;
  }
}

/** Of the others the unit knows more than HAProxy. */
export const isCheckedByProxy = ({ type }: Check): boolean => type !== "none" && type !== "icmp";

/** Of an http check whose method has an answer with content. */
export function patternOf({ type, method, pattern }: Check): { text: string; inverted?: true } | undefined {
  if ((type !== "http" && type !== "https") || pattern === undefined || (method !== 1 && method !== 2))
    return undefined;
  return pattern.startsWith("^") ? { text: pattern.slice(1), inverted: true } : { text: pattern };
}

/** Whether a service with these servers up is up itself. Disabled ones are not up. */
export function isAvailable(
  { minimum = 1, servers }: StoredService,
  isUp: (server: StoredServer) => boolean,
): boolean {
  const up = servers.filter(isUp);
  return up.length >= minimum && servers.every((each) => each.critical !== true || up.includes(each));
}

/** Of all services, in seconds. */
export const globalChecks = ({ health }: Pick<SharedContent, "health">) => ({
  RetryInterval: health?.intervalSeconds ?? globalCheckDefaults.RetryInterval,
  Timeout: health?.timeoutSeconds ?? globalCheckDefaults.Timeout,
  RetryCount: health?.retries ?? globalCheckDefaults.RetryCount,
});

/** With what `modhealth` says: the interval follows where the other two need a longer one. */
export function withGlobalChecks(
  shared: SharedContent,
  values: ValuesOf<"modhealth">,
): Result<SharedContent, Failure> {
  const before = globalChecks(shared);
  const Timeout = values.Timeout ?? before.Timeout;
  const RetryCount = values.RetryCount ?? before.RetryCount;
  const least = RetryCount * Timeout + 1;
  const most = Math.max(retryIntervalMax, least);
  const asked = values.RetryInterval;
  if (asked !== undefined && (asked < least || asked > most))
    return refuse(
      `RetryInterval: ${asked} is not possible with Timeout ${Timeout} and RetryCount ${RetryCount}; give ${least} to ${most}, or change those first`,
    );
  const RetryInterval = Math.min(most, Math.max(least, asked ?? before.RetryInterval));
  const { health: _before, ...rest } = shared;
  const isDefault =
    RetryInterval === globalCheckDefaults.RetryInterval &&
    Timeout === globalCheckDefaults.Timeout &&
    RetryCount === globalCheckDefaults.RetryCount;
  return ok({
    ...rest,
    ...(isDefault
      ? {}
      : { health: { intervalSeconds: RetryInterval, timeoutSeconds: Timeout, retries: RetryCount } }),
  });
}
