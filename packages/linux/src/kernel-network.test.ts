import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import test from "node:test";
import { SystemCallError } from "./libc.ts";
import { adoption, chooseMessageReader, threadPoll, works } from "./message-socket.ts";
import { enterOwnNetworkNamespace, needsRoot } from "./network-namespace.ts";
import { etherTypeArp, openPacketReceiver } from "./packet-receive.ts";
import { PacketTransmitter } from "./packet-transmit.ts";
import { openRawReceiver } from "./raw-socket.ts";
import { RouteNetlink, watchLinks } from "./rtnetlink.ts";
import {
  allowNonlocalBind,
  prepareSharedAddressDevice,
  prepareVirtualDevice,
  readSysctl,
  writeSysctl,
} from "./sysctl.ts";

// One namespace for this file, with a cable of two ends: everything below happens on "left" and "right".
const skip = needsRoot();
const ip = (command: string): string => execFileSync("ip", command.split(" "), { encoding: "utf8" });
if (!skip) {
  enterOwnNetworkNamespace();
  ip("link add left type veth peer name right");
  ip("link set left up");
  ip("link set right up");
  ip("addr add 10.213.9.1/24 dev left");
}

const deadline = (milliseconds: number) => ({ signal: AbortSignal.timeout(milliseconds) });

/** Resolves with the first value that `arrived` is given; rejects at the deadline. */
function within<Value>(
  milliseconds: number,
  start: (arrived: (value: Value) => void) => void,
): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const { signal } = deadline(milliseconds);
  signal.addEventListener("abort", () => reject(new Error(`nothing within ${milliseconds} ms`)), {
    once: true,
  });
  start(resolve);
  return promise;
}

/** An Ethernet frame with an IPv4 packet of protocol 112 to 224.0.0.18; the payload is `marker`. */
function multicastFrame(marker: number): Buffer {
  const header = Buffer.from("45100015000040ff" + "ff700000" + "0ad50909" + "e0000012", "hex");
  header.writeUInt16BE(0x4000, 6);
  let sum = 0;
  for (let offset = 0; offset < 20; offset += 2) sum += header.readUInt16BE(offset);
  header.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 10);
  return Buffer.concat([
    Buffer.from("01005e000012" + "020000000001" + "0800", "hex"),
    header,
    Buffer.of(marker),
  ]);
}

for (const method of [adoption, threadPoll]) {
  test(`${method.name} hands on a datagram`, async () => {
    assert.equal(await works(method), true);
  });

  test(`${method.name} does not swallow what the reader throws`, () => {
    const name = method === adoption ? "adoption" : "threadPoll";
    const program = `
      import { openSocketPair, send } from "@tandem/linux/libc";
      import { ${name} } from "@tandem/linux/message-socket";
      const [reader, writer] = openSocketPair();
      ${name}.read(reader, { onMessage() { throw new Error("from the reader"); }, onError() {} });
      send(writer, Uint8Array.of(1));
      setTimeout(() => process.exit(0), 5_000);`;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    assert.notEqual(child.status, 0);
    assert.match(child.stderr, /from the reader/);
  });

  test(`a multicast packet sent as a frame is received on the device it arrives on, by ${method.name}`, {
    skip,
  }, async () => {
    const transmitter = new PacketTransmitter("left");
    const elsewhere: Uint8Array[] = [];
    const other = openRawReceiver({
      device: "left",
      protocol: 112,
      group: "224.0.0.18",
      reader: method,
      onPacket: (packet) => elsewhere.push(packet),
    });
    let receiver: { close(): void } | undefined;
    try {
      const packet = await within<Uint8Array>(2_000, (arrived) => {
        receiver = openRawReceiver({
          device: "right",
          protocol: 112,
          group: "224.0.0.18",
          reader: method,
          onPacket: arrived,
        });
        transmitter.send(multicastFrame(0x5a));
      });
      assert.equal(packet[0], 0x45, "it begins with the IP header");
      assert.equal(packet[9], 112);
      assert.equal(packet.at(20), 0x5a);
      assert.deepEqual(elsewhere, [], "the sender's own device hears nothing of it");
    } finally {
      receiver?.close();
      other.close();
      transmitter.close();
    }
  });
}

test("a way of reading that never wakes is found out", async () => {
  assert.equal(await works({ name: "adoption", read: () => ({ close() {} }) }), false);
});

test("sockets on a device that does not exist say so", { skip }, async () => {
  const isNoDevice = (error: unknown) => error instanceof SystemCallError && error.code === "ENODEV";
  assert.throws(() => new PacketTransmitter("absent0"), isNoDevice);
  const reader = await chooseMessageReader();
  const options = { device: "absent0", protocol: 112, group: "224.0.0.18", reader, onPacket: () => {} };
  assert.throws(() => openRawReceiver(options), isNoDevice);
});

