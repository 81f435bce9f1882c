import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { acting } from "./status.ts";
import { type SimulatedUnit, TwoUnits, type TwoUnitsOptions } from "./two-units.ts";

const directory = new URL("../transcripts/", import.meta.url);

/** Runs a scene and compares what was said with `transcripts/<name>.txt`; UPDATE_TRANSCRIPTS=1 writes it anew. */
function scene(
  title: string,
  name: string,
  options: Omit<TwoUnitsOptions, "log">,
  play: (pair: TwoUnits) => void,
): void {
  test(title, () => {
    const lines: string[] = [];
    const pair = new TwoUnits({ ...options, log: (line) => lines.push(line) });
    play(pair);
    pair.logStatus();
    const said = `${title.replace(/^(\[\w+\] )+/, "")}\n\n${lines.join("\n")}\n`;
    const path = new URL(`${name}.txt`, directory);
    if (process.env.UPDATE_TRANSCRIPTS === "1") writeFileSync(path, said);
    assert.ok(existsSync(path), `${name}.txt is missing: run with UPDATE_TRANSCRIPTS=1`);
    assert.equal(said, readFileSync(path, "utf8"));
  });
}

/** Set up in order with central1 as Master, before the scene begins. */
const paired = (pair: TwoUnits, preferred: readonly [boolean, boolean] = [false, false]): void => {
  pair.isSilent = true;
  pair.pairUp(pair.units[0], preferred);
  pair.run(5_000);
  pair.isSilent = false;
  pair.logStatus();
};

scene("[CH14] [CH13] [CH10] set up in the order of the instructions", "set-up", {}, (pair) => {
  const [central1, central2] = pair.units;
  pair.fault("an operator presses Apply on central1: key and address of central2, Preferred Master");
  pair.apply(central1, { preferredMaster: true });
  pair.run(20_000);
  pair.logStatus();
  pair.fault("an operator presses Apply on central2: key and address of central1");
  pair.apply(central2);
  pair.run(2_000);
  assert.ok(pair.isPair(central1));
  assert.deepEqual(central2.disk.data, central1.disk.data);
  assert.equal(central2.disk.backups.length, 1);
});

scene("[CH10] waiting for networks", "waiting-for-networks", { networks: [0, 0] }, (pair) => {
  const [central1, central2] = pair.units;
  pair.apply(central1);
  pair.run(1_000);
  pair.apply(central2);
  pair.run(10_000);
  pair.logStatus();
  pair.fault("an operator adds a network on central1");
  pair.setNetworks(central1, 1);
  pair.run(10_000);
  pair.logStatus();
  pair.fault("an operator adds a network on central2");
  pair.setNetworks(central2, 1);
  pair.run(2_000);
  assert.ok(pair.isPair(central1));
});

scene("[CH6] the slave dies and returns", "slave-dies-and-returns", {}, (pair) => {
  paired(pair);
  const [central1, central2] = pair.units;
  pair.kill(central2);
  pair.run(20_000);
  assert.equal(pair.state(central1).role.kind, "Master");
  pair.logStatus();
  pair.restart(central2);
  pair.run(2_000);
  assert.ok(pair.isPair(central1));
});

scene("[CH7] the master's process dies: gone by refusal", "master-dies", {}, (pair) => {
  paired(pair);
  const [central1, central2] = pair.units;
  pair.kill(central1);
  const tookMs = pair.until("a take-over", () => pair.state(central2).role.kind === "Master", 1_000);
  assert.ok(tookMs <= 1_000);
  pair.run(20_000);
  pair.restart(central1);
  pair.run(5_000);
  assert.ok(pair.isPair(central2));
});

scene("[CH7] the master vanishes: gone by silence", "master-silent", {}, (pair) => {
  paired(pair);
  const [central1, central2] = pair.units;
  pair.powerOff(central1);
  const tookMs = pair.until("a take-over", () => pair.state(central2).role.kind === "Master", 33_000);
  assert.ok(tookMs <= 33_000);
  pair.run(10_000);
  pair.logStatus();
  pair.powerOn(central1);
  pair.run(10_000);
  assert.ok(pair.isPair(central2));
});

scene("[CH7] [CH20] a cut makes two masters, and healing leaves one", "cut-and-heal", {}, (pair) => {
  paired(pair);
  const [central1, central2] = pair.units;
  pair.cut();
  pair.run(60_000);
  assert.equal(pair.state(central1).role.kind, "Master");
  assert.equal(pair.state(central2).role.kind, "Master");
  pair.fault("an operator changes something on each side");
  pair.edit(central1);
  pair.edit(central2);
  pair.run(5_000);
  pair.heal();
  const tookMs = pair.until("one Master", () => pair.isPair(), 3_500);
  assert.ok(tookMs <= 3_500);
  pair.run(2_000);
  assert.deepEqual(central1.disk.data, central2.disk.data);
});

scene("[CH11] the preferred master returns and is handed the role", "preferred-returns", {}, (pair) => {
  paired(pair, [true, false]);
  const [central1, central2] = pair.units;
  pair.kill(central1);
  pair.run(10_000);
  assert.equal(pair.state(central2).role.kind, "Master");
  pair.restart(central1);
  pair.run(30_000);
  pair.fault("two scheduled actions begin to run on central2");
  pair.setRunningActions(central2, 2);
  pair.run(36_000);
  pair.logStatus();
  pair.fault("the actions are done");
  pair.setRunningActions(central2, 0);
  pair.run(10_000);
  assert.ok(pair.isPair(central1));
});

