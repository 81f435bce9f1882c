import assert from "node:assert/strict";
import test from "node:test";
import { formatIpv6 } from "@tandem/base/ipv6";
import type { CarpEvent } from "@tandem/carp/state";
import {
  advertisementFrame,
  createAuthentication,
  decodePacket,
  encodeAdvertisement,
} from "@tandem/carp/wire";
import type { AddressFailure } from "@tandem/linux/rtnetlink";
import type { CarpdConfiguration } from "./carpd-configuration.ts";
import { CarpEngine } from "./carpd-engine.ts";
import type { CarpKernel, DeviceLink } from "./carpd-kernel.ts";
import type { CarpdStatus } from "./carpd-protocol.ts";

const etherHeaderBytes = 14;
const etherTypeArp = 0x0806;
const etherTypeIpv6 = 0x86dd;

const configuration: CarpdConfiguration = {
  vhid: 7,
  advbase: 1,
  advskew: 0,
  preempt: false,
  password: "not in any log",
  device: "eth0",
  ownAddress: "10.0.0.1",
  sharedAddresses: ["10.0.0.100/24"],
  serviceAddresses: ["10.0.0.101/24"],
};

/** The kernel in memory: devices with addresses, and a journal of what was done, in order. */
class MemoryKernel implements CarpKernel {
  readonly devices = new Map<string, { link: DeviceLink; addresses: string[] }>();
  readonly journal: string[] = [];
  refuse = new Map<string, string>();
  /** The device's own, unless a test is about another one. */
  expectedMac = [2, 0, 0, 0, 0, 1];
  deliver: (packet: Uint8Array) => void = () => {};

  plug(device: string, index: number, running = true): void {
    this.devices.set(device, {
      link: { index, mac: "02:00:00:00:00:01", running },
      addresses: ["10.0.0.1/24"],
    });
  }

  link(device: string) {
    return this.devices.get(device)?.link;
  }

  open(device: string, onPacket: (packet: Uint8Array) => void): boolean {
    this.deliver = onPacket;
    return this.devices.has(device);
  }

  readonly arpListeners = new Map<string, (frame: Uint8Array) => void>();

  listenArp(device: string, onFrame: (frame: Uint8Array) => void) {
    this.arpListeners.set(device, onFrame);
    return { close: () => void this.arpListeners.delete(device) };
  }

  send(device: string, frame: Uint8Array): boolean {
    const type = frame[12]! * 256 + frame[13]!;
    const [sender, target] = [frame.subarray(28, 32).join("."), frame.subarray(38, 42).join(".")];
    if (type === etherTypeIpv6)
      this.journal.push(
        `announce ${formatIpv6(frame.subarray(62, 78))}${device === "eth0" ? "" : ` on ${device}`}`,
      );
    else if (type === etherTypeArp)
      this.journal.push(
        sender === target
          ? `announce ${sender}${device === "eth0" ? "" : ` on ${device}`}`
          : `ask ${target} on ${device}`,
      );
    else
      this.journal.push(`advertise ${frame[etherHeaderBytes + 20 + 5]}/${frame[etherHeaderBytes + 20 + 2]}`);
    assert.deepEqual([...frame.subarray(6, 12)], this.expectedMac, "the MAC that every frame leaves with");
    return true;
  }

  addresses(device: string): string[] {
    return [...(this.devices.get(device)?.addresses ?? [])];
  }

  addAddresses(device: string, addresses: readonly string[]): AddressFailure[] {
    this.journal.push(`add ${addresses.join(" ")}`);
    const entry = this.devices.get(device)!;
    const accepted = addresses.filter((address) => !this.refuse.has(address));
    entry.addresses = [...new Set([...entry.addresses, ...accepted])];
    return addresses
      .filter((address) => this.refuse.has(address))
      .map((address) => ({ address, code: this.refuse.get(address)! }));
  }

  removeAddresses(device: string, addresses: readonly string[]): AddressFailure[] {
    const entry = this.devices.get(device);
    const present = addresses.filter((address) => entry?.addresses.includes(address));
    if (present.length > 0) this.journal.push(`remove ${present.join(" ")}`);
    if (entry) entry.addresses = entry.addresses.filter((address) => !addresses.includes(address));
    return [];
  }

