import assert from "node:assert/strict";
import { test } from "node:test";
import { mutated } from "@tandem/base/mutations";
import { Prng } from "@tandem/base/prng";
import { inPair, master, OneUnit, pairP, settings, slave, unitB } from "./one-unit.ts";
import { newDurable } from "./state.ts";
import { status } from "./status.ts";
import { decodeMessage, isPairMessage, messageSchemas } from "./wire.ts";

const mutationsPerMessage = 600;
const transfer = "a".repeat(64);
const header = { wire: 2, from: unitB, session: "peer-session-1", counter: 50 };
const vector = { ["c".repeat(16)]: 3 };

const valid = [
  { ...slave().heartbeat({ licensing: { local: true, metered: false } }), ...header, invites: true },
  { type: "want", ...header, nonce: "n1", byOperator: true },
  { type: "hand", ...header, n: 5, nonce: "n1" },
  { type: "refuse", ...header, nonce: "n1", reason: "busy", gettingReady: false, final: true },
  { type: "snapshot-request", ...header },
  { type: "delta", pairId: pairP, delta: {} },
  { type: "durable", vector },
  { type: "delta-request", pairId: pairP, base: vector },
  { type: "snapshot", pairId: pairP, delta: {}, digest: "d" },
  { type: "channel", pairId: pairP, channel: "statistics", body: [1] },
  { type: "part", transfer, index: 0, count: 2, text: "text" },
  { type: "part-have", transfer, next: 1 },
];

const units: readonly (() => OneUnit)[] = [
  slave,
  master,
  () => new OneUnit({ durable: inPair }),
  () => new OneUnit({ durable: { ...newDurable, armedFor: unitB } }),
  () => new OneUnit({ durable: inPair, settings: { ...settings, disabled: true } }),
];

test("every message type is among the valid ones", () => {
  assert.deepEqual(valid.map(({ type }) => type).sort(), Object.keys(messageSchemas).sort());
  for (const message of valid) assert.ok(decodeMessage(message).ok, message.type);
});

test("the decoder never throws on changed messages, and what it accepts no unit in any state throws on", () => {
  const prng = new Prng(1);
  let accepted = 0;
  for (const message of valid)
    for (let count = 0; count < mutationsPerMessage; count += 1) {
      const input = mutated(message, prng);
      const decoded = decodeMessage(input);
      if (!decoded.ok || !isPairMessage(decoded.value)) continue;
      accepted += 1;
      const unit = (units[count % units.length] as () => OneUnit)();
      unit.give({ type: "message", message: decoded.value });
      unit.after(1_000);
      status(unit.state, unit.now);
      JSON.stringify(unit.last.outputs);
    }
  assert.ok(accepted > 100, `only ${accepted} were accepted: the changes are too wild to prove anything`);
});
