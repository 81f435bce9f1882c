/** How a client is kept on its server, in a backend of HAProxy. */
import { isIpv6 } from "@tandem/base/ipv6";
import { persistenceEntriesMax } from "./limits.ts";
import { type KeyedPersistence, type Peers, serviceName, type VirtualService } from "./model.ts";
import { type Directive, directive, keyword, keywords, type Origin, quoted, type Section } from "./syntax.ts";

export const peersName = keyword("tandem");

/** Longer keys are cut: two clients with the same beginning share a server. */
const keyMaxChars = 128;

type Kept = Pick<VirtualService, "index" | "address" | "persistence">;

export function persistenceDirectives(
  { index, address, persistence }: Kept,
  peers: Peers | undefined,
  origin: Origin,
): Directive[] {
  switch (persistence?.kind) {
    case undefined:
    case "hash":
      return [];
    case "source":
      return [
        tableOf(addressType(address), persistence.timeoutSeconds, peers, origin),
        directive("stick on src", [], origin),
      ];
    case "cookie":
      return [
        // The cookie carries the time of its last use; it is ours alone, so that servers and scripts do not see it.
        directive(
          "cookie",
          [
            quoted(persistence.name),
            ...keywords(`insert indirect nocache httponly maxidle ${persistence.timeoutSeconds}s`),
          ],
          { ...origin, parameter: "Cookie" },
        ),
        // A client that shows no cookie of ours is known by its address.
        ...(persistence.orSource === true
          ? [
              tableOf(addressType(address), persistence.timeoutSeconds, peers, origin),
              directive("stick on src", [], origin),
            ]
          : []),
      ];
    case "keyed":
      return [
        ...keyDirectives(persistence, peers, origin),
        ...(persistence.orSource === true
          ? [directive("stick on src table", [keyword(sourceTable(index))], origin)]
          : []),
      ];
  }
}

/** The second table of a service that knows clients by a key, and by their address while they show none. */
export function sourceTableSections(
  { index, address, persistence }: Kept,
  peers: Peers | undefined,
  origin: Origin,
): Section[] {
  if (persistence?.kind !== "keyed" || persistence.orSource !== true) return [];
  return [
    {
      header: [keyword("backend"), keyword(sourceTable(index))],
      origin,
      directives: [tableOf(addressType(address), persistence.timeoutSeconds, peers, origin)],
    },
  ];
}

const sourceTable = (index: number): string => `${serviceName(index)}.src`;
const addressType = (address: string): string => (isIpv6(address) ? "ipv6" : "ip");

const tableOf = (type: string, timeoutSeconds: number, peers: Peers | undefined, origin: Origin): Directive =>
  directive(
    `stick-table type ${type} size ${persistenceEntriesMax} expire ${timeoutSeconds}s`,
    peers === undefined ? [] : [keyword("peers"), peersName],
    origin,
  );

function keyDirectives(
  { key, timeoutSeconds }: KeyedPersistence,
  peers: Peers | undefined,
  origin: Origin,
): Directive[] {
  const table = tableOf(`string len ${keyMaxChars}`, timeoutSeconds, peers, origin);
  const stickOn = (what: string): Directive => directive("stick on", [quoted(what)], origin);
  switch (key.by) {
    case "server-cookie":
      return [
        table,
        stickOn(`req.cook(${key.name})`),
        directive("stick store-response", [quoted(`res.cook(${key.name})`)], origin),
      ];
    case "header":
      return [table, stickOn(`req.fhdr(${key.name})`)];
    case "super":
      return [
        table,
        directive("http-request set-var(txn.authorization) req.fhdr(authorization)", [], origin),
        directive(
          "http-request set-var(txn.super)",
          [quoted(`req.fhdr(user-agent),concat(|,txn.authorization)`)],
          origin,
        ),
        stickOn("var(txn.super)"),
      ];
    case "rdp":
      return [
        table,
        directive("tcp-request inspect-delay 5s", [], origin),
        directive("tcp-request content accept if { req.rdp_cookie_cnt gt 0 }", [], origin),
        ...(key.broker === true ? [directive("persist rdp-cookie", [], origin)] : []),
        stickOn("req.rdp_cookie(mstshash)"),
      ];
    case "tls-session":
      // configuration.txt, "stick on": the session's id stands at the same place in both hellos.
      return [
        tableOf("binary len 32", timeoutSeconds, peers, origin),
        directive("acl client-hello req.ssl_hello_type 1", [], origin),
        directive("acl server-hello res.ssl_hello_type 2", [], origin),
        directive("tcp-request inspect-delay 5s", [], origin),
        directive("tcp-request content accept if client-hello", [], origin),
        directive("tcp-response content accept if server-hello", [], origin),
        directive("stick on payload_lv(43,1) if client-hello", [], origin),
        directive("stick store-response payload_lv(43,1) if server-hello", [], origin),
      ];
  }
}
