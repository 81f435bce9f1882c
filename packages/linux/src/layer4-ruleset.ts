/**
 * Layer-4 virtual services as one nftables table of our own (nft(8)): a new connection is given to a server by DNAT, and
 * the kernel remembers to which. The text removes the table that was there and makes the new one in one transaction;
 * connections that exist are not touched by it, and flows of UDP are what layer4-flows.ts is for.
 *
 * Two units that are given the same services make the same choice for the same client where the choice is a hash, since
 * its seed is fixed; a connection whose unit has died is then taken up in its middle by the other one.
 */
import { assert } from "@tandem/base/assert";
import { sha256Hex } from "@tandem/base/digest";
import { serverName, serviceName } from "@tandem/haproxy-config/model";

export const layer4Table = "tandem_l4";

/**
 * Who gets the next connection: `turn`, one server after the other; `connection`, a hash of the client's address and
 * port, spread as evenly but the same on both units; `source`, a hash of the client's address alone.
 */
export type Layer4Choice = "turn" | "connection" | "source";

export type Layer4Protocol = "tcp" | "udp";

export type Layer4Server = {
  readonly index: number;
  readonly address: string;
  /** Undefined: the one that the client used. */
  readonly port: number | undefined;
  readonly weight: number;
  /** False: its connections go on, but it gets no more. */
  readonly takes: boolean;
};

export type Layer4Service = {
  readonly index: number;
  readonly protocol: Layer4Protocol;
  readonly address: string;
  /** Undefined: every port but those of `except`. */
  readonly port: number | undefined;
  /** Ports of other services at this address, where the service has every port. */
  readonly except: readonly number[];
  readonly choice: Layer4Choice;
  readonly servers: readonly Layer4Server[];
};

/** The names of a server's counters; what goes in comes from clients. A connection is counted once, by its first packet. */
export const layer4Counter = (
  service: number,
  server: number,
): { readonly connections: string; readonly bytesIn: string; readonly bytesOut: string } => {
  const name = `${serviceName(service)}_${serverName(server)}`;
  return { connections: name, bytesIn: `${name}_in`, bytesOut: `${name}_out` };
};

/** Connections are marked with their server, by which their later packets, and they themselves, are counted. */
export const layer4MarkBase = 0x1a00_0000;
const serverIndexMax = 0x00ff_ffff;
export const layer4MarkMask = ~serverIndexMax >>> 0;
export const layer4Mark = (server: number): number => layer4MarkBase + server;
/** The same of flows that the server began. */
export const layer4BackMarkBase = 0x1b00_0000;
export const layer4BackMark = (server: number): number => layer4BackMarkBase + server;

const address = /^\d{1,3}(\.\d{1,3}){3}$/;

/** What removes the table, whether it is there or not. */
export const layer4Removal = `table ip ${layer4Table}\ndelete table ip ${layer4Table}\n`;

/** The whole text for `nft -f`. */
export function renderLayer4(services: readonly Layer4Service[]): string {
  if (services.length === 0) return layer4Removal;
  for (const { index, servers, ...service } of services) checkNumbers(index, [service, ...servers], servers);
  for (const { except } of services) assert(except.every(isPort), "a port is what it seems");
  const all = services.flatMap(({ index, servers }) =>
    servers.map((server) => ({ server, ...layer4Counter(index, server.index) })),
  );
  const counted = (of: "bytesIn" | "bytesOut"): string =>
    `counter name ct mark map { ${all.map((each) => `${hex(layer4Mark(each.server.index))} : "${each[of]}"`).join(", ")} }`;
  // A server of all ports may have a port in another service, which then comes first.
  const begun = services
    .toSorted((a, b) => Number(a.port === undefined) - Number(b.port === undefined))
    .flatMap(begunByServers);
  const lines = [
    ...all.flatMap(({ connections, bytesIn, bytesOut }) =>
      [connections, bytesIn, bytesOut].map((name) => `    counter ${name} { }`),
    ),
    ...services.flatMap((service) =>
      service.servers
        .filter(({ takes }) => takes)
        .flatMap((server) => {
          const { connections } = layer4Counter(service.index, server.index);
          return [
            `    chain ${connections} {`,
            `        counter name ${connections} ct mark set ${hex(layer4Mark(server.index))} meta l4proto ${service.protocol} dnat to ${place(server)}`,
            "    }",
          ];
        }),
    ),
    "    chain prerouting {",
    "        type nat hook prerouting priority dstnat",
    ...services.flatMap((service) => choiceLines(service).map((line) => `        ${line}`)),
    "    }",
    ...(begun.length === 0
      ? []
      : [
          "    chain postrouting {",
          "        type nat hook postrouting priority srcnat",
          ...begun.map((line) => `        ${line}`),
          "    }",
        ]),
    "    chain forward {",
    "        type filter hook forward priority filter",
    ...unknownLines(services).map((line) => `        ${line}`),
    ...(all.length === 0
      ? []
      : [
          `        ct direction original ${counted("bytesIn")}`,
          `        ct direction reply ${counted("bytesOut")}`,
        ]),
    "    }",
  ];
  return `${layer4Removal}table ip ${layer4Table} {\n${lines.join("\n")}\n}\n`;
}

