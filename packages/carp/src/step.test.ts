import assert from "node:assert/strict";
import { test } from "node:test";
import { answersPerIntervalMax, rejectReportIntervalMs } from "./constants.ts";
import type { CarpAction, CarpConfig, CarpInput, CarpOutputs, CarpState } from "./state.ts";
import { unstarted } from "./state.ts";
import { step } from "./step.ts";

const config: CarpConfig = {
  vhid: 7,
  advbase: 1,
  advskew: 0,
  preempt: false,
  password: "secret",
  hashedAddresses: ["10.213.0.20"],
  ownAddress: "10.213.0.21",
  trustDemotion: true,
  replayCheck: "none",
};
const peerAddress = "10.213.0.22";
const inferior = { advbase: 1, advskew: 1, demotion: 0 };
const superior = { advbase: 1, advskew: 0, demotion: 0 };
const bowOut = { advbase: 255, advskew: 255, demotion: 0 };

/** The machine on a clock of its own. */
class Machine {
  state: CarpState = unstarted;
  outputs: CarpOutputs = { actions: [], observe: [], wakeAt: null };
  now = 0;

  give(input: CarpInput): string[] {
    const { state, outputs } = step(this.state, input);
    this.state = state;
    this.outputs = outputs;
    return outputs.actions.map(describe);
  }
  start(change: Partial<CarpConfig> = {}, linkUp = true): string[] {
    return this.give({
      type: "start",
      now: this.now,
      config: { ...config, ...change },
      counter: 0n,
      demotion: 0,
      linkUp,
    });
  }
  hear(
    claim: { advbase: number; advskew: number; demotion: number },
    source = peerAddress,
    counter = 0n,
  ): string[] {
    return this.give({
      type: "advertisement",
      now: this.now,
      source,
      advertisement: { vhid: 7, counter, ...claim },
    });
  }
  /** Ticks at every `wakeAt` up to `until`. */
  pass(until: number): string[] {
    const actions: string[] = [];
    while (this.outputs.wakeAt !== null && this.outputs.wakeAt <= until) {
      this.now = this.outputs.wakeAt;
      actions.push(...this.give({ type: "tick", now: this.now }));
    }
    this.now = until;
    return actions;
  }
  tick(): string[] {
    return this.give({ type: "tick", now: this.now });
  }
  configure(change: Partial<CarpConfig>): string[] {
    return this.give({ type: "configure", now: this.now, config: { ...config, ...change } });
  }
  demote(demotion: number): string[] {
    return this.give({ type: "demotion", now: this.now, demotion, reason: "a check failed" });
  }
  link(up: boolean): string[] {
    return this.give({ type: "link", now: this.now, up });
  }
  handOver(): string[] {
    return this.give({ type: "handOver", now: this.now });
  }
  stop(): string[] {
    return this.give({ type: "stop", now: this.now });
  }
  get reason(): string {
    const last = this.outputs.observe.findLast((event) => event.type === "role");
    return last?.reason ?? "";
  }
  get counters() {
    assert.ok(this.state.memory);
    return this.state.memory.counters;
  }
}

const describe = (action: CarpAction): string =>
  action.type === "advertise"
    ? `advertise ${action.advbase}/${action.advskew} d${action.demotion} #${action.counter}`
    : action.type;

function backup(change: Partial<CarpConfig> = {}): Machine {
  const machine = new Machine();
  machine.start(change);
  return machine;
}

/** A master since `now`, 3 s after the start; its first advertisement was #1. */
function master(change: Partial<CarpConfig> = {}): Machine {
  const machine = backup(change);
  machine.pass(machine.outputs.wakeAt!);
  assert.equal(machine.state.role, "master");
  return machine;
}

test("Stopped -> Backup: whatever an earlier process left is removed, then one master-down time of listening", () => {
  const machine = new Machine();
  assert.deepEqual(machine.start(), ["releaseAddresses"]);
  assert.equal(machine.state.role, "backup");
  assert.equal(machine.outputs.wakeAt, 3000);
  machine.now = 2999;
  assert.deepEqual(machine.tick(), []);
});

test("Backup -> Master: advertise, take the addresses, announce; again after 0.2 s, 1 s and every 30 s", () => {
  const machine = backup();
  assert.deepEqual(machine.pass(3000), ["advertise 1/0 d0 #1", "takeAddresses", "announce"]);
  assert.equal(machine.reason, "no master was heard");
  const announcedAt: number[] = [];
  while (machine.now < 65_000) {
    machine.now = machine.outputs.wakeAt!;
    if (machine.tick().includes("announce")) announcedAt.push(machine.now - 3000);
  }
  assert.deepEqual(announcedAt, [200, 1000, 31_000, 61_000]);
});