test("addresses are added and removed in a batch, each with its own outcome", { skip }, () => {
  const netlink = new RouteNetlink();
  try {
    const many = Array.from({ length: 200 }, (_, host) => `10.213.9.${host + 20}/24`);
    assert.deepEqual(netlink.addAddresses("left", many), []);
    assert.deepEqual(netlink.addresses("left"), ["10.213.9.1/24", ...many]);
    assert.deepEqual(
      netlink.addAddresses("left", many.slice(0, 2)),
      [],
      "one that is there already is no failure",
    );
    const mixed = netlink.addAddresses("left", ["0.0.0.0/0", "10.213.9.250/24"]);
    assert.equal(
      netlink.addresses("left").includes("10.213.9.250/24"),
      true,
      "the rest of a batch is carried out",
    );
    assert.deepEqual(
      netlink.removeAddresses("left", [...many, "10.213.9.250/24", "10.99.99.99/32", "0.0.0.0/0"]),
      [],
    );
    assert.deepEqual(netlink.addresses("left"), ["10.213.9.1/24"]);
    assert.ok(mixed.length <= 1);
    assert.deepEqual(netlink.addAddresses("absent0", ["10.213.9.7/32"]), [
      { address: "10.213.9.7/32", code: "ENODEV" },
    ]);
    assert.deepEqual(netlink.removeAddresses("absent0", ["10.213.9.7/32"]), []);
    assert.deepEqual(netlink.addresses("absent0"), []);
  } finally {
    netlink.close();
  }
});

test("an address is removed whatever its prefix length was", { skip }, () => {
  const netlink = new RouteNetlink();
  try {
    ip("addr add 10.213.9.77/32 dev left");
    assert.deepEqual(netlink.removeAddresses("left", ["10.213.9.77/24"]), []);
    assert.deepEqual(netlink.addresses("left"), ["10.213.9.1/24"]);
  } finally {
    netlink.close();
  }
});

test("[LH4] IPv6 addresses can be used at once, are not chosen for what the unit begins, and go whatever prefix they have", {
  skip,
}, () => {
  const netlink = new RouteNetlink();
  try {
    assert.deepEqual(
      netlink.addAddresses("left", ["2001:db8::20/64", "10.213.9.20/24", "2001:db8::21/64"]),
      [],
    );
    assert.deepEqual(
      netlink.addAddresses("left", ["2001:db8::20/64"]),
      [],
      "one that is there is no failure",
    );
    assert.deepEqual(netlink.addresses("left").toSorted(), [
      "10.213.9.1/24",
      "10.213.9.20/24",
      "2001:db8::20/64",
      "2001:db8::21/64",
    ]);
    const shown = ip("-6 addr show dev left to 2001:db8::20");
    assert.match(shown, /deprecated/);
    assert.doesNotMatch(shown, /tentative/);
    assert.doesNotMatch(
      ip("-6 route show dev left"),
      /2001:db8::\/64/,
      "the way to the network is not theirs",
    );
    assert.deepEqual(
      netlink.removeAddresses("left", [
        "2001:db8::20/128",
        "10.213.9.20/24",
        "2001:db8::21/64",
        "2001:db8::99/64",
      ]),
      [],
    );
    assert.deepEqual(netlink.addresses("left"), ["10.213.9.1/24"]);
  } finally {
    netlink.close();
  }
});

test("the loss of carrier and its return are reported", { skip }, async () => {
  const netlink = new RouteNetlink();
  const reader = await chooseMessageReader();
  const becomes = (running: boolean, command: string) =>
    within<boolean>(2_000, (arrived) => {
      const watch = watchLinks(reader, () => {
        if (netlink.link("left")?.running !== running) return;
        watch.close();
        arrived(true);
      });
      ip(command);
    });
  try {
    assert.equal(netlink.link("left")?.running, true);
    assert.equal(netlink.link("left")?.mac.length, 6);
    assert.equal(netlink.link("absent0"), undefined);
    await becomes(false, "link set right down");
    await becomes(true, "link set right up");
  } finally {
    netlink.close();
  }
});

