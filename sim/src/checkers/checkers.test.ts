/** Each checker is given a history in which what it watches for happens, and must see it; and one in which it does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import { hour, minute } from "@tandem/base/time";
import type { CentralLicence } from "@tandem/licensing/central-licence";
import type { LicenceStanding } from "@tandem/licensing/holder";
import { usageReport } from "@tandem/licensing/usage-report";
import { newDurable } from "@tandem/pair/state";
import { type Vector, type Version, versionId } from "@tandem/replica/version";
import type { Sample } from "@tandem/storage/statistics-store";
import { checkEffect } from "./actions.ts";
import { DeletedRows } from "./deleted-rows.ts";
import { EditsKept } from "./edits-kept.ts";
import { Epochs } from "./epochs.ts";
import { checkEqualStates } from "./equal-states.ts";
import { Escrow, type LedgerDocuments, type Ledgers } from "./escrow.ts";
import { checkHandover } from "./handovers.ts";
import { checkBackups, checkFiles } from "./kept-files.ts";
import { checkHolders, type HeldOn } from "./licence-holders.ts";
import { checkMonth } from "./month.ts";
import { OneMaster, twoMastersMaxMs } from "./one-master.ts";
import { Overwriting } from "./overwriting.ts";
import { PolledMinutes } from "./polled-minutes.ts";
import { faultOfPair } from "./progress.ts";
import { checkRepaired } from "./repaired.ts";
import { SaidAndKept } from "./said-and-kept.ts";
import { checkStatistics } from "./statistics.ts";
import type { Kept } from "./violation.ts";

const a = "aaaaaaaaaaaaaaaa";
const b = "bbbbbbbbbbbbbbbb";

const version = (incarnation: string, seq: number, change: Partial<Version> = {}): Version => ({
  table: "networks",
  row: "10.1.0.0/16",
  field: "name",
  incarnation,
  seq,
  life: 1,
  clock: seq,
  context: {},
  author: `op${seq} of ${incarnation.slice(0, 1)}`,
  unit: incarnation,
  at: 0,
  value: `value ${seq} of ${incarnation.slice(0, 1)}`,
  ...change,
});

const disk = (name: string, vector: Vector, ...versions: readonly Version[]): Kept => ({
  name,
  vector,
  version: (table, row, field) =>
    versions.find((each) => each.table === table && each.row === row && each.field === field),
  versions: () => versions,
});

/** What is reported by what is done with it. */
const reported = (body: (report: (message: string) => void) => void): string => {
  const messages: string[] = [];
  body((message) => messages.push(message));
  return messages.join("; ");
};

test("[CH20] edits kept: an edit that lost without a word to one that had not seen it", () => {
  const [ours, theirs] = [version(a, 1), version(b, 2)];
  const history = (end: Kept): string =>
    reported((report) => {
      const checker = new EditsKept(report);
      for (const each of [ours, theirs]) {
        checker.begun(each.author);
        checker.stored(each);
        checker.acknowledged(each.author, "this unit only", null);
      }
      checker.check([end]);
    });
  const vector = { [a]: 1, [b]: 2 };
  assert.match(history(disk("A", vector, theirs)), /op1 of a .* neither current nor knowingly replaced/);
  const listed = version(b, 3, { table: "conflicts", row: versionId(ours), field: "entry" });
  assert.equal(history(disk("A", vector, theirs, listed)), "", "it stands in Conflicts");
  assert.match(history(disk("A", {}, theirs)), /known to no disk/);
});

test("[CH20] edits kept: an edit that was replaced by somebody who had seen it is not missed", () => {
  const first = version(a, 1);
  const second = version(b, 1, { context: { [a]: 1 } });
  const said = reported((report) => {
    const checker = new EditsKept(report);
    checker.begun(first.author);
    checker.stored(first);
    checker.acknowledged(first.author, "both", null);
    checker.stored(second);
    checker.check([disk("A", { [a]: 1, [b]: 1 }, second)]);
  });
  assert.equal(said, "");
});

test("[CH21] edits kept: acknowledged as on both units and on one only, or lost with one disk", () => {
  const edit = version(a, 1);
  const acknowledged = (disks: readonly Kept[], then?: (checker: EditsKept) => void): string =>
    reported((report) => {
      const checker = new EditsKept(report);
      checker.begun(edit.author);
      checker.stored(edit);
      checker.acknowledged(edit.author, "both", disks);
      then?.(checker);
    });
  const [has, lacks] = [disk("A", { [a]: 1 }, edit), disk("B", {})];
  assert.match(acknowledged([has, lacks]), /acknowledged as on both units, and A has it/);
  assert.equal(acknowledged([has, has]), "");
  assert.match(
    acknowledged([has, has], (checker) => checker.diskLost({ [a]: 1 }, [lacks, lacks], "fault")),
    /the loss of one disk lost it/,
  );
});