test("a master advertises every interval, on absolute deadlines, each time with the next counter", () => {
  const machine = master({ advskew: 128 });
  const started = machine.now;
  machine.now = started + 1510;
  assert.deepEqual(machine.tick().slice(0, 1), ["advertise 1/128 d0 #2"]);
  machine.now = started + 3000;
  assert.deepEqual(machine.tick().slice(0, 1), ["advertise 1/128 d0 #3"]);
  machine.now = started + 6100;
  assert.deepEqual(
    machine.tick(),
    ["advertise 1/128 d0 #4"],
    "a missed deadline is skipped, not made up for",
  );
  assert.equal(machine.outputs.wakeAt, started + 7600);
});

test("the counter starts where it is told to and wraps at 64 bits", () => {
  const machine = new Machine();
  machine.give({ type: "start", now: 0, config, counter: (1n << 64n) - 2n, demotion: 0, linkUp: true });
  assert.equal(machine.pass(3000)[0], `advertise 1/0 d0 #${(1n << 64n) - 1n}`);
  assert.equal(
    machine.pass(4000).find((action) => action.startsWith("advertise")),
    "advertise 1/0 d0 #0",
  );
});

test("a backup that hears its master waits a whole master-down time anew", () => {
  const machine = backup({ advskew: 1 });
  for (const now of [1000, 2000, 3000]) {
    machine.now = now;
    assert.deepEqual(machine.hear(superior), []);
  }
  assert.equal(machine.outputs.wakeAt, 6000 + 1000 / 256);
  machine.pass(6010);
  assert.equal(machine.state.role, "master");
  assert.match(machine.reason, /10\.213\.0\.22 has been silent for 3004 ms/);
});

test("[LH3] without preemption a returning unit stays backup; with it, it takes the role at the first advertisement", () => {
  const patient = backup();
  assert.deepEqual(patient.hear(inferior), []);
  assert.equal(patient.state.role, "backup");
  const preferred = backup({ preempt: true });
  assert.deepEqual(preferred.hear(inferior), ["advertise 1/0 d0 #1", "takeAddresses", "announce"]);
});

test("Master -> Backup: a superior master gets the role; the addresses go first, then one last advertisement", () => {
  const machine = master({ advskew: 1 });
  assert.deepEqual(machine.hear(superior), ["releaseAddresses", "advertise 1/1 d0 #2"]);
  assert.equal(machine.state.role, "backup");
  assert.match(machine.reason, /more often/);
  assert.equal(machine.outputs.wakeAt, machine.now + 3000 + 1000 / 256);
});

test("a master answers an inferior master with an advertisement and a new series of announcements", () => {
  const machine = master();
  machine.pass(20_000);
  const answer = machine.hear(inferior);
  assert.deepEqual(
    answer.map((action) => action.split(" ")[0]),
    ["advertise", "announce"],
  );
  assert.deepEqual(
    machine.outputs.observe.map((event) => event.type),
    ["rival"],
  );
  assert.equal(machine.outputs.wakeAt, 20_200);
  assert.deepEqual(machine.hear(inferior).length, 2, "the loser's last word is answered as well");
  assert.deepEqual(machine.outputs.observe, [], "and the rival is reported once");
});

test("answers are bounded between two advertisements, and what is left out is counted", () => {
  const machine = master();
  const answered = Array.from({ length: 10 }, () => machine.hear(inferior)).filter(
    (actions) => actions.length > 0,
  );
  assert.equal(answered.length, answersPerIntervalMax);
  assert.equal(machine.counters.unanswered, 10 - answersPerIntervalMax);
  machine.pass(machine.now + 1000);
  assert.equal(machine.hear(inferior).length, 2);
});

test("the last word of a master that was replaced by a rule is answered, and is no conflict to report", () => {
  const machine = backup({ preempt: true });
  machine.hear(inferior);
  assert.equal(machine.hear(inferior).length, 2);
  assert.deepEqual(machine.outputs.observe, []);
});

test("a rival that went away for an interval is reported when it comes back", () => {
  const machine = master();
  machine.hear(inferior);
  machine.pass(machine.now + 2500);
  machine.hear(inferior);
  assert.deepEqual(
    machine.outputs.observe.map((event) => event.type),
    ["rival"],
  );
});

