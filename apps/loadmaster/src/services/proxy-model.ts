/** The stored services as HAProxy is to carry them out: defaults filled in, API codes put into words. */
import { isIpv6 } from "@tandem/base/ipv6";
import type {
  CheckMethod,
  HealthCheck,
  Peers,
  ProcessSettings,
  ProxyModel,
  RealServer,
  SubService,
  VirtualService,
} from "@tandem/haproxy-config/model";
import { proxyAccess, proxyAccessOfService } from "../access-lists/lists.ts";
import { ProxyRules } from "../rules/proxy-rules.ts";
import { emptyShared, type SharedContent, type StoredService } from "../state/document.ts";
import { findIn, globalChecks, isCheckedByProxy, patternOf } from "./checks.ts";
import { proxyFrontOptions, proxyOptions } from "./options.ts";
import { proxyPersistence, remembersClients } from "./persistence.ts";
import { type AnyService, allServices, type SubServiceRow, subServicesOf } from "./sub-services.ts";
import { proxyTls, type TlsSources, tlsSources } from "./tls.ts";
import { besideServicesDiffers } from "./traffic-content.ts";

export const idletimeDefaultSeconds = 660;

/** `peers`: who this unit's HAProxy shares persistence tables with. They are left out where no service has a table. */
export const proxyModel = (
  shared: SharedContent,
  process: Omit<ProcessSettings, "peers">,
  peers: Peers,
): ProxyModel => {
  const sources = tlsSources(shared);
  const rules = new ProxyRules(shared);
  last = { shared, services: besideServicesDiffers(last.shared, shared) ? new WeakMap() : last.services };
  // The kernel carries layer-4 services; HAProxy must not listen where they stand.
  const services = shared.services
    .filter((each) => each.layer !== 4)
    .map((each) => proxyService(each, shared, sources, rules));
  const { unused, replacing } = rules;
  return {
    process: allServices(shared).some((each) => each.enabled && each.layer !== 4 && remembersClients(each))
      ? { ...process, peers }
      : process,
    services,
    ...proxyAccess(shared),
    ...(unused.length === 0 ? {} : { unusedRules: unused }),
    ...(replacing.length === 0 ? {} : { replacingRules: replacing }),
  };
};

/** Services as they were made for HAProxy last, and the content that they were made from. */
let last: { readonly shared: SharedContent; readonly services: WeakMap<StoredService, VirtualService> } = {
  shared: emptyShared,
  services: new WeakMap(),
};

/** Neither rules nor another service are in it, whose use is counted or which may change without it. */
const standsAlone = ({ rules, subServices, servers }: StoredService): boolean =>
  rules === undefined &&
  subServices === undefined &&
  servers.every((server) => server.rules === undefined && server.follow === undefined);

function proxyService(
  service: StoredService,
  shared: SharedContent,
  sources: TlsSources,
  rules: ProxyRules,
): VirtualService {
  const known = last.services.get(service);
  if (known !== undefined) return known;
  const made = makeService(service, shared, sources, rules);
  if (standsAlone(service)) last.services.set(service, made);
  return made;
}

function makeService(
  service: StoredService,
  shared: SharedContent,
  sources: TlsSources,
  rules: ProxyRules,
): VirtualService {
  const subServices = subServicesOf(service).map((each) => proxySubService(each, shared, sources, rules));
  return {
    ...proxyBackend(service, shared, sources, rules),
    port: service.port,
    ...proxyFrontOptions(service),
    ...proxyAccessOfService(shared, service),
    ...(subServices.length === 0 ? {} : { subServices }),
  };
}

const proxySubService = (
  service: AnyService,
  shared: SharedContent,
  sources: TlsSources,
  rules: ProxyRules,
): SubService => ({
  ...proxyBackend(service, shared, sources, rules),
  weight: service.sub?.row.weight ?? 1,
  ...choosersOf(rules, service.sub?.row),
});

