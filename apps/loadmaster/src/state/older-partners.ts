/** What a document holds that the program of an older partner does not know, so that it is not sent there (SPEC LH11). */
import { isIpv6 } from "@tandem/base/ipv6";
import { everyPort } from "@tandem/loadmaster-api/place";
import type { SharedContent, StoredService } from "./document.ts";

/** What the content uses that a partner's program of link version 2 does not know, in words; empty: nothing. */
export const unknownToLinkVersion2 = ({ services, ha }: SharedContent): string[] => [
  ...(services.some((each) => each.persist !== undefined) ? ["persistence"] : []),
  ...(services.some((each) => each.layer === 4) ? ["layer-4 services"] : []),
  ...(ha.l7Updates === undefined ? [] : ["hal7update"]),
  ...(ha.fast === undefined ? [] : ["hafast"]),
  ...(ha.interface === undefined ? [] : ["haif"]),
  ...(ha.broadcast === undefined ? [] : ["macglobal"]),
  ...(ha.virtualMac === undefined ? [] : ["vmac"]),
  ...(ha.checks === undefined ? [] : ["hacheck"]),
  ...(ha.l4Updates === undefined ? [] : ["hal4update"]),
];

const isByHash = (persist: StoredService["persist"]): boolean =>
  persist !== undefined && persist.mode !== "src" && persist.mode !== "active-cookie";

/** What the content uses that a partner's program of link version 3 does not know, in words; empty: nothing. */
export const unknownToLinkVersion3 = ({ services, sharedAddresses6 }: SharedContent): string[] => [
  ...(sharedAddresses6 === undefined ? [] : ["shared addresses of IPv6"]),
  ...(services.some(({ address, servers }) => [address, ...servers.map((each) => each.address)].some(isIpv6))
    ? ["services or real servers with IPv6 addresses"]
    : []),
];

/** What the content uses that a partner's program of link version 4 does not know, in words; empty: nothing. */
export const unknownToLinkVersion4 = ({ services, certificates, intermediates }: SharedContent): string[] => [
  ...(certificates === undefined && intermediates === undefined ? [] : ["certificates of services"]),
  ...(services.some((each) => each.tls !== undefined) ? ["TLS of services"] : []),
  ...(services.some((each) => each.check.type === "https") ? ["health checks over TLS"] : []),
  ...(services.some(({ persist, schedule }) => schedule === "uhash" || isByHash(persist))
    ? ["choosing a server by what is asked for"]
    : []),
];

/** All that a document could hold at link version 5. What came later is optional, and so unknown where it is present. */
const linkVersion5 = {
  shared: [
    "certificates",
    "ha",
    "intermediates",
    "nextServerIndex",
    "nextServiceIndex",
    "services",
    "sharedAddresses",
    "sharedAddresses6",
  ],
  ha: [
    "broadcast",
    "checks",
    "fast",
    "interface",
    "l4Updates",
    "l7Updates",
    "preferred",
    "timeout",
    "vhid",
    "virtualMac",
  ],
  service: [
    "addVia",
    "address",
    "check",
    "enabled",
    "idletime",
    "index",
    "layer",
    "nickname",
    "persist",
    "port",
    "schedule",
    "servers",
    "tls",
    "type",
  ],
  server: ["address", "enabled", "index", "limit", "port", "weight"],
  check: [
    "codes",
    "host",
    "intervalSeconds",
    "method",
    "port",
    "retries",
    "timeoutSeconds",
    "type",
    "url",
    "use11",
  ],
  persist: ["cookie", "mode", "queryTag", "timeoutSeconds"],
  tls: ["certificates", "http2", "offload", "passSni", "reencrypt", "reverse", "tlsType"],
  values: {
    type: ["gen", "http"],
    schedule: ["lc", "rr", "sh", "uhash", "wlc", "wrr"],
    checkType: ["http", "https", "none", "tcp"],
    persistMode: ["active-cookie", "host", "query-hash", "src", "url"],
  },
} as const;

/** What the content uses that a partner's program of link version 5 does not know, by the names of the document; empty: nothing. */
export function unknownToLinkVersion5(shared: SharedContent): string[] {
  const unknown = new Set<string>();
  const compare = (what: string, known: readonly string[], present: object | undefined): void => {
    for (const name of Object.keys(present ?? {}))
      if (!known.includes(name)) unknown.add(what === "" ? name : `${name} of ${what}`);
  };
  const value = (what: string, known: readonly string[], present: string | undefined): void => {
    if (present !== undefined && !known.includes(present)) unknown.add(`${what} ${present}`);
  };
  const { values } = linkVersion5;
  compare("", linkVersion5.shared, shared);
  compare("HA", linkVersion5.ha, shared.ha);
  for (const service of shared.services) {
    compare("services", linkVersion5.service, service);
    compare("health checks", linkVersion5.check, service.check);
    compare("persistence", linkVersion5.persist, service.persist);
    compare("TLS", linkVersion5.tls, service.tls);
    value("service type", values.type, service.type);
    value("schedule", values.schedule, service.schedule);
    value("health check", values.checkType, service.check.type);
    value("persistence", values.persistMode, service.persist?.mode);
    if (service.port === everyPort) unknown.add("services on every port");
    for (const server of service.servers) compare("real servers", linkVersion5.server, server);
  }
  return [...unknown].sort();
}
