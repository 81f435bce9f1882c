/** How a client is kept on its server: what the parameters Persist, PersistTimeout, Cookie and QueryTag say together. */
import { err, ok, type Result } from "@tandem/base/result";
import type { Persistence } from "@tandem/haproxy-config/model";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { StoredService } from "../state/document.ts";
import type { ServiceValues } from "./edit.ts";

/** Seconds, when persistence is asked for without saying how long. */
const persistTimeoutDefault = 360;

type Stored = NonNullable<StoredService["persist"]>;
type Mode = Stored["mode"];

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** What each mode reads, and the parameter that it needs. `table`: clients are remembered, and the pair shares that. */
const modes: {
  readonly [Each in Mode]: {
    readonly reads?: "http" | "tcp";
    readonly needs?: "Cookie" | "QueryTag";
    readonly table?: true;
  };
} = {
  src: { table: true },
  "active-cookie": { reads: "http", needs: "Cookie" },
  "active-cook-src": { reads: "http", needs: "Cookie", table: true },
  cookie: { reads: "http", needs: "Cookie", table: true },
  "cookie-src": { reads: "http", needs: "Cookie", table: true },
  "cookie-hash": { reads: "http", needs: "Cookie" },
  "cookie-hash-src": { reads: "http", needs: "Cookie" },
  url: { reads: "http" },
  "query-hash": { reads: "http", needs: "QueryTag" },
  host: { reads: "http" },
  header: { reads: "http", needs: "Cookie", table: true },
  super: { reads: "http", table: true },
  "super-src": { reads: "http", table: true },
  ssl: { reads: "tcp", table: true },
  rdp: { reads: "tcp", table: true },
  "rdp-src": { reads: "tcp", table: true },
  "rdp-sb": { reads: "tcp", table: true },
  "rdp-sb-src": { reads: "tcp", table: true },
};

const isMode = (text: string): text is Mode => Object.hasOwn(modes, text);

/** Whether HAProxy remembers clients of the service, so that its peers are told. */
export const remembersClients = ({ persist }: StoredService): boolean =>
  persist !== undefined && modes[persist.mode].table === true;

/** The mode waits for what a client of a service of type gen says first. */
export const readsPassedOn = (mode: Mode): boolean => modes[mode].reads === "tcp";

/** The parameters that belong to some modes, and what they are without. */
const companions = {
  Cookie: { one: "active-cookie", what: "the name of the cookie, or of the header", example: "LMSESSION" },
  QueryTag: { one: "query-hash", what: "the name of the parameter of the URL", example: "id" },
} as const;

/** The service's persistence with what the parameters say, or why it cannot be. `service` has its new type already. */
export function persistenceOf(
  service: StoredService,
  values: ServiceValues,
): Result<StoredService["persist"], Failure> {
  const before = service.persist;
  const { Persist, PersistTimeout } = values;
  const asked = Persist === undefined ? before?.mode : Persist.toLowerCase();
  if (asked === "udpsip")
    return refuse(
      "Persist: udpsip reads SIP, and this unit passes UDP on unread; use Schedule sh, which keeps a client's address on one server",
    );
  const mode = asked !== undefined && isMode(asked) ? asked : undefined;
  const seconds = PersistTimeout ?? before?.timeoutSeconds ?? persistTimeoutDefault;
  const timeoutSeconds = seconds - (seconds % 60);
  if (mode === undefined && PersistTimeout !== undefined && timeoutSeconds > 0)
    return refuse(`PersistTimeout: ${PersistTimeout} needs a kind of persistence; set Persist as well`);
  const needs = mode === undefined ? undefined : modes[mode].needs;
  for (const name of ["Cookie", "QueryTag"] as const) {
    const given = values[name] ?? "";
    if (given === "" || needs === name) continue;
    return refuse(
      mode === undefined
        ? `${name}: "${given}" needs a persistence by it; set Persist to ${companions[name].one} as well`
        : `${name}: "${given}" is not used with Persist ${mode}; leave it out or set it empty`,
    );
  }
  if (mode === undefined || timeoutSeconds === 0) return ok(undefined);
  const fault = cannotRead(service, mode);
  if (fault !== undefined) return refuse(fault);
  const cookie = values.Cookie ?? before?.cookie ?? "";
  const queryTag = values.QueryTag ?? before?.queryTag ?? "";
  const lacking = needs === "Cookie" ? cookie === "" : needs === "QueryTag" && queryTag === "";
  if (needs !== undefined && lacking)
    return refuse(
      `${needs}: ${mode} needs ${companions[needs].what}; give one, such as ${companions[needs].example}`,
    );
  return ok({
    mode,
    timeoutSeconds,
    ...(needs === "Cookie" ? { cookie } : {}),
    ...(needs === "QueryTag" ? { queryTag } : {}),
  });
}

function cannotRead({ type, tls }: StoredService, mode: Mode): string | undefined {
  const { reads } = modes[mode];
  if (reads === "http" && type !== "http")
    return `Persist: ${mode} reads HTTP, and the service's VStype is ${type}; use VStype http, or Persist src`;
  if (reads !== "tcp") return undefined;
  if (type === "http")
    return `Persist: ${mode} reads what is passed on, and the service's VStype is http; use VStype gen, or Persist active-cookie`;
  return mode === "ssl" && tls?.offload === true
    ? "Persist: ssl reads TLS that is passed on, and TLS of clients ends at this service; set SSLAcceleration N, or use Persist src"
    : undefined;
}

/** A stored persistence as HAProxy is to carry it out. */
export function proxyPersistence({ persist, options }: StoredService): Persistence | undefined {
  if (persist === undefined) return undefined;
  const { timeoutSeconds, cookie: name = "", queryTag = "" } = persist;
  const orSource = { orSource: true } as const;
  const remembered = {
    timeoutSeconds,
    ...(options?.refreshPersist === true ? ({ heldOpen: true } as const) : {}),
  };
  const keyed = { kind: "keyed", ...remembered } as const;
  switch (persist.mode) {
    case "src":
      return { kind: "source", ...remembered };
    case "active-cookie":
      return { kind: "cookie", name, timeoutSeconds };
    case "active-cook-src":
      return { kind: "cookie", name, ...remembered, ...orSource };
    case "cookie":
      return { ...keyed, key: { by: "server-cookie", name } };
    case "cookie-src":
      return { ...keyed, key: { by: "server-cookie", name }, ...orSource };
    case "header":
      return { ...keyed, key: { by: "header", name } };
    case "super":
      return { ...keyed, key: { by: "super" } };
    case "super-src":
      return { ...keyed, key: { by: "super" }, ...orSource };
    case "ssl":
      return { ...keyed, key: { by: "tls-session" } };
    case "rdp":
      return { ...keyed, key: { by: "rdp" } };
    case "rdp-src":
      return { ...keyed, key: { by: "rdp" }, ...orSource };
    case "rdp-sb":
      return { ...keyed, key: { by: "rdp", broker: true } };
    case "rdp-sb-src":
      return { ...keyed, key: { by: "rdp", broker: true }, ...orSource };
    case "url":
    case "host":
      return { kind: "hash", of: { part: persist.mode } };
    case "query-hash":
      return { kind: "hash", of: { part: "query", parameter: queryTag } };
    case "cookie-hash":
      return { kind: "hash", of: { part: "cookie", name } };
    case "cookie-hash-src":
      return { kind: "hash", of: { part: "cookie", name, ...orSource } };
  }
}
