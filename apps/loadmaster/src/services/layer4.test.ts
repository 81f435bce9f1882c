import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { err, ok } from "@tandem/base/result";
import type { FlowRemoval, UdpFlow } from "@tandem/linux/layer4-flows";
import { layer4Mark } from "@tandem/linux/layer4-ruleset";
import type { commands } from "@tandem/loadmaster-api/commands";
import type { Values } from "@tandem/loadmaster-api/parameters";
import { emptyShared, type SharedContent, type StoredService } from "../state/document.ts";
import { loopback, storedService, waitFor } from "../unit.fixture.ts";
import type { AddressFacts } from "./address-rules.ts";
import { duplicateService } from "./duplicates.ts";
import { addServer, addService, changeServer, changeService, findService } from "./edit.ts";
import { choiceOf, Layer4, type Layer4Parts } from "./layer4.ts";
import { serverChecker } from "./server-check.ts";
import { healthAfter, healthAtFirst, nextCheckMs, type Verdict } from "./server-health.ts";

/** A kernel without any flow of UDP. */
const noFlows: Pick<Layer4Parts, "listUdpFlows" | "removeUdpFlows"> = {
  listUdpFlows: async () => ok(undefined),
  removeUdpFlows: async () => ok(undefined),
};

const checkServer = serverChecker(async () => true);

const service = (changes: Partial<StoredService> = {}): StoredService => {
  const { check } = storedService();
  return storedService({
    index: 3,
    address: "10.77.0.100",
    port: 5432,
    type: "gen",
    layer: 4,
    check: { ...check, intervalSeconds: 1, timeoutSeconds: 1, retries: 1 },
    servers: [1, 2].map((index) => ({
      index,
      address: `10.78.0.3${index}`,
      port: 5432,
      weight: 1_000,
      limit: 0,
      enabled: true,
    })),
    ...changes,
  });
};

test("[LM1] a server is down after so many failed checks in a row, and up with the first that succeeds", () => {
  const bad: Verdict = { alive: false, check: "L4CON" };
  const good: Verdict = { alive: true, check: "L4OK" };
  let health = healthAfter(healthAtFirst, bad, 2);
  assert.deepEqual([health.up, nextCheckMs(health, 9)], [true, 1_000]);
  health = healthAfter(healthAfter(health, good, 2), bad, 2);
  assert.equal(health.up, true, "not in a row");
  health = healthAfter(health, bad, 2);
  assert.deepEqual([health.up, nextCheckMs(health, 9)], [false, 9_000]);
  assert.deepEqual(healthAfter(health, good, 2), { up: true, failed: 0, check: "L4OK" });
});

test("[LM1] checks by TCP and HTTP say what they found", async (t) => {
  const timing = { intervalSeconds: 1, timeoutSeconds: 1, retries: 1 };
  const listening = createServer(() => {});
  const web = createHttpServer((request, response) => {
    response.statusCode = request.headers.host === "shop.example" ? 200 : 503;
    response.end();
  });
  for (const each of [listening, web])
    await new Promise<void>((resolve) => each.listen(0, loopback(70), resolve));
  t.after(() => {
    listening.close();
    web.close();
  });
  const at = (server: typeof listening | typeof web) => ({
    address: loopback(70),
    port: (server.address() as AddressInfo).port,
  });
  const http = { kind: "http", timing, method: "GET", path: "/", codes: [] } as const;
  assert.deepEqual(await checkServer({ kind: "tcp", timing }, at(listening)), { alive: true, check: "L4OK" });
  assert.deepEqual(await checkServer({ kind: "tcp", timing }, { address: loopback(70), port: 1 }), {
    alive: false,
    check: "L4CON",
  });
  assert.deepEqual(await checkServer(http, at(listening)), { alive: false, check: "L7TOUT" });
  assert.deepEqual(await checkServer(http, at(web)), { alive: false, check: "L7STS" });
  assert.equal((await checkServer({ ...http, codes: [503] }, at(web))).alive, true);
  assert.equal((await checkServer({ ...http, host: "shop.example" }, at(web))).alive, true);
});

