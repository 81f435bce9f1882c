import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { inPair, master, OneUnit, settings, slave, unitB } from "./one-unit.ts";
import { newDurable } from "./state.ts";
import { acting } from "./status.ts";
import { type Happening, happenings, type Situation, situations, transitions } from "./transitions.ts";

const otherPair = "9".repeat(32);
const preferred = { ...settings, preferredMaster: true };

function refuseThrice(unit: OneUnit): void {
  unit.give({ type: "link", event: { kind: "closed", reason: "connection reset" } });
  for (let count = 0; count < 3; count += 1) {
    unit.refused();
    unit.after(250);
  }
}
const peerIsSlave = (unit: OneUnit): void => {
  unit.heard({ state: "Slave", epoch: unit.state.durable.epoch, preferredMaster: true });
};

/** A unit in the situation. */
function unitIn(situation: Situation): OneUnit {
  switch (situation) {
    case "Standalone, no peer":
      return new OneUnit({ settings: { ...settings, peer: null } });
    case "Standalone, new, peer absent": {
      const unit = new OneUnit();
      refuseThrice(unit);
      return unit;
    }
    case "Standalone, in a pair, peer disabled": {
      const unit = slave();
      unit.heard({ state: "Disabled" });
      return unit;
    }
    case "Standalone, removed":
      return new OneUnit({ durable: { ...newDurable, removed: true } });
    case "Starting, new": {
      const unit = new OneUnit();
      unit.linkUp();
      return unit;
    }
    case "Starting, in a pair": {
      const unit = new OneUnit({ durable: inPair });
      unit.linkUp();
      return unit;
    }
    case "Starting, receives the Master's state": {
      const unit = new OneUnit({ durable: { ...newDurable, armedFor: unitB } });
      unit.linkUp();
      unit.heard();
      return unit;
    }
    case "Slave":
      return slave();
    case "Slave, has asked for the role": {
      const unit = slave({ settings: preferred });
      unit.heard();
      unit.give({ type: "handover" });
      return unit;
    }
    case "Master": {
      const unit = master();
      peerIsSlave(unit);
      return unit;
    }
    case "Master, waits for actions": {
      const unit = master({ facts: { ...master().state.facts, runningActions: 1 } });
      peerIsSlave(unit);
      unit.said({ type: "want", nonce: "n1" });
      return unit;
    }
    case "Master, has offered the role": {
      const unit = master();
      peerIsSlave(unit);
      unit.said({ type: "want", nonce: "n1" });
      return unit;
    }
    case "Disabled": {
      const unit = new OneUnit({ durable: inPair, settings: { ...settings, disabled: true } });
      unit.linkUp();
      return unit;
    }
  }
}

/** Lets it happen to the unit; what was put out on the way, in order. */
function happen(unit: OneUnit, happening: Happening): readonly OneUnit["last"]["outputs"][] {
  const greater = { n: 9, unit: unitB };
  const { durable } = unit.state;
  switch (happening) {
    case "hears Master under a greater epoch":
      return [unit.heard({ epoch: greater })];
    case "hears Master under a lesser epoch":
      return [unit.heard({ epoch: { n: 1, unit: unitB } })];
    case "hears Slave":
      return [unit.heard({ state: "Slave", epoch: durable.epoch, seen: durable.seen })];
    case "hears Starting":
      return [unit.heard({ state: "Starting", epoch: durable.epoch, seen: durable.seen })];
    case "hears Disabled":
      return [unit.heard({ state: "Disabled", epoch: durable.epoch, seen: durable.seen })];
    case "hears a unit of another pair":
      return [unit.heard({ pairId: otherPair, epoch: greater })];
    case "hears that the peer stops":
      return [unit.heard({ state: "Standalone", stopping: true, epoch: durable.epoch, seen: durable.seen })];
    case "the peer's process is gone": {
      const outputs = [unit.give({ type: "link", event: { kind: "closed", reason: "connection reset" } })];
      for (let count = 0; count < 3; count += 1) outputs.push(unit.refused(), unit.after(250));
      return outputs;
    }
    case "the peer is silent":
      return Array.from({ length: 40 }, () => unit.after(1_000));
    case "the peer does not know us":
      return [
        unit.give({ type: "link", event: { kind: "closed", reason: "connection reset" } }),
        unit.give({ type: "link", event: { kind: "failed", code: "not-known-there", message: "unknown" } }),
      ];
    case "is asked for the role":
      return [unit.said({ type: "want", nonce: "n2" })];
    case "is asked for the role, ordered":
      return [unit.said({ type: "want", nonce: "n2", byOperator: true })];
    case "is offered the role": {
      const { role } = unit.state;
      const nonce = role.kind === "Slave" && role.want !== null ? role.want.nonce : "n3";
      return [unit.said({ type: "hand", n: durable.seen.n + 1, nonce })];
    }
    case "is asked for its state":
      return [unit.said({ type: "snapshot-request" })];
    case "is refused by a device":
      return [unit.give({ type: "deviceRefused", holder: greater, holderHeardAgoMs: 600_000 })];
    case "stood still":
      return [unit.give({ type: "stalled" })];
    case "operator: handover":
      return [unit.give({ type: "handover" })];
    case "operator: act":
      return [unit.give({ type: "act" })];
    case "operator: Disable":
      return [
        unit.give({
          type: "apply",
          requested: { ...unit.state.settings, disabled: true },
          ownAddresses: [],
          ownPort: 1,
          answer: { kind: "not-asked" },
        }),
      ];
    case "operator: remove the other":
      return [unit.give({ type: "unpair", as: "stays" })];
    case "operator: remove this one":
      return [unit.give({ type: "unpair", as: "leaves" })];
    case "its process ends in order":
      return [unit.give({ type: "stopping" })];
  }
}