/** The rules that choose a SubVS. */
function choosersOf(rules: ProxyRules, row: SubServiceRow | undefined): Pick<SubService, "chosenBy"> {
  const { rules: chosenBy } = rules.choosing({ rules: row?.rules });
  return chosenBy === undefined ? {} : { chosenBy };
}

function proxyBackend(
  service: StoredService,
  shared: SharedContent,
  sources: TlsSources,
  rules: ProxyRules,
): Omit<VirtualService, "port" | "extraPorts" | "limits" | "unavailable" | "subServices"> {
  const persistence = proxyPersistence(service);
  return {
    index: service.index,
    address: service.address,
    mode: service.type === "http" ? "http" : "tcp",
    ...(service.nickname === undefined ? {} : { nickname: service.nickname }),
    enabled: service.enabled,
    schedule: service.schedule,
    ...(persistence === undefined ? {} : { persistence }),
    idleSeconds: service.idletime || idletimeDefaultSeconds,
    header: {
      forwardedFor: [0, 1, 5].includes(service.addVia),
      clientSide: [3, 4].includes(service.addVia),
      via: [1, 3, 6].includes(service.addVia),
    },
    ...proxyOptions(service),
    ...proxyTls(service, sources),
    check: healthCheck(service, shared.health),
    ...(service.minimum === undefined ? {} : { minimumServers: service.minimum }),
    ...rules.ofService(service),
    servers: service.servers.map(({ limit, rules: names, follow, ...server }) => ({
      ...server,
      connectionLimit: limit,
      ...sharedHealth(follow, shared),
      ...rules.choosing({ rules: names }),
    })),
  };
}

const methods: readonly CheckMethod[] = ["HEAD", "GET", "POST", "OPTIONS"];

/** How HAProxy learns of the health of a server that follows another one; nothing while that one is not in force. */
function sharedHealth(
  follow: number | undefined,
  shared: SharedContent,
): Pick<RealServer, "follows" | "unchecked"> {
  if (follow === undefined) return {};
  const inForce = shared.services
    .filter(({ enabled, layer }) => enabled && layer !== 4)
    .flatMap((each) => [each, ...subServicesOf(each).filter(({ enabled }) => enabled)]);
  const followed = findIn(inForce, follow);
  if (followed === undefined) return {};
  return isCheckedByProxy(followed.service.check)
    ? { follows: { service: followed.service.index, server: followed.server.index } }
    : { unchecked: true };
}

/** A stored check in words; `health` are the values of all services. */
export function healthCheck({ address, check }: StoredService, health: SharedContent["health"]): HealthCheck {
  const { type } = check;
  if (type === "none") return { kind: "none" };
  const defaults = globalChecks({ ...(health === undefined ? {} : { health }) });
  const timing = {
    intervalSeconds: check.intervalSeconds || defaults.RetryInterval,
    timeoutSeconds: check.timeoutSeconds || defaults.Timeout,
    retries: check.retries || defaults.RetryCount,
    ...(check.port === 0 ? {} : { port: check.port }),
  };
  switch (type) {
    case "icmp":
    case "tcp":
      return { kind: type, timing };
    case "bdata":
      return {
        kind: "data",
        timing,
        ...(check.sends === undefined ? {} : { send: check.sends }),
        ...(check.seeks === undefined ? {} : { pattern: check.seeks }),
        within: check.within ?? 0,
      };
    case "http":
    case "https": {
      const pattern = patternOf(check);
      return {
        kind: "http",
        timing,
        method: methods[check.method] ?? "HEAD",
        path: check.url ?? "/",
        ...(type === "https" ? { tls: true } : {}),
        ...(check.use11 ? { host: check.host ?? (isIpv6(address) ? `[${address}]` : address) } : {}),
        codes: check.codes,
        ...(check.headers === undefined ? {} : { headers: check.headers }),
        ...(check.body === undefined || check.method !== 2 ? {} : { body: check.body }),
        ...(pattern === undefined ? {} : { pattern: pattern.text }),
        ...(pattern?.inverted === true ? { inverted: true } : {}),
      };
    }
    default:
      return { kind: "protocol", timing, protocol: type };
  }
}