test("[LH2] a bow-out makes a backup take over in the same step, even while it still listens after its start", () => {
  const machine = backup({ advskew: 1 });
  machine.now = 10;
  assert.deepEqual(machine.hear(bowOut), ["advertise 1/1 d0 #1", "takeAddresses", "announce"]);
  assert.match(machine.reason, /bowed out/);
});

test("a master that hears a bow-out announces itself, and never yields to it, however demoted", () => {
  const machine = master();
  machine.demote(5);
  assert.deepEqual(machine.hear(bowOut), ["advertise 1/0 d5 #3", "announce"]);
});

test("[LH2] an orderly stop removes the addresses, then advertises 255/255; a backup leaves without a word", () => {
  const machine = master();
  assert.deepEqual(machine.stop(), ["releaseAddresses", "advertise 255/255 d0 #2"]);
  assert.equal(machine.state.role, "stopped");
  assert.equal(machine.outputs.wakeAt, null);
  assert.deepEqual(machine.hear(inferior), []);
  assert.deepEqual(machine.tick(), []);
  assert.deepEqual(backup().stop(), []);
});

test("a stopped machine may be started again and keeps what it counted and what it refuses", () => {
  const machine = backup({ replayCheck: "growing" });
  machine.hear(superior, peerAddress, 50n);
  machine.stop();
  machine.start({ replayCheck: "growing" });
  assert.equal(machine.counters.received, 1);
  machine.hear(superior, peerAddress, 50n);
  assert.equal(machine.counters.rejected.replay, 1);
});

test("[LH7] a failing check raises the demotion and is advertised at once", () => {
  const machine = master();
  machine.now += 300;
  assert.deepEqual(machine.demote(2), ["advertise 1/0 d2 #2"]);
  assert.deepEqual(machine.demote(2), [], "the same again says nothing");
  assert.deepEqual(machine.hear({ ...inferior, demotion: 1 }), ["releaseAddresses", "advertise 1/0 d2 #3"]);
});

test("[LH2] a standby with less demotion takes over without preemption, one with as much does not", () => {
  const machine = backup({ advskew: 1 });
  assert.deepEqual(machine.hear({ ...superior, demotion: 1 })[1], "takeAddresses");
  const failing = backup({ advskew: 1 });
  failing.demote(1);
  assert.deepEqual(failing.hear({ ...superior, demotion: 1 }), []);
});

test("towards ucarp demotion is advskew: 0 is sent, and what arrives in the byte is ignored", () => {
  const machine = master({ trustDemotion: false });
  assert.deepEqual(machine.demote(1), ["advertise 1/240 d0 #2"]);
  assert.equal(machine.hear({ advbase: 1, advskew: 100, demotion: 99 })[0], "releaseAddresses");
});

test("[LH7] Master -> Initial: a lost link releases the addresses at once; its return means listening first", () => {
  const machine = master();
  machine.now += 100;
  assert.deepEqual(machine.link(false), ["releaseAddresses"]);
  assert.equal(machine.state.role, "initial");
  assert.equal(machine.outputs.wakeAt, null);
  assert.deepEqual(machine.hear(bowOut), [], "nothing is heard without a link");
  machine.now += 60_000;
  assert.deepEqual(machine.link(true), []);
  assert.equal(machine.state.role, "backup");
  assert.equal(machine.outputs.wakeAt, machine.now + 3000);
  assert.deepEqual(machine.link(true), []);
});

test("a start without a link waits for one", () => {
  const machine = new Machine();
  assert.deepEqual(machine.start({}, false), ["releaseAddresses"]);
  assert.equal(machine.state.role, "initial");
  machine.link(true);
  assert.equal(machine.state.role, "backup");
});

test("a master whose own loop stood still longer than a master-down time bows out and listens, whatever wakes it", () => {
  const wakers: ((machine: Machine) => string[])[] = [
    (machine) => machine.tick(),
    (machine) => machine.hear(inferior),
    (machine) => machine.demote(1),
    (machine) => machine.configure({ advbase: 1 }),
    (machine) => machine.give({ type: "rejected", now: machine.now, reason: "hmac", source: null }),
  ];
  for (const wake of wakers) {
    const machine = master();
    machine.now = machine.outputs.wakeAt! + 3001;
    assert.deepEqual(wake(machine), ["releaseAddresses", "advertise 255/255 d0 #2"]);
    assert.equal(machine.state.role, "backup");
    assert.equal(machine.counters.stalls, 1);
    assert.equal(machine.outputs.wakeAt, machine.now + 3000);
  }
  const inTime = master();
  inTime.now = inTime.outputs.wakeAt! + 3000;
  inTime.tick();
  assert.equal(inTime.state.role, "master");
});

