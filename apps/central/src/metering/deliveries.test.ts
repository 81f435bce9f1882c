import assert from "node:assert/strict";
import { test } from "node:test";
import { hour, minute, second } from "@tandem/base/time";
import { createRow } from "@tandem/replica/edits";
import { ReplicaUnit } from "../ha/replica-on-virtual-time.ts";
import type { NotedEvent } from "../ha/timeline.ts";
import { VirtualTime } from "../ha/virtual-time.ts";
import { Deliveries } from "./deliveries.ts";
import type { ReportText } from "./report-texts.ts";
import { deliveryKey, meteringTables, reportDeliveries, reportDestinations } from "./tables.ts";

/** A unit whose reports go to a list that both units of a test have in common. */
class ReportingUnit extends ReplicaUnit {
  isActing = false;
  /** As a server that does not answer: what is sent waits until it is let go. */
  holds = false;
  fails = false;
  readonly notes: NotedEvent[] = [];
  readonly #outbox: string[];
  deliveries: Deliveries;

  constructor(unit: string, time: VirtualTime, outbox: string[]) {
    super(unit.repeat(16), time, meteringTables);
    this.#outbox = outbox;
    this.deliveries = this.#open();
  }

  #open(): Deliveries {
    return new Deliveries({
      world: this.time.world,
      shared: this.shared,
      unit: this.unit,
      isActing: () => this.isActing,
      isReached: () => this.isConnected,
      reportOf: async (what, period): Promise<ReportText | null> =>
        what === "over-limit" && period !== "2026-11-30"
          ? null
          : { subject: `${what} ${period}`, text: "", files: [], id: `${what} ${period}` },
      send: async ({ kind }, { subject }) => {
        if (this.fails) throw new Error("the server is not there");
        if (this.holds) return new Promise(() => {});
        this.#outbox.push(`${this.unit[0]} ${kind} ${subject}`);
      },
      note: (event) => this.notes.push(event),
    });
  }

  act(isActing: boolean): void {
    this.isActing = isActing;
    this.notify("status");
  }

  /** As a process that is killed. */
  kill(): void {
    this.deliveries.stop();
    this.isActing = false;
    this.end();
  }

  restart(): void {
    this.begin();
    this.deliveries = this.#open();
  }
}

async function twoUnits(start: string) {
  const time = new VirtualTime(start);
  const outbox: string[] = [];
  const a = new ReportingUnit("a", time, outbox);
  const b = new ReportingUnit("b", time, outbox);
  a.peer = b;
  b.peer = a;
  a.act(true);
  await a.write(
    createRow(reportDestinations, {
      kind: "email",
      enabled: true,
      enabledAt: Date.parse("2026-11-10T00:00:00Z"),
      address: "192.0.2.25",
      from: "central@example.com",
      to: ["billing@example.com"],
    }),
  );
  return { time, outbox, a, b };
}

test("[ML6] the report of a month is sent once, early on the first of the next, with who was above the licence on its last day", async () => {
  const { time, outbox, a, b } = await twoUnits("2026-11-30T23:00:00Z");
  await time.pass(1 * hour + 4 * minute);
  assert.deepEqual(outbox, []);
  await time.pass(2 * minute);
  assert.deepEqual(outbox.toSorted(), ["a email over-limit 2026-11-30", "a email usage 2026-11"]);
  await time.pass(26 * hour);
  time.wallAtStart += 30 * 24 * hour;
  await time.pass(10 * minute);
  assert.deepEqual(outbox.slice(2), ["a email usage 2026-12"]);
  assert.equal(
    b.replica.row(reportDeliveries, deliveryKey("usage", "2026-11", "email"))?.values.state,
    "sent",
  );
  assert.deepEqual(new Set(a.notes.map(({ code }) => code)), new Set(["usage-report-sent"]));
});

test("[ML6] a takeover sends nothing twice, whenever it comes", async () => {
  for (const atMinute of [0, 4, 5, 6, 7, 30]) {
    const { time, outbox, a, b } = await twoUnits("2026-11-30T23:59:30Z");
    await time.pass(atMinute * minute);
    a.kill();
    b.act(true);
    await time.pass(1 * hour + 20 * minute);
    a.restart();
    a.heal();
    await time.pass(2 * minute);
    b.act(false);
    a.act(true);
    await time.pass(24 * hour);
    const usage = outbox.filter((line) => line.endsWith("usage 2026-11"));
    assert.equal(usage.length, 1, `${outbox} after ${atMinute} minutes`);
  }
});

test("[ML6] a Master that dies while it sends is followed by one that sends", async () => {
  const { time, outbox, a, b } = await twoUnits("2026-11-30T23:59:30Z");
  a.holds = true;
  await time.pass(6 * minute);
  const key = deliveryKey("usage", "2026-11", "email");
  assert.equal(b.replica.row(reportDeliveries, key)?.values.state, "sending");
  a.kill();
  b.act(true);
  await time.pass(4 * minute);
  assert.ok(outbox.includes("b email usage 2026-11"));
  const row = b.replica.row(reportDeliveries, key)?.values;
  assert.deepEqual([row?.state, row?.tries, row?.unit], ["sent", 2, b.unit]);
});

test("[ML6] in a cut in which both act, neither sends for an hour; once it is over one does", async () => {
  const { time, outbox, a, b } = await twoUnits("2026-11-30T23:50:00Z");
  a.cut();
  b.act(true);
  await time.pass(50 * minute);
  assert.deepEqual(outbox, []);
  a.heal();
  b.act(false);
  await time.pass(2 * minute);
  assert.deepEqual(outbox.toSorted(), ["a email over-limit 2026-11-30", "a email usage 2026-11"]);
});

test("[ML6] what does not reach its receiver is tried again, told, and in the end given up", async () => {
  const { time, outbox, a } = await twoUnits("2026-11-30T23:59:30Z");
  a.fails = true;
  await time.pass(6 * minute + 10 * second);
  const key = deliveryKey("usage", "2026-11", "email");
  const failed = a.replica.row(reportDeliveries, key)?.values;
  assert.deepEqual([failed?.state, failed?.tries], ["failed", 1]);
  assert.match(failed?.message ?? "", /the server is not there; see that 192\.0\.2\.25 runs/);
  a.fails = false;
  await time.pass(2 * minute);
  assert.ok(outbox.includes("a email usage 2026-11"));

  const hopeless = await twoUnits("2026-11-30T23:59:30Z");
  hopeless.a.fails = true;
  await hopeless.time.pass(60 * hour);
  const row = hopeless.a.replica.row(reportDeliveries, key)?.values;
  assert.equal(row?.tries, 12);
  const told = hopeless.a.notes.filter(({ message }) => message.startsWith('"usage 2026-11"'));
  assert.equal(told.length, 2);
  assert.match(told[1]?.message ?? "", /send it by hand/);
});

test("[ML6] a month that ended before reports were turned on is not sent by itself", async () => {
  const { time, outbox } = await twoUnits("2026-11-15T00:00:00Z");
  await time.pass(3 * hour);
  assert.deepEqual(outbox, []);
});

test("[ML6] sent by hand, it goes out at once and stays due", async () => {
  const { time, outbox, a } = await twoUnits("2026-11-30T23:00:00Z");
  assert.deepEqual(await a.deliveries.sendNow("2026-11"), {
    results: [{ kind: "email", delivered: true, error: null, remedy: null }],
  });
  await time.pass(2 * hour);
  assert.equal(outbox.filter((line) => line === "a email usage 2026-11").length, 2);
});