test("deleted rows: a row lives again by somebody who had not seen that it was deleted", () => {
  const register = { field: "@life" };
  const born = version(a, 1, { ...register, value: "exists" });
  const deleted = version(a, 2, { ...register, life: 2, value: "deleted", context: { [a]: 1 } });
  const unseen = version(b, 1, { ...register, life: 3, value: "exists", context: { [a]: 1 } });
  const seen = { ...unseen, context: { [a]: 2 } };
  const history = (last: Version): string =>
    reported((report) => {
      const checker = new DeletedRows(report);
      for (const each of [born, deleted, last]) checker.stored(each);
      checker.check(disk("A", { [a]: 2, [b]: 1 }, last));
    });
  assert.match(history(unseen), /lives on A, created by op1 of b, who had not seen that/);
  assert.equal(history(seen), "");
});

test("[CH17] equal states: equal vectors over different states", () => {
  const vector = { [a]: 1, [b]: 1 };
  const [one, other] = [disk("A", vector, version(a, 1)), disk("B", vector, version(b, 1))];
  assert.match(
    reported((report) => checkEqualStates(one, other, report)),
    /know the same changes/,
  );
  assert.equal(
    reported((report) => checkEqualStates(one, disk("B", vector, version(a, 1)), report)),
    "",
  );
});

test("epochs: forgotten, claimed twice, above what was seen, and another's", () => {
  const [one, two] = [
    { n: 1, unit: a },
    { n: 2, unit: b },
  ];
  const history = (body: (checker: Epochs) => void): string => reported((report) => body(new Epochs(report)));
  assert.match(
    history((checker) => {
      checker.stored(a, one, two);
      checker.stored(a, one, one);
    }),
    /forgets it/,
  );
  assert.match(
    history((checker) => {
      checker.stored(a, one, one);
      checker.stored(a, two, two);
      checker.stored(a, one, two);
    }),
    /claims epoch 1/,
  );
  assert.match(
    history((checker) => checker.stored(a, two, one)),
    /above the greatest/,
  );
  assert.match(
    history((checker) => checker.isMaster(a, two)),
    /not its own/,
  );
  assert.equal(
    history((checker) => {
      checker.stored(a, one, one);
      checker.stored(a, two, two);
      checker.isMaster(b, two);
    }),
    "",
  );
});

test("[CH7] one master: two that hear each other for too long", () => {
  const history = (lastedMs: number): string =>
    reported((report) => {
      const checker = new OneMaster(report);
      checker.update(1_000, true);
      checker.update(1_000 + lastedMs, false);
    });
  assert.match(history(twoMastersMaxMs + 1), /both units have been Master/);
  assert.equal(history(twoMastersMaxMs), "");
});

test("[CH11] handovers: offered to a unit that lacks something", () => {
  const [giver, taker] = [disk("A", { [a]: 2 }), disk("B", { [a]: 1 })];
  assert.match(
    reported((report) => checkHandover(giver, taker, 2, report)),
    /which lacks changes/,
  );
  assert.equal(
    reported((report) => checkHandover(taker, giver, 2, report)),
    "",
  );
});

test("[CH13] overwriting: unasked, without being armed, in a pair, and without a backup that equals it", () => {
  const armed = { ...newDurable, armedFor: b };
  const history = (body: (checker: Overwriting) => void): string =>
    reported((report) => body(new Overwriting(report)));
  assert.match(
    history((checker) => checker.stored(a, newDurable, armed, false)),
    /without an operator's Apply/,
  );
  assert.match(
    history((checker) => checker.replaced(a, armed, "state", false)),
    /the backup does not equal/,
  );
  assert.match(
    history((checker) => checker.backedUp(a, "another", "state")),
    /is not what is on its disk/,
  );
  assert.match(
    history((checker) => {
      checker.backedUp(a, "state", "state");
      checker.replaced(a, newDurable, "state", false);
    }),
    /was not armed/,
  );
  assert.match(
    history((checker) => checker.replaced(a, { ...armed, pairId: "p".repeat(32) }, "", true)),
    /belongs to a pair/,
  );
  assert.equal(
    history((checker) => {
      const answered = checker.applying(a);
      checker.stored(a, newDurable, armed, false);
      answered();
      checker.backedUp(a, "state", "state");
      checker.replaced(a, armed, "state", false);
    }),
    "",
  );
  const inPair = { ...newDurable, pairId: "p".repeat(32) };
  assert.equal(
    history((checker) => {
      checker.backedUp(a, "state", "state");
      checker.replacing(a, () => checker.replaced(a, inPair, "state", false));
    }),
    "",
  );
  assert.match(
    history((checker) => checker.replacing(b, () => checker.replaced(a, inPair, "state", false))),
    /belongs to a pair/,
  );
  assert.match(
    history((checker) => checker.replacing(a, () => checker.replaced(a, inPair, "state", false))),
    /the backup does not equal/,
  );
});