/** What came of it, in the words of the table. */
function outcomeOf(situation: Situation, happening: Happening): string {
  const unit = unitIn(situation);
  const before = unit.state;
  const wasActing = acting(before, unit.now);
  const outputs = happen(unit, happening);
  const { role, durable } = unit.state;
  const words: string[] = [];
  const reason = role.kind === "Standalone" ? role.reason.code : null;
  const reasonBefore = before.role.kind === "Standalone" ? before.role.reason.code : null;
  if (role.kind !== before.role.kind || reason !== reasonBefore)
    words.push(`→ ${role.kind}${reason === null ? "" : ` (${reason})`}`);
  const own = before.self.unit;
  if (durable.epoch.n !== before.durable.epoch.n || durable.epoch.unit !== before.durable.epoch.unit)
    words.push(durable.epoch.unit === own ? "new epoch" : "the peer's epoch");
  const said = outputs.flatMap(({ send }) => send).map(({ type }) => type);
  for (const type of new Set(said)) if (type !== "heartbeat") words.push(`says ${type}`);
  for (const { code } of outputs.flatMap(({ errors }) => errors)) words.push(`error ${code}`);
  const serves = outputs.flatMap(({ apply }) => apply).some(({ type }) => type === "serveSnapshot");
  if (serves) words.push("sends its state");
  const isActing = acting(unit.state, unit.now);
  if (isActing !== wasActing) words.push(isActing ? "executes" : "executes nothing");
  return words.join(", ");
}

test("[CH6] [CH7] [CH11] [CH18] [CH24] every cell of the table of transitions is what step does", () => {
  for (const situation of situations)
    for (const happening of happenings)
      assert.equal(
        outcomeOf(situation, happening),
        transitions[situation][happening] ?? "",
        `${situation}: ${happening}`,
      );
});

/** docs/pair-transitions.md: one table per situation. */
function asDocument(): string {
  const lines = [
    "# Transitions of the Central pair",
    "",
    "Generated from `packages/pair/src/transitions.ts`, every cell checked against the state machine by",
    "`transitions.test.ts`; `UPDATE_TRANSCRIPTS=1` writes it anew. What is not in a table changes nothing there.",
    "",
    "*New epoch*: of this unit's own, greater than all it has seen. The peer has data of its own, belongs to the same",
    "pair unless a line says otherwise, and owns the greatest epoch where this unit is not Master. Heartbeats are left out.",
  ];
  for (const situation of situations) {
    lines.push("", `## ${situation}`, "| what happens | what comes of it |", "| --- | --- |");
    for (const happening of happenings) {
      const outcome = transitions[situation][happening];
      if (outcome !== undefined) lines.push(`| ${happening} | ${outcome} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}

test("docs/pair-transitions.md is the table", () => {
  const path = new URL("../../../docs/pair-transitions.md", import.meta.url);
  if (process.env.UPDATE_TRANSCRIPTS === "1") writeFileSync(path, asDocument());
  assert.equal(readFileSync(path, "utf8"), asDocument());
});
