import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foreignGroupsMax } from "./constants.ts";
import { noteForeign } from "./foreign.ts";
import { type CarpConfig, type CarpState, unstarted } from "./state.ts";
import { step } from "./step.ts";
import {
  advertisementFrame,
  createAuthentication,
  decodePacket,
  encodeAdvertisement,
  internetChecksum,
  packetSource,
  rejectReasons,
} from "./wire.ts";

const etherHeaderBytes = 14;
const config: CarpConfig = {
  vhid: 7,
  advbase: 1,
  advskew: 0,
  preempt: false,
  password: "secret",
  hashedAddresses: ["10.0.0.20"],
  ownAddress: "10.0.0.1",
  trustDemotion: true,
  replayCheck: "growing",
};
const authentication = createAuthentication({ vhid: 7, password: "secret", addresses: ["10.0.0.20"] });

const started = (): CarpState =>
  step(unstarted, { type: "start", now: 0, config, counter: 1n, demotion: 0, linkUp: true }).state;

/** As the shell does it: decoded, then one input. */
function deliver(state: CarpState, now: number, packet: Uint8Array): CarpState {
  const decoded = decodePacket(packet, authentication, config.vhid);
  return step(
    state,
    decoded.ok
      ? { type: "advertisement", now, ...decoded.value }
      : { type: "rejected", now, reason: decoded.error, source: packetSource(packet) },
  ).state;
}

const packetOf = (payload: Uint8Array, sourceAddress = "10.0.0.66"): Uint8Array =>
  advertisementFrame({
    sourceMac: "02:00:00:00:00:66",
    sourceAddress,
    destination: "multicast",
    payload,
    identification: 1,
  }).subarray(etherHeaderBytes);

test("[LH8] another group with our number is remembered by its address and kind, the latest first", () => {
  const other = createAuthentication({ vhid: 7, password: "another", addresses: ["10.0.0.20"] });
  const advertisement = { vhid: 7, advbase: 1, advskew: 0, demotion: 0, counter: 5n };
  let state = started();
  state = deliver(state, 10, packetOf(encodeAdvertisement(advertisement, other)));
  state = deliver(
    state,
    20,
    packetOf(Uint8Array.of(0x31, 7, 100, 1, 0, 100, 0, 0, 10, 0, 0, 9), "10.0.0.67"),
  );
  state = deliver(state, 30, packetOf(encodeAdvertisement(advertisement, other)));
  assert.deepEqual(state.memory?.foreign, [
    { source: "10.0.0.66", reason: "hmac", firstAt: 10, lastAt: 30, count: 2 },
    { source: "10.0.0.67", reason: "vrrp3", firstAt: 20, lastAt: 20, count: 1 },
  ]);
  const ordinary = deliver(state, 40, packetOf(Uint8Array.of(0x31, 9, 100, 1, 0, 100, 0, 0, 10, 0, 0, 9)));
  assert.equal(ordinary.memory?.foreign, state.memory?.foreign, "another number is nobody's business");
});

test("a flood from many sources does not let the list grow", () => {
  let groups: ReturnType<typeof noteForeign> = [];
  for (let host = 0; host < 100; host++) groups = noteForeign(groups, `10.0.0.${host}`, "hmac", host);
  assert.equal(groups.length, foreignGroupsMax);
  assert.equal(groups[0]?.source, "10.0.0.99");
});

test("[LH1] forged and damaged packets never change the role, and each is counted under one reason", () => {
  const damage = fc.record({
    /** 0 leaves the packet as it is; 1 damages it; 2 makes the checksums right again afterwards. */
    kind: fc.constantFrom(1, 2),
    index: fc.nat(55),
    byte: fc.nat(255),
    length: fc.integer({ min: 0, max: 60 }),
    advbase: fc.nat(255),
    demotion: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(damage, { maxLength: 40 }), (forgeries) => {
      let state = started();
      const stranger = createAuthentication({ vhid: 7, password: "guessed", addresses: ["10.0.0.20"] });
      let given = 0;
      for (const [number, { kind, index, byte, length, advbase, demotion }] of forgeries.entries()) {
        const counter = BigInt(number + 1);
        const packet = packetOf(
          encodeAdvertisement({ vhid: 7, advbase, advskew: 0, demotion, counter }, stranger),
        ).slice(0, kind === 1 ? length : undefined);
        if (index < packet.length) packet[index] = byte;
        if (kind === 2) {
          for (const [from, to, at] of [
            [0, 20, 10],
            [20, 56, 26],
          ] as const) {
            packet.set([0, 0], at);
            const sum = internetChecksum(packet.subarray(from, to));
            packet.set([sum >>> 8, sum & 255], at);
          }
        }
        state = deliver(state, 1, packet);
        given += 1;
      }
      assert.equal(state.role, "backup");
      const counted = rejectReasons.reduce(
        (sum, reason) => sum + (state.memory?.counters.rejected[reason] ?? 0),
        0,
      );
      assert.equal(counted, given);
      assert.equal(state.memory?.counters.received, 0);
    }),
    { numRuns: 300 },
  );
});
