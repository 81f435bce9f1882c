/** How a client is kept on its server, in a backend of HAProxy. */
import { isIpv6 } from "@tandem/base/ipv6";
import { persistenceEntriesMax } from "./limits.ts";
import { type KeyedPersistence, type Peers, serviceName, type VirtualService } from "./model.ts";
import {
  type Directive,
  directive,
  keyword,
  keywords,
  type Origin,
  quoted,
  type Section,
  type Word,
} from "./syntax.ts";

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
      return bySource({ address, persistence }, peers, origin);
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
        ...(persistence.orSource === true ? bySource({ address, persistence }, peers, origin) : []),
      ];
    case "keyed":
      return [
        ...(persistence.orSource === true
          ? heldDirectives(
              persistence,
              "tcp-request content track-sc2 src table",
              [keyword(sourceTable(index))],
              origin,
            )
          : []),
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
      directives: [tableOf(addressType(address), persistence, peers, origin)],
    },
  ];
}

const sourceTable = (index: number): string => `${serviceName(index)}.src`;
const addressType = (address: string): string => (isIpv6(address) ? "ipv6" : "ip");

type Remembered = { readonly timeoutSeconds: number; readonly heldOpen?: true };

const tableOf = (
  type: string,
  { timeoutSeconds, heldOpen }: Remembered,
  peers: Peers | undefined,
  origin: Origin,
): Directive =>
  directive(
    `stick-table type ${type} size ${persistenceEntriesMax} expire ${timeoutSeconds}s`,
    [
      ...(peers === undefined ? [] : [keyword("peers"), peersName]),
      // An entry's time begins anew at the end of what is tracked only where connections are counted.
      ...(heldOpen === true ? keywords("store conn_cur") : []),
    ],
    origin,
  );

/** A tracked entry is not removed. Counter 0 is that of the limits. */
const heldDirectives = (
  { heldOpen }: Remembered,
  track: string,
  words: readonly Word[],
  origin: Origin,
): Directive[] => (heldOpen === true ? [directive(track, words, origin)] : []);

const bySource = (
  { address, persistence }: { readonly address: string; readonly persistence: Remembered },
  peers: Peers | undefined,
  origin: Origin,
): Directive[] => [
  tableOf(addressType(address), persistence, peers, origin),
  directive("stick on src", [], origin),
  ...heldDirectives(persistence, "tcp-request content track-sc1 src", [], origin),
];

function keyDirectives(persistence: KeyedPersistence, peers: Peers | undefined, origin: Origin): Directive[] {
  const { key } = persistence;
  const table = tableOf(`string len ${keyMaxChars}`, persistence, peers, origin);
  const stickOn = (what: string): Directive => directive("stick on", [quoted(what)], origin);
  const heldBy = (what: string): Directive[] =>
    heldDirectives(persistence, "http-request track-sc1", [quoted(what)], origin);
  switch (key.by) {
    case "server-cookie":
      return [
        table,
        stickOn(`req.cook(${key.name})`),
        directive("stick store-response", [quoted(`res.cook(${key.name})`)], origin),
        ...heldBy(`req.cook(${key.name})`),
      ];
    case "header":
      return [table, stickOn(`req.fhdr(${key.name})`), ...heldBy(`req.fhdr(${key.name})`)];
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
        ...heldBy("var(txn.super)"),
      ];
    case "rdp":
      return [
        table,
        directive("tcp-request inspect-delay 5s", [], origin),
        ...heldDirectives(
          persistence,
          "tcp-request content track-sc1 req.rdp_cookie(mstshash) if { req.rdp_cookie_cnt gt 0 }",
          [],
          origin,
        ),
        directive("tcp-request content accept if { req.rdp_cookie_cnt gt 0 }", [], origin),
        ...(key.broker === true ? [directive("persist rdp-cookie", [], origin)] : []),
        stickOn("req.rdp_cookie(mstshash)"),
      ];
    case "tls-session":
      // configuration.txt, "stick on": the session's id stands at the same place in both hellos.
      return [
        tableOf("binary len 32", persistence, peers, origin),
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