test("a stall that ends with a new virtual ID bows out under the new one, which is what the shell signs with", () => {
  const machine = master();
  machine.now = machine.outputs.wakeAt! + 3001;
  assert.deepEqual(machine.configure({ vhid: 9, advbase: 2 }), [
    "releaseAddresses",
    "advertise 255/255 d0 #2",
  ]);
  const last = machine.outputs.actions[1]!;
  assert.ok(last.type === "advertise" && last.vhid === 9);
  assert.equal(machine.outputs.wakeAt, machine.now + 6000);
});

test("a backup whose own loop stood still waits anew instead of taking over", () => {
  const machine = backup();
  machine.now = 6001;
  assert.deepEqual(machine.tick(), []);
  assert.equal(machine.state.role, "backup");
  assert.equal(machine.outputs.wakeAt, 9001);
  assert.deepEqual(
    machine.outputs.observe.map((event) => event.type),
    ["stalled"],
  );
});

test("configuring costs no role: a master tells its new claim and puts the addresses right", () => {
  const changes: Partial<CarpConfig>[] = [
    { vhid: 8 },
    { password: "another" },
    { hashedAddresses: ["10.213.0.25"] },
    { advbase: 5 },
    { preempt: true },
    {},
  ];
  for (const change of changes) {
    const machine = master();
    const { vhid, advbase } = { ...config, ...change };
    assert.deepEqual(machine.configure(change), [
      `advertise ${advbase}/0 d0 #2`,
      "takeAddresses",
      "announce",
    ]);
    assert.equal(machine.state.role, "master");
    assert.equal(machine.outputs.actions[0]!.type === "advertise" && machine.outputs.actions[0]!.vhid, vhid);
    assert.equal(machine.state.role === "master" && machine.state.advertiseAt, machine.now + advbase * 1000);
  }
});

test("a backup whose election is configured anew waits a whole new master-down time; else its wait goes on", () => {
  const machine = backup();
  machine.now = 2000;
  assert.deepEqual(machine.configure({ preempt: true }), []);
  assert.equal(machine.outputs.wakeAt, 3000);
  for (const change of [
    { password: "another" },
    { vhid: 8 },
    { hashedAddresses: ["10.213.0.25"] },
    { advskew: 0, trustDemotion: false },
  ]) {
    const waiting = backup();
    waiting.now = 2000;
    assert.deepEqual(waiting.configure(change), []);
    assert.equal(waiting.outputs.wakeAt, 5000);
  }
  machine.configure({ advbase: 5 });
  assert.equal(machine.outputs.wakeAt, 17_000);
});

test("our own packets looped back are dropped, and change nothing", () => {
  const machine = master();
  const { wakeAt } = machine.outputs;
  assert.deepEqual(machine.hear(superior, config.ownAddress), []);
  assert.equal(machine.state.role, "master");
  assert.equal(machine.counters.rejected.own, 1);
  assert.equal(machine.outputs.wakeAt, wakeAt);
  assert.deepEqual(machine.outputs.observe, []);
});

test("between our own units a repeated advertisement is dropped; from a foreign peer nothing is dropped for its counter", () => {
  const own = backup({ replayCheck: "growing", advskew: 1 });
  own.hear(superior, peerAddress, 5n);
  own.now = 1000;
  own.hear(superior, peerAddress, 5n);
  assert.equal(own.counters.rejected.replay, 1);
  assert.equal(own.outputs.wakeAt, 3000 + 1000 / 256, "a repetition does not keep a dead master alive");
  assert.deepEqual(own.hear(bowOut, peerAddress, 4n), [], "nor hands over from a living one");

  const foreign = backup({ replayCheck: "none", advskew: 1 });
  for (const now of [0, 1000, 2000]) {
    foreign.now = now;
    foreign.hear(superior, peerAddress, 5n);
  }
  assert.equal(foreign.counters.received, 3);
  assert.equal(foreign.counters.rejected.replay, 0);
});

test("[LH8] refused packets are counted by reason and reported once a minute; another group's are only counted", () => {
  const machine = backup();
  const refuse = (reason: "hmac" | "vhid") =>
    machine.give({ type: "rejected", now: machine.now, reason, source: peerAddress });
  machine.link(false);
  refuse("hmac");
  assert.match(
    machine.outputs.observe[0]!.reason,
    /from 10\.213\.0\.22 was refused.*password or the shared addresses differ/,
  );
  machine.now = rejectReportIntervalMs - 1;
  refuse("hmac");
  assert.deepEqual(machine.outputs.observe, []);
  machine.now = rejectReportIntervalMs;
  refuse("hmac");
  assert.partialDeepStrictEqual(machine.outputs.observe as readonly object[], [
    { type: "rejected", count: 3 },
  ]);
  refuse("vhid");
  assert.deepEqual(machine.outputs.observe, []);
  assert.equal(machine.counters.rejected.hmac, 3);
  assert.equal(machine.counters.rejected.vhid, 1);
});