  makeVirtual(name: string, parent: string, mac: string, carriesIpv6: boolean): string | undefined {
    if (!this.devices.has(parent)) return "ENODEV";
    if (this.devices.has(name)) return undefined;
    this.journal.push(`make ${name} on ${parent} ${mac}${carriesIpv6 ? " with IPv6" : ""}`);
    this.devices.set(name, { link: { index: 90, mac, running: false }, addresses: [] });
    return undefined;
  }

  setVirtual(name: string, state: "up" | "down"): undefined {
    this.journal.push(`${state} ${name}`);
  }

  removeVirtual(name: string): void {
    if (this.devices.delete(name)) this.journal.push(`delete ${name}`);
  }

  receiveErrors(): number {
    return 0;
  }

  close(): void {
    this.journal.push("close");
  }
}

/** An engine on a virtual clock. */
function bench() {
  const kernel = new MemoryKernel();
  kernel.plug("eth0", 2);
  const statuses: CarpdStatus[] = [];
  const events: CarpEvent[] = [];
  let now = 1_000;
  let due: { at: number; wake: () => void }[] = [];
  const engine = new CarpEngine({
    kernel,
    monotonic: () => now,
    wall: () => 1_700_000_000_000 + now,
    entropy: () => 42n,
    timer: (milliseconds, wake) => {
      const entry = { at: now + milliseconds, wake };
      due = [...due, entry].toSorted((a, b) => a.at - b.at);
      return () => {
        due = due.filter((each) => each !== entry);
      };
    },
    onEvent: (event) => events.push(event),
    onStatus: (status) => statuses.push(status),
    pid: 1,
  });
  const advance = (milliseconds: number): void => {
    const end = now + milliseconds;
    for (let first = due[0]; first !== undefined && first.at <= end; first = due[0]) {
      const { at, wake } = first;
      due = due.slice(1);
      now = at;
      wake();
    }
    now = end;
  };
  const drain = (): string[] => kernel.journal.splice(0);
  return { kernel, engine, statuses, events, advance, drain, isArmed: () => due.length > 0 };
}

function peerPacket(advskew: number, counter: bigint): Uint8Array {
  const authentication = createAuthentication({
    vhid: 7,
    password: configuration.password,
    addresses: ["10.0.0.100"],
  });
  const payload = encodeAdvertisement({ vhid: 7, advbase: 1, advskew, demotion: 0, counter }, authentication);
  const frame = { sourceMac: "02:00:00:00:00:02", sourceAddress: "10.0.0.2", identification: 1, payload };
  return advertisementFrame({ ...frame, destination: "multicast" }).subarray(etherHeaderBytes);
}

test("becoming active: advertise, then the addresses, then the announcement of each", () => {
  const { engine, advance, drain, statuses } = bench();
  engine.configure(configuration, []);
  assert.equal(statuses.at(-1)?.role, "backup");
  assert.deepEqual(drain(), []);
  advance(3_100);
  assert.deepEqual(drain().slice(0, 4), [
    "advertise 1/0",
    "add 10.0.0.100/24 10.0.0.101/24",
    "announce 10.0.0.100",
    "announce 10.0.0.101",
  ]);
  const status = engine.status();
  assert.equal(status.role, "master");
  assert.deepEqual(status.addresses, ["10.0.0.100/24", "10.0.0.101/24"]);
  assert.equal(status.since, 1_700_000_000_000 + 4_000);
});

test("addresses that an earlier process left behind go before anything else", () => {
  const { kernel, engine, drain } = bench();
  kernel.addAddresses("eth0", ["10.0.0.100/24", "10.0.0.55/24"]);
  drain();
  engine.configure(configuration, [{ device: "eth0", addresses: ["10.0.0.100/24", "10.0.0.55/24"] }]);
  assert.deepEqual(drain(), ["remove 10.0.0.100/24 10.0.0.55/24"]);
  assert.deepEqual(kernel.addresses("eth0"), ["10.0.0.1/24"]);
});