test("[LM1] a server that goes down gets no more connections, and its counters go on", async () => {
  const rules: string[] = [];
  const dead = new Set<string>();
  const layer4 = new Layer4({
    applyRuleset: async (text) => {
      rules.push(text);
      return ok(undefined);
    },
    readCounters: async () =>
      ok(
        new Map([
          ["vs3_rs1", { packets: 5, bytes: 300 }],
          ["vs3_rs1_in", { packets: 9, bytes: 900 }],
          ["vs3_rs1_out", { packets: 6, bytes: 800 }],
        ]),
      ),
    countEstablished: async (_protocol, base) => new Map([[base + 1, 4]]),
    check: async (_check, { address }) => ({ alive: !dead.has(address), check: "L4OK" }),
    troubled: () => {},
    ...noFlows,
  });
  const takes = (server: number): boolean => rules.at(-1)?.includes(`goto vs3_rs${server}`) === true;
  try {
    assert.ok(
      (await layer4.apply({ services: [service(), service({ index: 4, layer: undefined })] }, true)).ok,
    );
    assert.ok(takes(1) && takes(2));
    assert.ok(!rules.at(-1)?.includes("vs4"), "layer 7 is HAProxy's");
    dead.add("10.78.0.32");
    await waitFor("the second is out", () => !takes(2));
    const rows = await layer4.rows();
    assert.deepEqual(
      rows.map(({ server, status, totalSessions, packets, currentSessions }) => [
        server,
        status,
        totalSessions,
        packets,
        currentSessions,
      ]),
      [
        ["FRONTEND", "OPEN", 10, 30, 4],
        ["rs1", "UP", 10, 30, 4],
        ["rs2", "DOWN", 0, 0, 0],
      ],
      "5 of the rules before, 5 of those now",
    );
    dead.clear();
    await waitFor("the second is in again", () => takes(2));
  } finally {
    await layer4.stop();
  }
  assert.match(rules.at(-1) ?? "", /^table ip tandem_l4\ndelete table ip tandem_l4\n$/);
});

test("[LM1] at layer 4 as well: critical servers, a minimum of servers, servers that follow others", async () => {
  const rules: string[] = [];
  const dead = new Set<string>();
  const layer4 = new Layer4({
    applyRuleset: async (text) => {
      rules.push(text);
      return ok(undefined);
    },
    readCounters: async () => ok(new Map()),
    countEstablished: async () => new Map(),
    check: async ({ kind }, { address }) => ({ alive: kind === "icmp" && !dead.has(address), check: "L3OK" }),
    troubled: () => {},
    ...noFlows,
  });
  const [one, two] = service().servers;
  assert.ok(one && two);
  const { check } = service();
  const pinged = { ...check, type: "icmp" } as const;
  const taking = (): string =>
    [...(rules.at(-1) ?? "").matchAll(/goto (vs\d+_rs\d+)/g)]
      .map(([, name]) => name)
      .toSorted()
      .join(" ");
  const becomes = (what: string, wanted: string): Promise<void> =>
    waitFor(`${what}: ${wanted}`, () => taking() === wanted);
  const apply = async (...services: StoredService[]): Promise<void> => {
    assert.ok((await layer4.apply({ services }, true)).ok);
  };
  try {
    await apply(service({ check: pinged, minimum: 2 }));
    await becomes("both are there", "vs3_rs1 vs3_rs2");
    dead.add(one.address);
    await becomes("one of two is not enough", "");
    await apply(service({ check: pinged }));
    await becomes("one is enough", "vs3_rs2");
    await apply(service({ check: pinged, servers: [{ ...one, critical: true }, two] }));
    await becomes("but not the critical one", "");
    await apply(
      service({ check: pinged }),
      service({ index: 4, check: { ...check, type: "none" }, servers: [{ ...two, index: 9, follow: 1 }] }),
    );
    await becomes("the follower is out with it", "vs3_rs2");
    dead.clear();
    await becomes("and comes back with it", "vs3_rs1 vs3_rs2 vs4_rs9");
  } finally {
    await layer4.stop();
  }
});