test("an advertisement decoded under an earlier virtual ID is not heeded", () => {
  const machine = master();
  machine.configure({ vhid: 9 });
  assert.deepEqual(machine.hear(superior), []);
  assert.equal(machine.counters.rejected.vhid, 1);
});

test("a fault of the program is an assertion: a second start, a demotion that is no byte", () => {
  const machine = backup();
  assert.throws(() => machine.start(), /start is for a stopped machine/);
  assert.throws(() => machine.demote(256), /demotion 0 to 255/);
});

test("[LH2] in the fast mode one lost advertisement costs no role, whichever unit leads", () => {
  const slower = { advbase: 0, advskew: 20, demotion: 0 };
  const machine = backup({ advbase: 0, advskew: 10, replayCheck: "growing" });
  machine.now = 100;
  machine.hear(slower, peerAddress, 1n);
  // The next two come after 78 and 156 ms; the first of them is lost, the second is a little late.
  machine.pass(100 + 160);
  assert.equal(machine.state.role, "backup");
  machine.hear(slower, peerAddress, 2n);
  machine.pass(260 + 235);
  assert.equal(machine.state.role, "master");
});

test("[LH13] Master -> Backup as ordered: released and bowed out, and the successor is followed although its interval is longer", () => {
  const machine = master();
  assert.deepEqual(machine.handOver(), ["releaseAddresses", "advertise 255/255 d0 #2"]);
  assert.equal(machine.state.role, "backup");
  assert.equal(machine.reason, "the role was handed over as ordered");
  machine.now += 2;
  assert.deepEqual(machine.hear(inferior), []);
  const heardAt = machine.now;
  machine.pass(heardAt + 2_999);
  assert.equal(machine.state.role, "backup", "it waits for its successor as for any master");
  machine.pass(heardAt + 3_000);
  assert.equal(machine.state.role, "master");
  assert.match(machine.reason, /silent/);
});

test("[LH13] a role that nobody takes is taken back after a second, and in the fast mode after a tenth of one", () => {
  for (const [change, patienceMs] of [
    [{ advbase: 2 }, 1_000],
    [{ advbase: 0, advskew: 10 }, 100],
  ] as const) {
    const machine = master(change);
    const orderedAt = machine.now;
    machine.handOver();
    machine.pass(orderedAt + patienceMs - 1);
    assert.equal(machine.state.role, "backup");
    assert.deepEqual(machine.pass(orderedAt + patienceMs).slice(1), ["takeAddresses", "announce"]);
    assert.equal(machine.reason, "nobody took the role that was handed over");
  }
});

test("[LH13] a hand-over is for a master alone; its successor loses the role to whom the election says", () => {
  const follower = backup();
  assert.deepEqual(follower.handOver(), []);
  assert.equal(follower.outputs.wakeAt, 3000);
  assert.deepEqual(new Machine().handOver(), []);
  const preferred = master({ preempt: true });
  preferred.handOver();
  assert.deepEqual(preferred.hear(inferior).slice(1), ["takeAddresses", "announce"]);
  assert.match(preferred.reason, /preempts/);
  const healthier = master();
  healthier.handOver();
  healthier.hear({ ...inferior, demotion: 1 });
  assert.equal(healthier.state.role, "master");
});

test("[LH10] a unit that holds the addresses alone is master from the first moment, and never lets go of them", () => {
  const machine = new Machine();
  const start = { type: "start", now: 0, config, counter: 0n, demotion: 0, holding: true } as const;
  assert.deepEqual(machine.give({ ...start, linkUp: true }), [
    "advertise 1/0 d0 #1",
    "takeAddresses",
    "announce",
  ]);
  assert.equal(machine.state.role, "master");
  // Who was there before, unheard, is met by the rules of the election.
  machine.now = 10;
  assert.ok(machine.hear({ advbase: 1, advskew: 0, demotion: 0 }, "10.213.0.2").length > 0);
  const without = new Machine();
  assert.deepEqual(without.give({ ...start, linkUp: false }), ["releaseAddresses"]);
  assert.equal(without.state.role, "initial");
});