test("a superior master is yielded to: addresses first, then one last advertisement", () => {
  const { kernel, engine, advance, drain } = bench();
  engine.configure({ ...configuration, advskew: 100 }, []);
  advance(4_000);
  drain();
  kernel.deliver(peerPacket(0, 5n));
  assert.deepEqual(drain(), ["remove 10.0.0.100/24 10.0.0.101/24", "advertise 1/100"]);
  assert.equal(engine.status().role, "backup");
  assert.equal(engine.status().peer?.source, "10.0.0.2");
});

test("an orderly stop removes the addresses, bows out with 255/255, and leaves nothing armed", () => {
  const { engine, advance, drain, isArmed } = bench();
  engine.configure(configuration, []);
  advance(4_500);
  drain();
  engine.stop();
  assert.deepEqual(drain(), ["remove 10.0.0.100/24 10.0.0.101/24", "advertise 255/255", "close"]);
  assert.equal(isArmed(), false);
});

test("while active, service addresses come and go with the configuration, and new ones are announced", () => {
  const { engine, advance, drain } = bench();
  engine.configure(configuration, []);
  advance(4_500);
  drain();
  engine.configure({ ...configuration, serviceAddresses: ["10.0.0.102/24"] }, []);
  const done = drain();
  assert.ok(done.indexOf("remove 10.0.0.101/24") >= 0);
  assert.ok(done.indexOf("announce 10.0.0.102") > done.findIndex((entry) => entry.startsWith("add ")));
  assert.deepEqual(engine.status().addresses, ["10.0.0.100/24", "10.0.0.102/24"]);
  assert.equal(engine.status().role, "master");
});

test("a lost link lets go at once; a device made anew is opened again", () => {
  const { kernel, engine, advance, drain } = bench();
  engine.configure(configuration, []);
  advance(4_500);
  drain();
  kernel.plug("eth0", 2, false);
  kernel.addAddresses("eth0", ["10.0.0.100/24"]);
  drain();
  engine.linkChanged();
  assert.deepEqual(drain(), ["remove 10.0.0.100/24"]);
  assert.equal(engine.status().role, "initial");
  kernel.devices.delete("eth0");
  engine.linkChanged();
  assert.equal(engine.status().role, "initial");
  kernel.plug("eth0", 9);
  engine.linkChanged();
  assert.equal(engine.status().role, "backup");
  advance(4_500);
  assert.equal(engine.status().role, "master");
});

test("a configuration for a device that is not there waits for it", () => {
  const { kernel, engine, advance } = bench();
  engine.configure({ ...configuration, device: "eth7" }, []);
  advance(10_000);
  assert.equal(engine.status().role, "initial");
  kernel.plug("eth7", 5);
  engine.linkChanged();
  assert.equal(engine.status().role, "backup");
});

test("[LH5] moving to another device costs no role: addresses stay, and the next word is said there at once", () => {
  const { kernel, engine, advance, drain } = bench();
  kernel.plug("eth1", 3);
  engine.configure(configuration, []);
  advance(4_500);
  drain();
  const moved: CarpdConfiguration = {
    ...configuration,
    device: "eth1",
    sharedAddresses: ["10.1.0.100/24"],
    serviceAddresses: [],
    further: [{ device: "eth0", addresses: ["10.0.0.100/24", "10.0.0.101/24"] }],
  };
  engine.configure(moved, []);
  assert.equal(drain()[0], "advertise 1/0");
  assert.equal(engine.status().role, "master");
  assert.equal(engine.status().counters.takeovers, 1);
  assert.deepEqual(kernel.addresses("eth0"), ["10.0.0.1/24", "10.0.0.100/24", "10.0.0.101/24"]);
  assert.equal(kernel.addresses("eth1").includes("10.1.0.100/24"), true);
  engine.configure({ ...configuration, device: "eth1" }, []);
  assert.deepEqual(kernel.addresses("eth0"), ["10.0.0.1/24"], "what the new one does not carry there goes");
});

