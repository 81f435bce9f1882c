/**
 * An attacker on the segment who does not know the password: so many packets of each kind that carpd tells apart, one
 * that it has heard and repeats, and random damage from a seed. Says at its end what it has sent.
 */

import { setTimeout as pause } from "node:timers/promises";
import {
  advertisementFrame,
  type CarpAdvertisement,
  createAuthentication,
  encodeAdvertisement,
  internetChecksum,
} from "@tandem/carp/wire";
import { chooseMessageReader } from "@tandem/linux/message-socket";
import { openPacketReceiver } from "@tandem/linux/packet-receive";
import { PacketTransmitter } from "@tandem/linux/packet-transmit";

const [vhidText, sharedAddress, seedText] = process.argv.slice(2) as [string, string, string];
const vhid = Number(vhidText);
const device = "eth0";
const ofEachKind = 25;
const ofRandom = 2_500;
/** Slowly enough for every packet to find room in the sockets of the units. */
const burst = 25;
const burstPauseMs = 10;
const etherTypeIpv4 = 0x0800;
const ethernetBytes = 14;
const ipBytes = 20;

/** mulberry32: the same numbers for the same seed. */
let state = Number(seedText);
function random(below: number): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

const stranger = createAuthentication({ vhid, password: "guessed", addresses: [sharedAddress] });
const sources = ["10.77.0.1", "10.77.0.2", "10.77.0.3", "10.77.0.77"];

/** A frame that is well-formed and claims more than any unit may; signed with a password that is guessed. */
function forged(changes: Partial<CarpAdvertisement> = {}): Uint8Array {
  const payload = encodeAdvertisement(
    { vhid, advbase: 0, advskew: 0, demotion: 0, counter: BigInt(random(2 ** 31)), ...changes },
    stranger,
  );
  return frameOf(payload, "10.77.0.77");
}

const frameOf = (payload: Uint8Array, sourceAddress: string): Uint8Array =>
  advertisementFrame({
    sourceMac: "02:00:00:00:00:77",
    sourceAddress,
    destination: random(2) === 0 ? "multicast" : "broadcast",
    payload,
    identification: random(65_536),
  });

/** The same frame with some bytes of its CARP part changed, its checksums right again. */
function changed(frame: Uint8Array, at: readonly (readonly [number, number])[]): Uint8Array {
  const copy = frame.slice();
  const payload = copy.subarray(ethernetBytes + ipBytes);
  for (const [index, byte] of at) payload[index] = byte;
  sum(payload, 6);
  return copy;
}

function sum(part: Uint8Array, at: number): void {
  part.set([0, 0], at);
  const checksum = internetChecksum(part);
  part.set([checksum >>> 8, checksum & 255], at);
}

function withTtl(frame: Uint8Array, ttl: number): Uint8Array {
  const copy = frame.slice();
  const header = copy.subarray(ethernetBytes, ethernetBytes + ipBytes);
  header[8] = ttl;
  sum(header, 10);
  return copy;
}

const kinds: { readonly [reason: string]: () => Uint8Array } = {
  hmac: () => forged({ demotion: random(256), advskew: random(256), advbase: random(256) }),
  ttl: () => withTtl(forged(), 1 + random(254)),
  length: () =>
    frameOf(
      forged().subarray(ethernetBytes + ipBytes, ethernetBytes + ipBytes + 8 + random(28)),
      "10.77.0.77",
    ),
  version: () => changed(forged(), [[0, 0x41]]),
  type: () => changed(forged(), [[0, 0x22]]),
  vhid: () => changed(forged(), [[1, vhid + 1]]),
  vrrp3: () => changed(forged(), [[0, 0x31]]),
  authlen: () => changed(forged(), [[3, 1]]),
  checksum: () => {
    const frame = forged();
    frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 0xff;
    return frame;
  },
};

/** Anything between a forged advertisement and noise. */
function damaged(): Uint8Array {
  const payload = forged({ advbase: random(256), advskew: random(256), demotion: random(256) })
    .subarray(ethernetBytes + ipBytes)
    .slice(0, random(4) === 0 ? random(37) : undefined);
  for (let change = random(4); change > 0; change -= 1)
    if (payload.length > 0) payload[random(payload.length)] = random(256);
  if (random(2) === 0 && payload.length >= 8) sum(payload, 6);
  const frame = frameOf(payload, sources[random(sources.length)] ?? "");
  if (random(8) === 0) frame[ethernetBytes + random(ipBytes)] = random(256);
  return frame;
}

const genuine = Promise.withResolvers<Uint8Array>();
const listener = openPacketReceiver({
  device,
  etherType: etherTypeIpv4,
  reader: await chooseMessageReader(),
  onFrame: (frame) => {
    if (frame[ethernetBytes + 9] === 112) genuine.resolve(frame.slice());
  },
});
const heard = await genuine.promise;
listener.close();

const transmitter = new PacketTransmitter(device);
let inBurst = 0;
async function send(frame: Uint8Array): Promise<void> {
  transmitter.send(frame);
  inBurst += 1;
  if (inBurst % burst === 0) await pause(burstPauseMs);
}

const each: { [reason: string]: number } = {};
for (const [reason, make] of Object.entries(kinds)) {
  for (let count = 0; count < ofEachKind; count += 1) await send(make());
  each[reason] = ofEachKind;
}
for (let count = 0; count < ofEachKind; count += 1) await send(heard);
for (let count = 0; count < ofRandom; count += 1) await send(damaged());
transmitter.close();
console.log(JSON.stringify({ each, repeated: ofEachKind, random: ofRandom }));
process.exit(0);