/** The preferred central1 is back as Slave and about to be handed the role. */
const beforeHandover = (pair: TwoUnits): void => {
  paired(pair, [true, false]);
  const [central1, central2] = pair.units;
  pair.stop(central1);
  pair.run(1_000);
  assert.equal(pair.state(central2).role.kind, "Master");
  pair.restart(central1);
  pair.run(10_000);
};

scene("[CH11] the offer is lost: a new epoch, and the role changes later", "offer-lost", {}, (pair) => {
  beforeHandover(pair);
  let lost = 0;
  pair.drops = (message) => message.type === "hand" && lost++ === 0;
  pair.run(90_000);
  assert.equal(lost, 2);
  assert.ok(pair.isPair(pair.units[0]));
});

scene("[CH11] the answer is lost: the next heartbeat tells", "answer-lost", {}, (pair) => {
  beforeHandover(pair);
  let dropUntil = 0;
  pair.drops = (message, from) => {
    if (message.type === "hand") dropUntil = pair.now + 800;
    return from === pair.units[0] && pair.now < dropUntil;
  };
  pair.run(70_000);
  assert.ok(pair.isPair(pair.units[0]));
});

scene("[CH12] both units are preferred", "both-preferred", {}, (pair) => {
  paired(pair, [true, true]);
  const [central1, central2] = pair.units;
  pair.logStatus();
  pair.kill(central1);
  pair.run(5_000);
  pair.restart(central1);
  pair.run(120_000);
  assert.ok(pair.isPair(central2));
});

scene("[CH18] disable, and enable again", "disable", {}, (pair) => {
  paired(pair);
  const [central1, central2] = pair.units;
  pair.fault("an operator sets Disable on central2, the Slave");
  pair.apply(central2, { disabled: true });
  pair.run(40_000);
  assert.equal(pair.state(central1).role.kind, "Master");
  pair.logStatus();
  pair.fault("and clears it");
  pair.apply(central2, { disabled: false });
  pair.run(5_000);
  assert.ok(pair.isPair(central1));
  pair.fault("an operator sets Disable on central1, the Master");
  pair.apply(central1, { disabled: true });
  pair.run(40_000);
  pair.logStatus();
  pair.fault("an operator lets central2 act");
  pair.give(central2, { type: "act" });
  pair.run(10_000);
  pair.fault("and clears Disable on central1");
  pair.apply(central1, { disabled: false });
  pair.run(5_000);
  assert.ok(pair.isPair(central2));
});

scene("[CH7] the master stops in order: the slave claims at once", "orderly-stop", {}, (pair) => {
  paired(pair);
  const [central1, central2] = pair.units;
  pair.stop(central1);
  const tookMs = pair.until("a take-over", () => pair.state(central2).role.kind === "Master", 50);
  assert.ok(tookMs <= 50);
  pair.run(2_000);
  pair.restart(central1);
  pair.run(5_000);
  assert.ok(pair.isPair(central2));
});

scene("[CH11] an operator has the Slave take the role", "handover-ordered-on-slave", {}, (pair) => {
  paired(pair);
  const [central1, central2] = pair.units;
  pair.fault("an operator runs `ha handover` on central2, the Slave");
  assert.deepEqual(pair.give(central2, { type: "handover" }).outputs.errors, []);
  const tookMs = pair.until("the handover", () => pair.isPair(central2), 1_000);
  assert.ok(tookMs <= 200, `${tookMs} ms`);
  pair.run(120_000);
  assert.ok(pair.isPair(central2), "nobody is preferred: the role stays where it went");
  assert.equal(pair.state(central1).role.kind, "Slave");
});

scene(
  "[CH11] an operator has the preferred Master hand over, while actions run; later it takes the role back",
  "handover-ordered-on-master",
  {},
  (pair) => {
    paired(pair, [true, false]);
    const [central1, central2] = pair.units;
    pair.setRunningActions(central1, 2);
    pair.fault("an operator runs `ha handover` on central1, the preferred Master; two actions run there");
    assert.deepEqual(pair.give(central1, { type: "handover" }).outputs.errors, []);
    pair.run(35_000);
    pair.logStatus();
    assert.ok(pair.isPair(central1));
    pair.fault("the actions are done");
    pair.setRunningActions(central1, 0);
    pair.run(5_000);
    assert.ok(pair.isPair(central2));
    pair.run(130_000);
    assert.ok(pair.isPair(central1));
  },
);

scene(
  "[ML1] licences differ, then they are equal again",
  "licensing-differs",
  { heartbeatMs: 10_000 },
  (pair) => {
    const [central1, central2] = pair.units;
    for (const unit of pair.units) pair.setLicensing(unit, { local: true, metered: false });
    paired(pair);
    pair.fault("a licence with metered licensing is imported on central2 alone");
    pair.setLicensing(central2, { local: true, metered: true });
    pair.run(25_000);
    pair.logStatus();
    const executes = (unit: SimulatedUnit): boolean => acting(pair.state(unit), pair.now);
    assert.deepEqual(pair.units.map(executes), [true, false]);
    pair.fault("one without local licences is imported on central1");
    pair.setLicensing(central1, { local: false, metered: true });
    pair.run(15_000);
    pair.logStatus();
    pair.fault("and the same as on central2");
    pair.setLicensing(central1, { local: true, metered: true });
    pair.run(5_000);
    assert.ok(pair.isPair(central1));
  },
);