const hex = (mark: number): string => `0x${mark.toString(16)}`;

const place = ({ address, port }: { readonly address: string; readonly port: number | undefined }): string =>
  port === undefined ? address : `${address}:${port}`;

/** A server's packet of a TCP connection that this unit does not know yet would enter it the wrong way round. */
function unknownLines(services: readonly Layer4Service[]): string[] {
  const servers = services.filter(({ protocol }) => protocol === "tcp").flatMap((each) => each.servers);
  const list = (all: readonly string[]): string => [...new Set(all)].join(", ");
  const backs = list(
    servers.flatMap(({ address, port }) => (port === undefined ? [] : [`${address} . ${port}`])),
  );
  const everywhere = list(servers.filter(({ port }) => port === undefined).map((each) => each.address));
  return [
    ...(backs === "" ? [] : [`ct state new ip saddr . tcp sport { ${backs} } drop`]),
    // What servers begin themselves, from whichever port, is theirs.
    ...(everywhere === ""
      ? []
      : [`ct state new ip saddr { ${everywhere} } tcp flags & (syn | ack) != syn drop`]),
  ];
}

/**
 * Of UDP nobody can tell an answer of a flow that this unit does not know yet from a flow that the server begins. Either
 * leaves as the service's own, so that the client's next packet belongs to it; but not from a server that takes no more,
 * whose last answers would bring its flows back.
 */
const begunByServers = (service: Layer4Service): string[] =>
  service.protocol === "tcp"
    ? []
    : service.servers
        .filter(({ takes }) => takes)
        .map(
          ({ index, address, port }) =>
            `ip saddr ${address} ${port === undefined ? "meta l4proto udp" : `udp sport ${port}`} ct mark set ${hex(layer4BackMark(index))} snat to ${place(service)}`,
        );

/** Without a server that takes connections the kernel refuses them, since nothing listens there. */
function choiceLines(service: Layer4Service): string[] {
  const taking = service.servers.filter(({ takes }) => takes);
  if (taking.length === 0) return [];
  const divisor = taking.reduce((gcd, { weight }) => greatestCommonDivisor(gcd, weight), 0);
  let next = 0;
  const shares = taking.map((server) => {
    const first = next;
    next += server.weight / divisor;
    const range = next - 1 === first ? `${first}` : `${first}-${next - 1}`;
    return `${range} : goto ${layer4Counter(service.index, server.index).connections}`;
  });
  return [
    `ip daddr ${service.address} ${portsOf(service)} ${choiceOf(service, next)} vmap { ${shares.join(", ")} }`,
  ];
}

function portsOf({ protocol, port, except }: Layer4Service): string {
  if (port !== undefined) return `${protocol} dport ${port}`;
  return except.length === 0 ? `meta l4proto ${protocol}` : `${protocol} dport != { ${except.join(", ")} }`;
}

function choiceOf({ choice, index, protocol }: Layer4Service, parts: number): string {
  // nft draws a seed by itself when none is given, another one on each unit and at each load.
  const seed = `seed 0x${sha256Hex(`tandem layer 4 service ${index}`).slice(0, 8)}`;
  switch (choice) {
    case "turn":
      return `numgen inc mod ${parts}`;
    case "connection":
      return `jhash ip saddr . ${protocol} sport mod ${parts} ${seed}`;
    case "source":
      return `jhash ip saddr mod ${parts} ${seed}`;
  }
}

/** The document was checked before; nothing else may become part of a rule. */
function checkNumbers(
  index: number,
  places: readonly { readonly address: string; readonly port: number | undefined }[],
  servers: readonly Layer4Server[],
): void {
  assert(Number.isInteger(index) && index > 0, "a service's index is a number");
  for (const place of places)
    assert(
      address.test(place.address) && (place.port === undefined || isPort(place.port)),
      "an address and a port are what they seem",
    );
  for (const { index: server, weight } of servers)
    assert(
      Number.isInteger(server) &&
        server > 0 &&
        server <= serverIndexMax &&
        Number.isInteger(weight) &&
        weight > 0,
      "a server's index and weight are numbers",
    );
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port <= 65_535;

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);