test("said and kept: an epoch, a pair, changes and an offer that are not on the disk", () => {
  const durable = { ...newDurable, epoch: { n: 1, unit: a }, seen: { n: 1, unit: a } };
  const heartbeat = { type: "heartbeat", epoch: durable.epoch, seen: durable.seen, pairId: null, vector: {} };
  const said = (message: object): string =>
    reported((report) => new SaidAndKept(report).said("A", message as never, durable, { [a]: 1 }));
  assert.equal(said(heartbeat), "");
  assert.match(said({ ...heartbeat, seen: { n: 2, unit: b } }), /says epoch/);
  assert.match(said({ ...heartbeat, pairId: "p" }), /says pair/);
  assert.match(said({ type: "durable", vector: { [a]: 2 } }), /not on its disk/);
  assert.match(said({ type: "hand", n: 3 }), /no such offer/);
});

test("[CH15] [CH17] progress: what keeps a pair from being whole is named", () => {
  const whole = {
    ourReason: "",
    heartbeats: { flowing: true, error: null },
    inStep: true,
    digestEqual: true,
    ourSequence: 3,
    peerSequence: 3,
    onlyHere: { count: 0 },
    withheld: [],
    digest: "same",
  };
  const master = { ...whole, ourState: "Master", isActing: true };
  const slave = { ...whole, ourState: "Slave", isActing: false };
  const fault = (one: object, other: object): string | null =>
    faultOfPair([
      { name: "A", ha: { status: () => one } },
      { name: "B", ha: { status: () => other } },
    ] as never);
  assert.equal(fault(master, slave), null);
  assert.match(fault(master, master) ?? "", /A is Master .* and B is Master/);
  assert.match(fault({ ...master, isActing: false }, slave) ?? "", /nobody acts/);
  assert.match(fault(master, { ...slave, inStep: false }) ?? "", /B is not in step/);
  assert.match(fault(master, { ...slave, digestEqual: false }) ?? "", /another digest/);
  assert.match(fault(master, { ...slave, peerSequence: 4 }) ?? "", /sequence numbers 3 and 4/);
  assert.match(fault(master, { ...slave, digest: "other" }) ?? "", /digests differ/);
  assert.match(fault({ ...master, onlyHere: { count: 2 } }, slave) ?? "", /lists 2 changes/);
});

test("[CH22] actions: a run that takes effect twice", () => {
  assert.match(
    reported((report) => checkEffect("0123456789", 2, report)),
    /took effect 2 times/,
  );
  assert.equal(
    reported((report) => checkEffect("0123456789", 1, report)),
    "",
  );
});

test("[CH8] statistics: different samples, and more counted than was", () => {
  const sample = (slot: number, connections: number): Sample => ({
    device: "d",
    slot,
    epoch: { n: 1, unit: a },
    offsetMs: 0,
    since: 1,
    entities: [""],
    values: [0, connections, 0, 0, 0],
  });
  const samples = [sample(1, 0), sample(2, 10)];
  assert.equal(
    reported((report) => checkStatistics(samples, samples, 10, report)),
    "",
  );
  assert.match(
    reported((report) => checkStatistics(samples, [sample(1, 0)], 10, report)),
    /2 and 1 samples/,
  );
  assert.match(
    reported((report) => checkStatistics(samples, samples, 9, report)),
    /10 connections .* 9 were made/,
  );
});