test("[LM1] flows of UDP that the rules no longer mean are forgotten, and tried again when that fails", async () => {
  const dead = new Set<string>();
  let flows: UdpFlow[] = [];
  const removed: FlowRemoval[] = [];
  const troubles: string[] = [];
  let works = false;
  const broken = err({ code: "conntrack-unusable", field: "conntrack", message: "no conntrack", remedy: "" });
  const layer4 = new Layer4({
    applyRuleset: async () => ok(undefined),
    readCounters: async () => ok(new Map()),
    countEstablished: async (protocol, base) => new Map(protocol === "udp" ? [[base + 1, 3]] : []),
    check: async (_check, { address }) => ({ alive: !dead.has(address), check: "L3OK" }),
    troubled: (reason) => troubles.push(reason ?? ""),
    listUdpFlows: async (visit) => {
      for (const each of flows) visit(each);
      return works ? ok(undefined) : broken;
    },
    removeUdpFlows: async (removal) => {
      removed.push(removal);
      return works ? ok(undefined) : broken;
    },
  });
  const [one, two] = service().servers;
  assert.ok(one && two);
  const dns = service({ protocol: "udp", port: 53 });
  const flowTo = (server: typeof one, fromPort: number): UdpFlow => ({
    from: "10.77.0.50",
    fromPort,
    to: dns.address,
    toPort: 53,
    back: { from: server.address, fromPort: server.port, to: "10.77.0.50", toPort: fromPort },
    mark: layer4Mark(server.index),
  });
  try {
    assert.ok(!(await layer4.apply({ services: [dns] }, true)).ok, "a flow could never be forgotten");
    works = true;
    flows = [{ ...flowTo(one, 4_000), back: flowTo(one, 4_000), mark: 0 }, flowTo(one, 4_001)];
    assert.ok((await layer4.apply({ services: [dns] }, true)).ok);
    assert.deepEqual(removed.splice(0), [{ unmarkedTo: dns.address }], "one from before the rules");
    flows = [flowTo(one, 4_001), flowTo(two, 4_002), flowTo(two, 4_003)];
    works = false;
    dead.add(two.address);
    await waitFor("the second is out", () => troubles.length > 0);
    works = true;
    removed.splice(0);
    const rows = await layer4.rows();
    assert.deepEqual(removed.splice(0), [{ mark: layer4Mark(2) }]);
    assert.deepEqual(
      rows.map(({ status, currentSessions }) => [status, currentSessions]),
      [
        ["OPEN", 3],
        ["UP", 3],
        ["DOWN", 0],
      ],
    );
    flows = [flowTo(one, 4_001)];
    assert.ok(
      (await layer4.apply({ services: [{ ...dns, servers: [{ ...one, enabled: false }, two] }] }, true)).ok,
    );
    assert.deepEqual(removed.splice(0), [{ mark: layer4Mark(1) }], "its server was disabled");
    assert.ok((await layer4.apply({ services: [] }, true)).ok);
    assert.deepEqual(removed.splice(0), [{ mark: layer4Mark(1) }], "its service was removed");
  } finally {
    await layer4.stop();
  }
});