test("a device is prepared for shared addresses, and HAProxy may listen on addresses of the partner", {
  skip,
}, () => {
  assert.deepEqual(prepareSharedAddressDevice("left"), []);
  assert.equal(allowNonlocalBind(), undefined);
  assert.equal(readSysctl("ipv4/conf/left/arp_announce"), "2");
  assert.equal(readSysctl("ipv4/conf/left/arp_ignore"), "1");
  assert.equal(readSysctl("ipv4/conf/left/promote_secondaries"), "1");
  assert.equal(readSysctl("ipv4/ip_nonlocal_bind"), "1");
  assert.equal(readSysctl("ipv6/ip_nonlocal_bind"), "1");
  assert.equal(writeSysctl("ipv4/no_such_parameter", "1")?.code !== undefined, true);
});

test("[LH4] a macvlan is made down with its MAC and parent, goes up and down, and goes away with its addresses", {
  skip,
}, () => {
  const netlink = new RouteNetlink();
  try {
    const mac = Uint8Array.of(0, 0, 0x5e, 0, 1, 7);
    netlink.addMacvlan("carp0.7", "left", mac);
    const made = netlink.link("carp0.7");
    assert.deepEqual([made?.mac, made?.up, made?.parent], [mac, false, netlink.link("left")?.index]);
    assert.match(ip("-d link show dev carp0.7"), /macvlan mode bridge/);
    assert.deepEqual(
      netlink.links().find(({ name }) => name === "carp0.7"),
      made,
    );
    assert.deepEqual(prepareVirtualDevice("carp0.7", false), []);
    assert.equal(readSysctl("ipv6/conf/carp0.7/disable_ipv6"), "1");
    assert.deepEqual(prepareVirtualDevice("carp0.7", true), []);
    assert.equal(readSysctl("ipv4/conf/carp0.7/rp_filter"), "2");
    netlink.setLink("carp0.7", "up");
    assert.deepEqual(netlink.addAddresses("carp0.7", ["10.213.9.100/32"]), []);
    assert.equal(netlink.link("carp0.7")?.running, true);
    assert.deepEqual(netlink.addAddresses("carp0.7", ["2001:db8::100/128"]), []);
    assert.match(ip("-6 addr show dev carp0.7"), /2001:db8::100\/128/);
    assert.doesNotMatch(ip("-6 addr show dev carp0.7"), /fe80/, "it has no address of its own");
    netlink.setLink("carp0.7", "down");
    assert.equal(netlink.link("carp0.7")?.up, false);
    netlink.removeLink("carp0.7");
    netlink.removeLink("carp0.7");
    netlink.setLink("carp0.7", "down");
    assert.equal(netlink.link("carp0.7"), undefined);
    assert.throws(
      () => netlink.addMacvlan("carp0.7", "absent", mac),
      (error) => error instanceof SystemCallError && error.code === "ENODEV",
    );
  } finally {
    netlink.close();
  }
});

test("[LH7] frames of one type are received whole on one device", { skip }, async () => {
  const reader = await chooseMessageReader();
  const transmitter = new PacketTransmitter("right");
  const frame = Buffer.concat([Buffer.from("ffffffffffff0200000000010806", "hex"), Buffer.alloc(46, 7)]);
  let socket: { close(): void } | undefined;
  try {
    const received = await within<Uint8Array>(2_000, (arrived) => {
      // The kernel sends ARP of its own on this cable.
      const onFrame = (each: Uint8Array): void => void (each[20] === 7 && arrived(each));
      socket = openPacketReceiver({ device: "left", etherType: etherTypeArp, reader, onFrame });
      transmitter.send(multicastFrame(1));
      transmitter.send(frame);
    });
    assert.deepEqual(Buffer.from(received), frame);
  } finally {
    socket?.close();
    transmitter.close();
  }
});

test("a static route is added once, told from one that is there, and removed", { skip }, () => {
  const netlink = new RouteNetlink();
  const route = { destination: "10.99.0.0/16", gateway: "10.213.9.2" };
  try {
    assert.equal(netlink.changeRoute("add", "left", route), undefined);
    assert.match(ip("route show 10.99.0.0/16"), /via 10\.213\.9\.2 dev left proto static/);
    assert.equal(netlink.changeRoute("add", "left", route), "EEXIST");
    assert.equal(netlink.changeRoute("remove", "left", { ...route, gateway: "10.213.9.3" }), undefined);
    assert.notEqual(ip("route show 10.99.0.0/16"), "", "another gateway's route is another one");
    assert.equal(netlink.changeRoute("remove", "left", route), undefined);
    assert.equal(ip("route show 10.99.0.0/16"), "");
    assert.equal(netlink.changeRoute("remove", "left", route), undefined);
    assert.equal(netlink.changeRoute("add", "left", { ...route, gateway: "192.0.2.1" }), "ENETUNREACH");
    assert.equal(netlink.changeRoute("add", "nowhere", route), "ENODEV");
  } finally {
    netlink.close();
  }
});