test("[LH5] a standby that moves waits for a whole timeout, and one that moves to a dead device takes no part", () => {
  const { kernel, engine, advance } = bench();
  kernel.plug("eth1", 3);
  kernel.plug("eth2", 4, false);
  engine.configure(configuration, []);
  advance(2_900);
  engine.configure({ ...configuration, device: "eth1" }, []);
  advance(2_900);
  assert.equal(engine.status().role, "backup");
  engine.configure({ ...configuration, device: "eth2" }, []);
  assert.equal(engine.status().role, "initial");
  engine.configure(configuration, []);
  assert.equal(engine.status().role, "backup");
  advance(3_100);
  assert.equal(engine.status().role, "master");
  engine.configure({ ...configuration, device: "eth2" }, []);
  assert.equal(engine.status().role, "initial");
  assert.deepEqual(kernel.addresses("eth0"), ["10.0.0.1/24"]);
});

test("[LH1] a packet that was refused is counted by its reason, and no event holds the password", () => {
  const { kernel, engine, events } = bench();
  engine.configure(configuration, []);
  const packet = peerPacket(0, 5n);
  packet[packet.length - 1]! ^= 1;
  packet[20 + 6] = 0;
  packet[20 + 7] = 0;
  kernel.deliver(packet);
  kernel.deliver(Uint8Array.of(1, 2, 3));
  const { rejects } = engine.status();
  assert.equal(rejects.checksum, 1);
  assert.equal(rejects.short, 1);
  assert.equal(JSON.stringify([events, engine.status()]).includes(configuration.password), false);
});

test("an address the kernel refuses is named in the status, and the others are carried", () => {
  const { kernel, engine, advance } = bench();
  kernel.refuse.set("10.0.0.101/24", "EPERM");
  engine.configure(configuration, []);
  advance(4_500);
  assert.deepEqual(engine.status().addressFailures, ["10.0.0.101/24: EPERM"]);
  assert.deepEqual(engine.status().addresses, ["10.0.0.100/24"]);
});

test("what the peer must verify is signed over the shared addresses alone", () => {
  const authentication = createAuthentication({
    vhid: 7,
    password: configuration.password,
    addresses: ["10.0.0.100"],
  });
  const { kernel, engine, advance } = bench();
  const frames: Uint8Array[] = [];
  kernel.send = (_device, frame) => frames.push(frame) > 0;
  engine.configure(configuration, []);
  advance(3_100);
  const decoded = decodePacket(frames[0]!.subarray(etherHeaderBytes), authentication, 7);
  assert.equal(decoded.ok && decoded.value.source, "10.0.0.1");
});

const withChecks: CarpdConfiguration = {
  ...configuration,
  further: [{ device: "eth1", addresses: ["10.1.0.100/24"] }],
  checks: [{ device: "eth1", ownAddress: "10.1.0.1", gateway: "10.1.0.254" }],
};

test("[LH7] addresses of a further device move along, and are announced there", () => {
  const { kernel, engine, advance, drain } = bench();
  kernel.plug("eth1", 3);
  engine.configure({ ...withChecks, checks: [] }, []);
  advance(3_100);
  assert.deepEqual(drain().slice(0, 6), [
    "advertise 1/0",
    "add 10.0.0.100/24 10.0.0.101/24",
    "add 10.1.0.100/24",
    "announce 10.0.0.100",
    "announce 10.0.0.101",
    "announce 10.1.0.100 on eth1",
  ]);
  engine.stop();
  assert.deepEqual(kernel.addresses("eth1"), ["10.0.0.1/24"]);
});

test("[LH7] a checked network without carrier demotes at once, and after it is mended for the hold only", () => {
  const { kernel, engine, advance, statuses } = bench();
  kernel.plug("eth1", 3);
  engine.configure({ ...withChecks, checks: [{ device: "eth1", ownAddress: "10.1.0.1" }] }, []);
  advance(4_000);
  kernel.plug("eth1", 3, false);
  engine.linkChanged();
  assert.equal(engine.status().demotion, 1);
  assert.deepEqual(engine.status().checks, [{ device: "eth1", fault: "eth1 has no carrier" }]);
  assert.equal(statuses.at(-1)?.demotion, 1, "told at once");
  assert.equal(engine.status().role, "master", "nobody else is there");
  kernel.plug("eth1", 3);
  engine.linkChanged();
  advance(4_900);
  assert.equal(engine.status().demotion, 1, "a link that flaps moves the role once");
  advance(200);
  assert.equal(engine.status().demotion, 0);
});