test("[LM1] a service on every port leaves the ports of all others at its address alone", async () => {
  const rules: string[] = [];
  const layer4 = new Layer4({
    applyRuleset: async (text) => {
      rules.push(text);
      return ok(undefined);
    },
    readCounters: async () => ok(new Map()),
    countEstablished: async () => new Map(),
    check: async () => ({ alive: true, check: "L3OK" }),
    troubled: () => {},
    ...noFlows,
  });
  const every = service({ port: 0, servers: service().servers.map((each) => ({ ...each, port: 0 })) });
  const others: StoredService[] = [
    service({ index: 4, port: 8_443, enabled: false }),
    service({ index: 5, port: 80, layer: undefined, options: { extraPorts: ["81-82"] } }),
    service({ index: 6, port: 53, protocol: "udp" }),
    service({ index: 7, port: 25, address: "10.77.0.101" }),
  ];
  try {
    assert.ok((await layer4.apply({ services: [every, ...others] }, true)).ok);
    assert.match(rules.at(-1) ?? "", /ip daddr 10\.77\.0\.100 tcp dport != \{ 80, 81, 82, 8443 \} jhash/);
    assert.match(
      rules.at(-1) ?? "",
      /vs3_rs1 ct mark set 0x1a000001 meta l4proto tcp dnat to 10\.78\.0\.31\n/,
    );
  } finally {
    await layer4.stop();
  }
});

test("[LM1] without nft a layer-4 service is refused, and a unit without one is not concerned", async () => {
  const missing = { code: "nft-missing", field: "nftables", message: "no nft", remedy: "install it" };
  const layer4 = new Layer4({
    applyRuleset: async () => err(missing),
    readCounters: async () => err(missing),
    countEstablished: async () => undefined,
    check: async () => ({ alive: true, check: "" }),
    troubled: () => {},
    ...noFlows,
  });
  assert.ok((await layer4.apply({ services: [service({ layer: undefined })] }, true)).ok);
  assert.ok(!(await layer4.apply({ services: [service()] }, true)).ok);
  assert.deepEqual(await layer4.rows(), [], "what was refused is not there");
});

test("[LH12] the choice is the same on both units, and strictly in turn on one alone", () => {
  assert.equal(choiceOf(service(), true), "connection");
  assert.equal(choiceOf(service({ schedule: "wrr" }), false), "turn");
  assert.equal(choiceOf(service({ schedule: "sh" }), true), "source");
});

const facts: AddressFacts = {
  interfaces: [
    { id: 0, device: "eth0", address: "10.77.0.1", prefix: 24, address6: "2001:db8::1", prefix6: 64 },
  ],
  sharedAddresses: [],
  partners: [],
  paired: false,
  apiPort: 443,
  partnerPort: 6973,
  peersPort: 6975,
};
type AddValues = Values<(typeof commands)["addvs"]["parameters"]>;
const add = (values: object) =>
  addService(emptyShared, facts, { vs: "10.77.0.100", port: 80, prot: "tcp", ...values } as AddValues);

test("[LM1] what layer 4 cannot do is refused with field, value and remedy", () => {
  const made = add({ ForceL4: true });
  assert.ok(made.ok);
  const [stored] = made.value.shared.services;
  assert.deepEqual([stored?.layer, stored?.type, stored?.check.type], [4, "gen", "tcp"]);
  assert.equal(add({ ForceL7: false }).ok && true, true);
  const refusals: [object, RegExp][] = [
    [{ ForceL4: true, ForceL7: true }, /^ForceL7: Y contradicts ForceL4 Y/],
    [{ vs: "2001:db8::100", ForceL4: true }, /^ForceL4: 2001:db8::100 is an IPv6 address.*use ForceL4 N/],
    [{ ForceL4: true, VStype: "http" }, /^VStype: http .*use VStype gen/],
    [{ ForceL4: true, Schedule: "lc" }, /^Schedule: lc .*use rr, wrr or sh/],
    [{ ForceL4: true, Persist: "src" }, /^Persist: src .*Schedule sh/],
    [{ ForceL4: true, Idletime: 60 }, /^Idletime: 60 .*set it to 0/],
    [{ ForceL4: true, AddVia: 1 }, /^AddVia: 1 .*use 2/],
    [{ ForceL4: true, Transparent: false }, /^Transparent: N .*ForceL4 N/],
    [{ Transparent: true }, /^Transparent: Y .*ForceL4 Y/],
  ];
  for (const [values, words] of refusals) {
    const refused = add(values);
    assert.ok(!refused.ok, JSON.stringify(values));
    assert.match(refused.error.message, words);
  }
  const shared: SharedContent = made.value.shared;
  const rs = { vs: "1", rs: "10.77.0.31", rsport: 80 };
  const limited = addServer(shared, { ...rs, Limit: 5 } as Parameters<typeof addServer>[1]);
  assert.match(limited.ok ? "" : limited.error.message, /^Limit: 5 of real server 1 .*set it to 0/);
  const six = addServer(shared, { ...rs, rs: "2001:db8::31" } as Parameters<typeof addServer>[1]);
  assert.match(six.ok ? "" : six.error.message, /^rs: 2001:db8::31 is an IPv6 address.*ForceL4 N/);
  const served = addServer(shared, rs as Parameters<typeof addServer>[1]);
  assert.ok(served.ok);
  const more = changeServer(served.value.shared, { ...rs, Limit: 5 } as Parameters<typeof changeServer>[1]);
  assert.match(more.ok ? "" : more.error.message, /^Limit: 5/);
  const moved = changeService(shared, facts, { vs: "1", ForceL4: false } as Parameters<
    typeof changeService
  >[2]);
  assert.equal(moved.ok && moved.value.shared.services[0]?.layer, undefined);
});