test("[CH8] polled minutes: one that began while a unit acted and has no sample; not one of a take-over or of a clock that was set", () => {
  const minutes = new PolledMinutes();
  const [first, second] = [{}, {}];
  const from = 1_000 * minute;
  const see = (at: number, acting: object | null, setAhead = 0): void =>
    minutes.see({ unit: a, acting, wall: from + at + setAhead, monotonic: at });
  for (let at = 30_000; at <= 2.5 * minute; at += 2_000) see(at, first);
  // Another process acts from shortly before the third minute on; then nobody does; then the clock is set over a minute.
  for (let at = 2.99 * minute; at <= 3.5 * minute; at += 2_000) see(at, second);
  see(3.6 * minute, null);
  for (let at = 4.1 * minute; at <= 4.3 * minute; at += 2_000) see(at, second);
  for (let at = 4.3 * minute; at <= 4.5 * minute; at += 2_000) see(at, second, hour);
  const missing = (...slots: readonly number[]): string =>
    reported((report) => minutes.check(new Set(slots), from, report));
  assert.equal(missing(1_001, 1_002), "");
  assert.match(
    missing(1_001),
    /^1 minutes began while a unit acted, and have no sample: first that of 1970-01-01T16:42/,
  );
  assert.match(missing(), /^2 minutes/);
  minutes.forget();
  assert.equal(missing(), "");
});

test("[CH17] repaired: a rotten value that differs still, was not written anew, or has taken the place of what was written", () => {
  const written = version(a, 1);
  const { value } = written;
  const anew = version(b, 1, { value });
  const rotten = version(b, 1, { value: `${value}~` });
  const entry = (of: unknown): Version =>
    version(b, 2, {
      table: "conflicts",
      row: versionId(written),
      field: "entry",
      value: { value: of } as never,
    });
  const told = (ours: readonly Version[], theirs: readonly Version[]): string =>
    reported((report) => checkRepaired(written, [disk("A", {}, ...ours), disk("B", {}, ...theirs)], report));
  assert.equal(told([anew], [anew]), "");
  const kept = [rotten, entry(value)];
  assert.equal(told(kept, kept), "");
  assert.match(told([written], [{ ...written, value: `${value}~` }]), /differs still/);
  assert.match(told([written], [written]), /was not written anew/);
  assert.match(told([anew], []), /gone from B/);
  assert.match(told(kept, [rotten]), /not among the conflicts of B/);
  assert.match(told([rotten, entry("other")], kept), /not among the conflicts of A/);
});

test("[CH5] [CH22] files: a backup that is said to be taken and has no copy, a file that is missing or another", () => {
  const bytes = new Uint8Array(3);
  const digest = sha256Hex(bytes);
  const copies = [{ run: "r", digest }];
  const backups = (state: string, of = digest): string =>
    reported((report) => checkBackups("A", [{ run: "r", state, digest: of }], copies, report));
  assert.equal(backups("proved"), "");
  assert.equal(backups("failed", "another"), "");
  assert.match(backups("proved", "another"), /no row names the copy/);
  const files = (held: ReadonlyMap<string, Uint8Array>, lost: readonly string[] = []): string =>
    reported((report) => {
      for (const missing of checkFiles("A", copies, held, new Set(lost), report))
        report(`missing ${missing}`);
    });
  assert.equal(files(new Map([[digest, bytes]])), "");
  assert.match(files(new Map()), /^missing/);
  assert.equal(files(new Map(), [digest]), "");
  assert.match(files(new Map([[digest, new Uint8Array(4)]])), /not what it is called/);
});

const account = "acc0acc0acc0acc0";
/** Two local licences, one for each unit. */
const licence: CentralLicence = {
  id: "1".repeat(16),
  account,
  holder: "Example",
  isTrial: false,
  issuedAt: 0,
  notBefore: 0,
  expiresAt: 1,
  units: [
    { unit: a, local: 1, poolMbps: 0 },
    { unit: b, local: 1, poolMbps: 0 },
  ],
  local: { allowance: 2 },
  metered: null,
  pool: null,
};
const standing = (
  central: string,
  unit: string,
  number = 1,
  state: "held" | "ended" = "held",
): LicenceStanding => ({
  central,
  unit,
  number,
  type: "local",
  state,
});
const granted = (...rows: readonly LicenceStanding[]) =>
  rows.map((row) => [`licence ${row.unit} ${row.central}`, row] as const);
const gave = (giver: string, given: number) =>
  [`share ${account} local ${giver}`, { account, kind: "local" as const, giver, given }] as const;
const ledger = (...entries: readonly (readonly [string, object])[]): LedgerDocuments =>
  new Map(entries) as unknown as LedgerDocuments;