test("[LH7] a gateway that leaves three ARP requests unanswered demotes; one answer begins the hold", () => {
  const { kernel, engine, advance, drain } = bench();
  kernel.plug("eth1", 3);
  engine.configure(withChecks, []);
  assert.deepEqual(drain(), ["ask 10.1.0.254 on eth1"]);
  const answer = (): void => {
    const frame = new Uint8Array(60);
    frame.set([8, 6, 0, 1, 8, 0, 6, 4, 0, 2], 12);
    frame.set([10, 1, 0, 254], 28);
    kernel.arpListeners.get("eth1")?.(frame);
  };
  for (let second = 0; second < 10; second++) {
    answer();
    advance(1_000);
  }
  assert.equal(engine.status().demotion, 0);
  advance(4_500);
  assert.equal(engine.status().demotion, 1);
  assert.match(engine.status().checks?.[0]?.fault ?? "", /gateway 10\.1\.0\.254 on eth1 does not answer/);
  answer();
  assert.equal(engine.status().checks?.[0]?.fault, null);
  assert.equal(engine.status().demotion, 1);
  for (let second = 0; second < 6; second++) {
    answer();
    advance(1_000);
  }
  assert.equal(engine.status().demotion, 0);
});

test("[LH7] what the unit reports, its absence and the checks are one sum", () => {
  const { kernel, engine, advance } = bench();
  kernel.plug("eth1", 3, false);
  engine.demote(100, "HAProxy does not run");
  engine.configure({ ...withChecks, checks: [{ device: "eth1", ownAddress: "10.1.0.1" }] }, []);
  engine.unitIs("away");
  assert.equal(engine.status().demotion, 102);
  engine.unitIs("here");
  engine.demote(0, "HAProxy runs");
  assert.equal(engine.status().demotion, 102);
  advance(5_100);
  assert.equal(engine.status().demotion, 1);
});

test("[LH4] with a virtual MAC the addresses are on a macvlan that is down on the standby, and everything leaves with that MAC", () => {
  const { kernel, engine, advance, drain } = bench();
  kernel.expectedMac = [0, 0, 0x5e, 0, 1, 7];
  engine.configure({ ...configuration, virtualInterface: 0 }, [
    { device: "carp0.7", addresses: ["10.0.0.100/32"] },
  ]);
  assert.deepEqual(drain(), ["make carp0.7 on eth0 00:00:5e:00:01:07"]);
  advance(3_100);
  assert.deepEqual(drain().slice(0, 5), [
    "advertise 1/0",
    "up carp0.7",
    "add 10.0.0.100/32 10.0.0.101/32",
    "announce 10.0.0.100",
    "announce 10.0.0.101",
  ]);
  assert.deepEqual(kernel.addresses("eth0"), ["10.0.0.1/24"]);
  engine.demote(1, "a check");
  drain();
  kernel.deliver(peerPacket(1, 5n));
  assert.deepEqual(drain(), ["remove 10.0.0.100/32 10.0.0.101/32", "advertise 1/0", "down carp0.7"]);
  engine.stop();
  assert.deepEqual(drain(), ["delete carp0.7", "close"]);
});

test("[LH13] a hand-over takes the addresses off the device before the partner is told", () => {
  const { kernel, engine, advance, drain } = bench();
  engine.configure(configuration, []);
  engine.handOver();
  drain();
  advance(3_100);
  drain();
  engine.handOver();
  assert.deepEqual(drain(), ["remove 10.0.0.100/24 10.0.0.101/24", "advertise 255/255"]);
  kernel.deliver(peerPacket(1, 5n));
  advance(2_000);
  assert.equal(engine.status().role, "backup");
  assert.equal(engine.status().demotion, 0);
});