type Edited = ReturnType<typeof addService>;
const sharedOf = (edit: Edited): SharedContent => {
  assert.ok(edit.ok, edit.ok ? "" : edit.error.message);
  return edit.value.shared;
};
const lastOf = ({ services }: SharedContent): StoredService => {
  const last = services.at(-1);
  assert.ok(last);
  return last;
};
const refusedWith = (words: RegExp, refused: Edited | ReturnType<typeof addServer>): void =>
  assert.match(refused.ok ? "taken" : refused.error.message, words);
type ServerValues = Parameters<typeof addServer>[1];

test("[LM1] a service over UDP is at layer 4 and is told apart from the one over TCP at its place", () => {
  const add53 = (shared: SharedContent, prot: string, more = {}): Edited =>
    addService(shared, facts, { vs: "10.77.0.100", port: 53, prot, ...more } as AddValues);
  const both = sharedOf(add53(sharedOf(add53(emptyShared, "tcp")), "udp"));
  assert.deepEqual(
    both.services.map(({ protocol, layer, type, check }) => [protocol, layer, type, check.type]),
    [
      [undefined, undefined, "gen", "tcp"],
      ["udp", 4, "gen", "icmp"],
    ],
  );
  for (const [prot, index] of [
    ["tcp", 1],
    ["udp", 2],
  ] as const) {
    const found = findService(both, { vs: "10.77.0.100", port: 53, prot });
    assert.equal(found.ok && found.value.index, index);
  }
  refusedWith(/^vs: 10\.77\.0\.100:53\/udp already belongs to virtual service 2;/, add53(both, "udp"));
  refusedWith(/already belongs to virtual service 1;/, add53(both, "tcp"));
  const copy = duplicateService(both, facts, { vs: "2", vsport: 54 } as Parameters<
    typeof duplicateService
  >[2]);
  assert.equal(lastOf(sharedOf(copy)).protocol, "udp");
  const moved = changeService(both, facts, { vs: "2", vsport: 55 } as Parameters<typeof changeService>[2]);
  assert.equal(sharedOf(moved).services[1]?.layer, 4);
  assert.equal(lastOf(sharedOf(add53(emptyShared, "udp", { ForceL4: true }))).layer, 4);
  for (const [more, words] of [
    [{ ForceL7: true }, /^ForceL4: N is not possible for UDP/],
    [{ ForceL4: false }, /^ForceL4: N is not possible for UDP/],
    [{ VStype: "http" }, /^VStype: http .*use VStype gen$/],
    [{ Schedule: "lc" }, /^Schedule: lc .*use rr, wrr or sh$/],
    [{ Schedule: "fixed" }, /^Schedule: fixed .*use rr, wrr or sh$/],
    [{ Persist: "src" }, /^Persist: src .*use Schedule sh/],
    [{ Persist: "udpsip", PersistTimeout: 300 }, /^Persist: udpsip reads SIP.*use Schedule sh/],
    [{ SSLAcceleration: true }, /^SSLAcceleration: Y .*leave it out$/],
    [{ MaxConnsLimit: 5 }, /^MaxConnsLimit: .*unset it$/],
    [{ Transparent: false }, /^Transparent: N .*leave it out$/],
    [{ vs: "2001:db8::100" }, /^ForceL4: .*use an IPv4 address$/],
  ] as const)
    refusedWith(words, add53(emptyShared, "udp", more));
  const own = { vs: "10.77.0.1" };
  assert.ok(add53(emptyShared, "udp", { ...own, port: 443 }).ok, "the API is over TCP");
  refusedWith(
    /^port: 10\.77\.0\.1:3780\/udp is where connections/,
    add53(emptyShared, "udp", { ...own, port: 3780 }),
  );
});

