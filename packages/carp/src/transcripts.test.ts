/**
 * Runs of two units, written down as prose in `transcripts/*.txt` and compared with what was written before.
 * UPDATE_TRANSCRIPTS=1 writes them anew; then the difference is for a person to read.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { intervalMs, isBowOut } from "./rules.ts";
import { Segment, type SegmentRecord, type SegmentUnit } from "./segment.ts";
import type { CarpAction, CarpConfig } from "./state.ts";

const directory = new URL("../transcripts/", import.meta.url);
const isUpdate = process.env.UPDATE_TRANSCRIPTS === "1";

const config = (last: number, change: Partial<CarpConfig>): CarpConfig => ({
  vhid: 7,
  advbase: 3,
  advskew: last - 21,
  preempt: false,
  password: "a shared password",
  hashedAddresses: ["10.213.0.20"],
  ownAddress: `10.213.0.${last}`,
  trustDemotion: true,
  replayCheck: "growing",
  ...change,
});

/** Two units, HA1 on 10.213.0.21 with advskew 0 and HA2 on 10.213.0.22 with advskew 1, one millisecond apart. */
class Transcript {
  readonly segment: Segment;
  readonly ha1: SegmentUnit;
  readonly ha2: SegmentUnit;
  readonly #lines: string[] = [];
  /** Regular advertisements since the last line, by unit: they are told in one line. */
  readonly #regular = new Map<string, number>();
  readonly #boots = new Map<string, number>();
  #isRecording = true;

  constructor(ha1: Partial<CarpConfig> = {}, ha2: Partial<CarpConfig> = {}) {
    this.segment = new Segment(
      [
        { name: "HA1", config: config(21, ha1) },
        { name: "HA2", config: config(22, ha2) },
      ],
      () => 1,
      (record) => this.#record(record),
    );
    this.ha1 = this.segment.unit("HA1");
    this.ha2 = this.segment.unit("HA2");
  }

  /** A paragraph between the lines. */
  say(text: string): this {
    this.#flush();
    this.#lines.push("", text);
    return this;
  }
  /** Begins the process of `unit`; its counter starts at 1000 or 7000, and 10^15 further on at each return. */
  start(unit: SegmentUnit): this {
    const boots = (this.#boots.get(unit.name) ?? 0) + 1;
    this.#boots.set(unit.name, boots);
    this.segment.start(unit, (unit === this.ha1 ? 1000n : 7000n) + BigInt(boots - 1) * 10n ** 15n);
    return this;
  }
  /** HA1 has been master since 9 s and HA2 its backup since 10 s; nothing is written down until 20 s. */
  settle(): this {
    this.#isRecording = false;
    this.start(this.ha1).until(10).start(this.ha2).until(20);
    this.#isRecording = true;
    return this;
  }
  until(seconds: number): this {
    this.segment.run(seconds * 1000);
    return this;
  }
  text(title: string): string {
    this.#flush();
    return `${title}\n${"=".repeat(title.length)}\n${this.#lines.join("\n")}\n`;
  }

  #record({ unit, input, outputs }: SegmentRecord): void {
    if (!this.#isRecording) return;
    const isRegular = input.type === "tick" && outputs.observe.length === 0 && outputs.actions.length === 1;
    if (isRegular && outputs.actions[0]!.type === "advertise") {
      this.#regular.set(unit.name, (this.#regular.get(unit.name) ?? 0) + 1);
      return;
    }
    if (outputs.actions.length === 0 && outputs.observe.length === 0) return;
    this.#flush();
    for (const event of outputs.observe)
      this.#line(
        unit,
        event.type === "role" ? `${event.from} -> ${event.to}: ${event.reason}` : event.reason,
      );
    for (const action of outputs.actions) this.#line(unit, `    ${describe(action)}`);
  }

  #line(unit: SegmentUnit, text: string): void {
    this.#lines.push(`${(this.segment.now / 1000).toFixed(3).padStart(9)} s  ${unit.name}  ${text}`);
  }

  #flush(): void {
    for (const [name, times] of this.#regular)
      this.#lines.push(`             ${name}  … advertises ${times === 1 ? "once" : `${times} times`} more`);
    this.#regular.clear();
  }
}

function describe(action: CarpAction): string {
  switch (action.type) {
    case "advertise": {
      const counter = `counter ${action.counter}`;
      if (isBowOut(action)) return `advertises 255/255: it is leaving (${counter})`;
      return `advertises every ${(intervalMs(action) / 1000).toFixed(3)} s, demotion ${action.demotion} (${counter})`;
    }
    case "takeAddresses":
      return "takes the shared addresses";
    case "releaseAddresses":
      return "releases the shared addresses";
    case "announce":
      return "announces the shared addresses by gratuitous ARP";
  }
}

const roles = (transcript: Transcript): string[] => transcript.segment.units.map((unit) => unit.state.role);

/** Compares with the file, or writes it. */
function compare(name: string, text: string): void {
  const file = new URL(`${name}.txt`, directory);
  if (isUpdate) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"), "UPDATE_TRANSCRIPTS=1 writes transcripts anew");
}

const written: string[] = [];

function transcript(name: string, title: string, run: () => Transcript): void {
  written.push(`${name}.txt`);
  test(`[LH1] transcript: ${title}`, () => compare(name, run().text(title)));
}

transcript("start-up", "Start-up of two units", () => {
  const t = new Transcript();
  t.say("Both units are switched on within half a second. The HA timeout is 9 s, neither is preferred.");
  t.start(t.ha1).until(0.5).start(t.ha2).until(25);
  assert.deepEqual(roles(t), ["master", "backup"]);
  return t.say("HA2 hears HA1 every 3 s and never says a word.");
});

