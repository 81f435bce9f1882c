import assert from "node:assert/strict";
import { test } from "node:test";
import { type FlowRemoval, staleFlows, type UdpFlow } from "./layer4-flows.ts";
import { type Layer4Server, type Layer4Service, layer4BackMark, layer4Mark } from "./layer4-ruleset.ts";

const client = { from: "10.77.0.50", fromPort: 4_000 };
const virtual = "10.77.0.100";
const server = (index: number, changes: Partial<Layer4Server> = {}): Layer4Server => ({
  index,
  address: `10.78.0.${30 + index}`,
  port: 53,
  weight: 1,
  takes: true,
  ...changes,
});
const dns: Layer4Service = {
  index: 1,
  protocol: "udp",
  address: virtual,
  port: 53,
  except: [],
  choice: "connection",
  servers: [server(1), server(2, { takes: false })],
};
const every: Layer4Service = {
  ...dns,
  index: 2,
  port: undefined,
  except: [53, 123],
  servers: [server(3, { port: undefined })],
};

/** A client's flow to a port of the service's address, as it is with one of its servers. */
const flow = (toPort: number, index: number, backPort = toPort): UdpFlow => ({
  ...client,
  to: virtual,
  toPort,
  back: { from: `10.78.0.${30 + index}`, fromPort: backPort, to: client.from, toPort: client.fromPort },
  mark: layer4Mark(index),
});
/** Nobody translated it. */
const missed = (toPort: number, mark = 0): UdpFlow => ({
  ...flow(toPort, 1),
  back: { from: virtual, fromPort: toPort, to: client.from, toPort: client.fromPort },
  mark,
});
/** A server's packet came first. */
const begun = (index: number, port: number): UdpFlow => ({
  from: `10.78.0.${30 + index}`,
  fromPort: port,
  to: client.from,
  toPort: client.fromPort,
  back: { ...client, to: virtual, toPort: port },
  mark: layer4BackMark(index),
});

const cases: readonly [what: string, services: readonly Layer4Service[], flow: UdpFlow, FlowRemoval?][] = [
  ["goes on to a server that takes", [dns], flow(53, 1)],
  ["leaves a server that takes no more", [dns], flow(53, 2), { mark: layer4Mark(2) }],
  ["leaves a server that is gone", [dns], flow(53, 9), { mark: layer4Mark(9) }],
  ["leaves a service that is gone", [], flow(53, 1), { mark: layer4Mark(1) }],
  ["leaves a port that the service had", [dns], flow(5_353, 1, 53), { mark: layer4Mark(1) }],
  [
    "leaves a port that the server had",
    [{ ...dns, servers: [server(1, { port: 5_353 })] }],
    flow(53, 1),
    { mark: layer4Mark(1) },
  ],
  ["begins anew where nobody took it", [dns], missed(53), { unmarkedTo: virtual }],
  [
    "stays refused without a server that takes",
    [{ ...dns, servers: [server(2, { takes: false })] }],
    missed(53),
  ],
  ["is none of a service", [dns], missed(54)],
  ["is marked by somebody else", [dns], missed(53, 7)],
  ["is of a service over TCP", [{ ...dns, protocol: "tcp" }], missed(53)],
  ["was begun by a server", [dns], begun(1, 53)],
  [
    "was answered by a server that took no more",
    [dns],
    { ...begun(1, 53), mark: 0 },
    { unmarkedFrom: "10.78.0.31" },
  ],
  ["was answered by a server that takes no more", [dns], { ...begun(2, 53), mark: 0 }],
  ["was begun by a server from another port", [dns], { ...begun(1, 54), mark: 0 }],
  ["was begun by one that takes no more", [dns], begun(2, 53), { mark: layer4BackMark(2) }],
  ["has a port among all", [dns, every], flow(5_000, 3)],
  ["has a port that became another service's", [dns, every], flow(53, 3), { mark: layer4Mark(3) }],
  ["has a port that is not the service's", [every], missed(123)],
  ["has one of all ports, and nobody took it", [every], missed(5_000), { unmarkedTo: virtual }],
  ["was begun by a server of all ports", [every], begun(3, 5_000)],
];
for (const [what, services, given, removal] of cases)
  test(`[LM1] a flow of UDP that ${what} is ${removal === undefined ? "left" : "removed"}`, () => {
    assert.deepEqual(staleFlows(services)(given), removal);
  });