test("[LM1] a service on every port is at layer 4, its servers have every port, and it takes no address of the unit's own", () => {
  const every = (shared: SharedContent, more = {}): Edited =>
    addService(shared, facts, { vs: "10.77.0.100", port: 0, prot: "tcp", ...more } as AddValues);
  const shared = sharedOf(every(emptyShared));
  const [service] = shared.services;
  assert.deepEqual([service?.port, service?.layer, service?.check.type], [0, 4, "icmp"]);
  assert.ok(every(shared, { port: 80 }).ok, "a port of it may be another service's");
  assert.ok(every(shared, { prot: "udp" }).ok);
  refusedWith(/^vs: 10\.77\.0\.100:\* already belongs to virtual service 1;/, every(shared));
  refusedWith(
    /^port: a service on every port of 10\.77\.0\.1 would take this unit's API/,
    every(shared, { vs: "10.77.0.1" }),
  );
  const pair = { ...facts, paired: true, sharedAddresses: ["10.77.0.9"] };
  refusedWith(
    /^port: a service on every port of 10\.77\.0\.9 would take/,
    addService(emptyShared, pair, { vs: "10.77.0.9", port: 0, prot: "udp" } as AddValues),
  );
  refusedWith(
    /^ForceL4: N is not possible for a service on every port/,
    every(emptyShared, { ForceL7: true }),
  );
  refusedWith(/^CheckType: tcp needs a port.*CheckPort/, every(emptyShared, { CheckType: "tcp" }));
  assert.ok(every(emptyShared, { CheckType: "tcp", CheckPort: 22 }).ok);

  const rs = { vs: "1", rs: "10.77.0.31" };
  const served = addServer(shared, rs as ServerValues);
  assert.ok(served.ok);
  assert.equal(served.value.shared.services[0]?.servers[0]?.port, 0);
  refusedWith(/^rsport: 80 is one port.*use \*/, addServer(shared, { ...rs, rsport: 80 } as ServerValues));
  refusedWith(
    /^newport: 80 is one port/,
    changeServer(served.value.shared, { ...rs, rsport: 0, newport: 80 } as Parameters<
      typeof changeServer
    >[1]),
  );
  const one = sharedOf(every(emptyShared, { port: 80, ForceL4: true }));
  refusedWith(
    /^rsport: \* is for services on every port/,
    addServer(one, { ...rs, rsport: 0 } as ServerValues),
  );
  const to = (content: SharedContent, vsport: number): Edited =>
    changeService(content, facts, { vs: "1", vsport } as Parameters<typeof changeService>[2]);
  refusedWith(/^vsport: 80 does not go with real server 1, whose port is \*/, to(served.value.shared, 80));
  assert.ok(to(shared, 80).ok);
  const seven = sharedOf(every(emptyShared, { port: 81 }));
  refusedWith(/^ForceL4: N is not possible for a service on every port/, to(seven, 0));
});