const central = (unit: string, documents: LedgerDocuments, change: Partial<Ledgers> = {}): Ledgers => ({
  unit,
  name: unit.slice(0, 1),
  documents,
  licence,
  heard: { rows: [], gifts: [] },
  isOfPair: true,
  ...change,
});

test("[ML7] escrow: a unit that grants beyond its share, and one that grants what it was given", () => {
  const history = (given: readonly (readonly [string, object])[]): string =>
    reported((report) =>
      new Escrow(report).written(a, ledger(), [
        central(a, ledger(...granted(standing(a, "lm1"), standing(a, "lm2")))),
        central(b, ledger(...given)),
      ]),
    );
  assert.match(history([]), /a has granted 2 local licences, and its share is 1/);
  assert.equal(history([gave(b, 1)]), "");
  const both = [gave(b, 1), ...granted(standing(b, "lm3"))];
  assert.match(history(both), /3 local licences are granted, and the licences of the pair allow 2/);
});

test("[ML4] [ML7] escrow: a share is taken over only from a unit that an operator removed", () => {
  const history = (isDeclared: boolean, removed: LedgerDocuments): string =>
    reported((report) => {
      const escrow = new Escrow(report);
      if (isDeclared) escrow.declaredDead(b, a);
      escrow.written(a, ledger(), [central(a, ledger(gave(b, 1))), central(b, removed)]);
      const units = [
        central(a, ledger(gave(b, 1), ...granted(standing(a, "lm1"), standing(a, "lm2")))),
        central(b, new Map([...removed, ...ledger(...granted(standing(b, "lm3")))])),
      ];
      escrow.written(b, removed, units);
      escrow.written(a, ledger(gave(b, 1)), units);
    });
  assert.match(
    history(false, ledger()),
    /a takes 1 local licences for given by b+, which gave 0 and was not removed/,
  );
  assert.equal(history(true, ledger()), "", "what a unit that was declared dead grants is not counted");
});

test("[ML3] escrow: a device number that is given twice, or changes", () => {
  const number = (unit: string, value: number) =>
    [`number ${unit} ${a}`, { central: a, unit, number: value }] as const;
  const history = (...states: readonly LedgerDocuments[]): string =>
    reported((report) => {
      const escrow = new Escrow(report);
      for (const documents of states) escrow.written(a, ledger(), [central(a, documents)]);
    });
  assert.match(history(ledger(number("lm1", 1), number("lm2", 1))), /number 1 to lm1 and to lm2/);
  assert.match(
    history(ledger(number("lm1", 1)), ledger(number("lm1", 2))),
    /lm1 had the device number 1 on a/,
  );
  assert.equal(history(ledger(number("lm1", 1)), ledger(number("lm1", 1), number("lm2", 2))), "");
});

test("[ML2] one holder: units that name two, or a LoadMaster that was told otherwise", () => {
  const [old, latest] = [standing(a, "lm1", 1), standing(b, "lm1", 2)];
  const on = (unit: string, rows: readonly LicenceStanding[]): HeldOn => ({
    name: unit.slice(0, 1),
    unit,
    rows,
    gifts: [],
    own: { rows: rows.filter((row) => row.central === unit), gifts: [] },
  });
  const history = (onA: readonly LicenceStanding[], granted: number, isHeld: boolean): string =>
    reported((report) =>
      checkHolders(
        [on(a, onA), on(b, [old, latest])],
        [{ unit: "lm1", granted, grantedBy: latest.central, isHeld }],
        report,
      ),
    );
  assert.match(history([old], 2, true), /the licence of lm1 is on a a+ 1 held, and on b b+ 2 held/);
  assert.match(history([old, latest], 1, true), /lm1 has the grant 1 and was told that it holds/);
  assert.match(history([old, latest], 2, false), /lm1 has the grant 2 and was told that it does not hold/);
  assert.equal(history([old, latest], 2, true), "");
});

test("[ML6] month: units that make different months of their samples", () => {
  const about = { month: "2026-11", slotMs: 300_000, isOver: false, tierGbps: 1 };
  const month = (to: number) => {
    const slots = { from: 0, to };
    return {
      metered: usageReport({ ...about, slots, kind: "metered" }, []),
      pool: usageReport({ ...about, slots, kind: "pool" }, []),
    };
  };
  assert.match(
    reported((report) => checkMonth(month(1), month(2), report)),
    /different months of what is metered/,
  );
  assert.equal(
    reported((report) => checkMonth(month(1), month(1), report)),
    "",
  );
});