test("[LH4] IPv6 addresses are hashed, carried, announced and let go of with the others", () => {
  const { kernel, engine, advance, drain } = bench();
  const both = { ...configuration, sharedAddresses: ["10.0.0.100/24", "2001:db8::100/64"] };
  engine.configure(both, []);
  advance(3_100);
  assert.deepEqual(drain().slice(0, 5), [
    "advertise 1/0",
    "add 10.0.0.100/24 2001:db8::100/64 10.0.0.101/24",
    "announce 10.0.0.100",
    "announce 2001:db8::100",
    "announce 10.0.0.101",
  ]);
  kernel.deliver(peerPacket(200, 5n));
  assert.equal(engine.status().rejects.hmac, 1, "a partner without the address holds another set");
  advance(60_000);
  assert.ok(drain().filter((entry) => entry === "announce 2001:db8::100").length >= 3, "it is repeated");
  engine.stop();
  assert.equal(drain()[0], "remove 10.0.0.100/24 2001:db8::100/64 10.0.0.101/24");
});

test("[LH4] with a virtual MAC IPv6 is enabled on the macvlan alone that carries it", () => {
  const { kernel, engine, advance, drain } = bench();
  kernel.expectedMac = [0, 0, 0x5e, 0, 1, 7];
  const sharedAddresses = ["10.0.0.100/24", "2001:db8::100/64"];
  engine.configure({ ...configuration, virtualInterface: 0, sharedAddresses }, []);
  assert.deepEqual(drain(), ["make carp0.7 on eth0 00:00:5e:00:01:07 with IPv6"]);
  advance(3_100);
  assert.ok(drain().includes("add 10.0.0.100/32 2001:db8::100/128 10.0.0.101/32"));
  // What follows stays a standby, so nothing is sent with the other device's MAC.
  const other = bench();
  other.kernel.plug("eth1", 3);
  const further = [{ device: "eth1", addresses: ["2001:db8:1::100/64"], virtualInterface: 1 }];
  other.engine.configure({ ...configuration, virtualInterface: 0, further }, []);
  assert.deepEqual(other.drain(), [
    "make carp0.7 on eth0 00:00:5e:00:01:07",
    "make carp1.7 on eth1 00:00:5e:00:03:07 with IPv6",
  ]);
});

test("[LH4] a further device that was set down has its IPv6 addresses put back once it runs again", () => {
  const { kernel, engine, advance, drain } = bench();
  kernel.plug("eth1", 3);
  engine.configure(
    { ...configuration, further: [{ device: "eth1", addresses: ["2001:db8:1::100/64"] }] },
    [],
  );
  advance(4_500);
  kernel.plug("eth1", 3, false);
  engine.linkChanged();
  kernel.plug("eth1", 3);
  drain();
  engine.linkChanged();
  assert.ok(drain().includes("add 2001:db8:1::100/64"));
  assert.deepEqual(kernel.addresses("eth1"), ["10.0.0.1/24", "2001:db8:1::100/64"]);
});

test("[LH4] a macvlan that an earlier process left behind is removed at start", () => {
  const { kernel, engine, drain } = bench();
  kernel.makeVirtual("carp0.9", "eth0", "00:00:5e:00:01:09", false);
  drain();
  engine.configure(configuration, [{ device: "carp0.9", addresses: ["10.0.0.100/32"] }]);
  assert.deepEqual(drain(), ["delete carp0.9"]);
});

test("[LH10] addresses that the unit held alone stay on the device from the start to the end of carpd", () => {
  const { kernel, engine } = bench();
  kernel.addAddresses("eth0", ["10.0.0.100/24", "10.0.0.101/24"]);
  kernel.journal.length = 0;
  engine.configure(configuration, [], true);
  assert.equal(engine.status().role, "master");
  engine.stop(true);
  assert.equal(engine.status().role, "stopped");
  assert.ok(!kernel.journal.some((line) => line.startsWith("remove")), kernel.journal.join("; "));
  assert.deepEqual(kernel.addresses("eth0"), ["10.0.0.1/24", "10.0.0.100/24", "10.0.0.101/24"]);
});