transcript("death", "Death of the master", () => {
  const t = new Transcript();
  t.say("HA1 has been master since 9 s, and HA2 has followed it since 10 s.");
  t.settle();
  t.say(
    "At 20 s the machine of HA1 loses power. HA2 heard it last at 18.001 s and waits 9 s and its advskew.",
  );
  t.segment.kill(t.ha1);
  t.until(30);
  assert.deepEqual(roles(t), ["stopped", "master"]);
  return t;
});

transcript("orderly-stop", "Orderly stop of the master", () => {
  const t = new Transcript();
  t.say("HA1 has been master since 9 s, and HA2 has followed it since 10 s.");
  t.settle();
  t.say("At 20 s HA1 is told to stop. Its addresses are gone before it says that it is leaving.");
  t.segment.stop(t.ha1);
  t.until(22);
  assert.deepEqual(roles(t), ["stopped", "master"]);
  return t;
});

transcript("hand-over", "A hand-over, and one that nobody takes", () => {
  const t = new Transcript();
  t.say("HA1 has been master since 9 s, HA2 follows, neither is preferred.");
  t.settle();
  t.say(
    "At 20 s HA1 is told to hand over. HA2 takes the role, and HA1, whose interval is shorter, follows it.",
  );
  t.segment.handOver(t.ha1);
  t.until(40);
  assert.deepEqual(roles(t), ["backup", "master"]);
  t.say(
    "HA1 dies, and HA2 is told to hand over at 45 s: after a second without a successor it is master again.",
  );
  t.segment.kill(t.ha1);
  t.until(45);
  t.segment.handOver(t.ha2);
  t.until(50);
  assert.deepEqual(roles(t), ["stopped", "master"]);
  return t;
});

transcript("return-with-preemption", "Return of the preferred unit", () => {
  const t = new Transcript({ preempt: true });
  t.say("HA1 is the preferred host. It dies at 20 s, and HA2 takes over.");
  t.settle();
  t.segment.kill(t.ha1);
  t.until(40);
  t.say("At 40 s HA1 is back. It takes the role at the first advertisement it hears, which is HA2's next.");
  t.start(t.ha1).until(60);
  assert.deepEqual(roles(t), ["master", "backup"]);
  return t;
});

transcript("return-without-preemption", "Return of a unit without preference", () => {
  const t = new Transcript();
  t.say("Neither unit is preferred. HA1 dies at 20 s, and HA2 takes over.");
  t.settle();
  t.segment.kill(t.ha1);
  t.until(40);
  t.say("At 40 s HA1 is back. It hears HA2 and stays backup, though its own interval is shorter.");
  t.start(t.ha1).until(60);
  assert.deepEqual(roles(t), ["backup", "master"]);
  return t;
});

transcript("split-and-heal", "A split, and its end", () => {
  const t = new Transcript();
  t.say("HA1 has been master since 9 s, and HA2 has followed it since 10 s.");
  t.settle();
  t.say("At 20 s the two no longer hear each other, while clients hear both.");
  t.segment.connect(false);
  t.until(40);
  assert.deepEqual(roles(t), ["master", "master"]);
  t.say(
    "At 40 s they hear each other again. HA2 has to yield; its last word lets HA1 know that there was a conflict.",
  );
  t.segment.connect(true);
  t.until(45);
  assert.deepEqual(roles(t), ["master", "backup"]);
  return t;
});

transcript("failing-check", "A check fails on the master", () => {
  const t = new Transcript();
  t.say("HA1 has been master since 9 s, HA2 follows, neither is preferred.");
  t.settle();
  t.say("At 20 s HA1 loses its way to the servers. HA2, which has not, takes over at once.");
  t.segment.demote(t.ha1, 1, "the server network is down");
  t.until(30);
  t.say("At 30 s the check passes again. HA2 keeps the role.");
  t.segment.demote(t.ha1, 0, "the server network is up");
  t.until(45);
  assert.deepEqual(roles(t), ["backup", "master"]);
  return t;
});

transcript("wrong-password", "A wrong password", () => {
  const t = new Transcript({}, { password: "another password" });
  t.say(
    "HA2 has another password. Neither accepts the other, so both become master: each counts why, and says so.",
  );
  t.start(t.ha1).until(1).start(t.ha2).until(30);
  assert.deepEqual(roles(t), ["master", "master"]);
  const refused = () => t.segment.units.map((unit) => unit.state.memory!.counters.rejected.hmac);
  assert.deepEqual(refused(), [7, 7]);
  t.say(
    "At 30 s each has refused 7 advertisements. HA2 is given the right password, and the pair is one again.",
  );
  t.segment.configure(t.ha2, { ...t.ha2.config, password: t.ha1.config.password });
  t.until(40);
  assert.deepEqual(roles(t), ["master", "backup"]);
  return t;
});

transcript("stalled-master", "A master that stood still", () => {
  const t = new Transcript();
  t.say("HA1 has been master since 9 s, and HA2 has followed it since 10 s.");
  t.settle();
  t.say(
    "From 20 s on HA1's process does not run for 20 s, as when a hypervisor pauses it. Its addresses stay.",
  );
  t.segment.stall(t.ha1, 20_000);
  t.until(45);
  assert.deepEqual(roles(t), ["backup", "master"]);
  return t;
});

test("every transcript file belongs to a run", () => {
  assert.deepEqual(readdirSync(directory).sort(), written.sort());
});
