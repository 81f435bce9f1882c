import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { array, assert as check, constantFrom, nat, property, record } from "fast-check";
import {
  decideActivation,
  decideCheck,
  endedRow,
  type LicenceRow,
  type LicensingView,
  offeredTypes,
} from "./activation.ts";
import type { CentralLicence } from "./central-licence.ts";
import { decidingStanding, issuedBy } from "./holder.ts";
import { allowedBy, type Given, giftOf, givenWhenRemoved, limitOf, shareOf } from "./shares.ts";
import type { LicenceGrant, LicenceRequest } from "./wire.ts";

const unitA = "a".repeat(16);
const unitB = "b".repeat(16);
const account = "c".repeat(16);

const licenceOf = (localA: number, localB: number): CentralLicence => ({
  id: "1".repeat(16),
  account,
  holder: "Example",
  isTrial: false,
  issuedAt: 0,
  notBefore: 0,
  expiresAt: 1_000_000,
  units: [
    { unit: unitA, local: localA, poolMbps: 0 },
    { unit: unitB, local: localB, poolMbps: 0 },
  ],
  local: { allowance: localA + localB },
  metered: null,
  pool: null,
});

const request = (unit: number, number: number, changes: Partial<LicenceRequest> = {}): LicenceRequest => ({
  purpose: "activate",
  unit: unit.toString(16).padStart(16, "0"),
  number,
  type: "local",
  name: "",
  version: "",
  serial: "",
  machine: "0".repeat(16),
  address: "10.0.0.1",
  port: 443,
  certificateFingerprint: "0".repeat(64),
  partner: null,
  at: 0,
  ...changes,
});

const viewOf = (
  self: string,
  licence: CentralLicence,
  rows: readonly LicenceRow[] = [],
  gifts: readonly Given[] = [],
): LicensingView => ({
  self,
  peer: self === unitA ? unitB : unitA,
  licence: { state: "valid", licence },
  rows,
  gifts,
  notEntitled: null,
});

const granted = (view: LicensingView, wanted: LicenceRequest): LicenceRow => {
  const decision = decideActivation(view, wanted, 5);
  assert.equal(decision.kind, "granted", JSON.stringify(decision));
  return (decision as Extract<typeof decision, { kind: "granted" }>).row;
};

describe("holder", () => {
  const row = (central: string, number: number, state: "held" | "ended" = "held") =>
    ({ unit: "1", central, number, type: "local", state }) as const;

  test("[ML2] the greatest number decides; of one number what has ended, then the greater id; in any order of arrival", () => {
    const cases = [
      { rows: [row(unitA, 3), row(unitB, 2)], decides: row(unitA, 3) },
      { rows: [row(unitA, 3), row(unitB, 3, "ended")], decides: row(unitB, 3, "ended") },
      { rows: [row(unitA, 3), row(unitB, 3)], decides: row(unitB, 3) },
      { rows: [row(unitA, 4), row(unitB, 3, "ended")], decides: row(unitA, 4) },
    ];
    for (const { rows, decides } of cases) {
      assert.deepEqual(decidingStanding(rows), decides);
      assert.deepEqual(decidingStanding(rows.toReversed()), decides);
    }
    assert.equal(decidingStanding([]), undefined);
  });
});

describe("shares", () => {
  test("[ML7] what both units hold always sums up to what the licence allows, once each knows all", () => {
    const gift = record({ a: nat(20), b: nat(20) });
    check(
      property(nat(20), nat(20), gift, (localA, localB, { a, b }) => {
        const licence = licenceOf(localA, localB);
        const gifts: Given[] = [
          { account, kind: "local", giver: unitA, given: a },
          { account, kind: "local", giver: unitB, given: b },
        ];
        const total = shareOf(licence, "local", gifts, unitA) + shareOf(licence, "local", gifts, unitB);
        assert.equal(total, allowedBy(licence, "local"));
      }),
    );
  });

  test("[ML4] of a unit that was removed nothing is left, and the other has all", () => {
    const licence = licenceOf(3, 4);
    const before: Given[] = [{ account, kind: "local", giver: unitA, given: 2 }];
    const given = givenWhenRemoved(licence, "local", before, unitB);
    const after = [...before, { account, kind: "local", giver: unitB, given } as const];
    assert.equal(limitOf(licence, "local", after, unitB), 0);
    assert.equal(limitOf(licence, "local", after, unitA), 7);
    assert.equal(givenWhenRemoved(licence, "local", after, unitB), given, "said twice it is the same");
  });

  test("a gift is what is wanted, or half of what is free where that is more, or nothing", () => {
    assert.deepEqual(
      [giftOf(10, 1), giftOf(10, 8), giftOf(1, 1), giftOf(1, 2), giftOf(0, 1)],
      [5, 8, 1, 0, 0],
    );
  });
});

describe("activation", () => {
  test("[ML7] whoever is cut off, whatever is heard late, the two never have more granted than the licence allows", () => {
    type Side = { rows: LicenceRow[]; gifts: Given[]; heardRows: LicenceRow[]; heardGifts: Given[] };
    const act = record({
      what: constantFrom("activate", "activate", "hear", "give", "end"),
      side: constantFrom(0, 1),
      unit: nat(9),
    });
    check(
      property(nat(4), nat(4), array(act, { maxLength: 60 }), (localA, localB, acts) => {
        const licence = licenceOf(localA, localB);
        const ids = [unitA, unitB] as const;
        const sides: Side[] = ids.map(() => ({ rows: [], gifts: [], heardRows: [], heardGifts: [] }));
        const viewAt = (index: number): LicensingView => {
          const { rows, gifts, heardRows, heardGifts } = sides[index] as Side;
          return viewOf(ids[index] as string, licence, [...rows, ...heardRows], [...gifts, ...heardGifts]);
        };
        const put = (side: Side, row: LicenceRow): void => {
          side.rows = [...side.rows.filter(({ unit }) => unit !== row.unit), row];
        };
        const numbers = new Map<number, number>();
        for (const { what, side: index, unit } of acts) {
          const side = sides[index] as Side;
          const other = sides[1 - index] as Side;
          if (what === "hear") {
            side.heardRows = [...other.rows];
            side.heardGifts = [...other.gifts];
          } else if (what === "activate") {
            const number = (numbers.get(unit) ?? 0) + 1;
            numbers.set(unit, number);
            const decision = decideActivation(viewAt(index), request(unit, number), 1);
            if (decision.kind === "granted") put(side, decision.row);
          } else if (what === "end") {
            const row = endedRow(viewAt(index), request(unit, 1).unit, "");
            if (row !== null) put(side, row);
          } else {
            const view = viewAt(index);
            const free =
              limitOf(licence, "local", view.gifts, view.self) - issuedBy(view.rows, view.self, "local");
            const before = side.gifts[0]?.given ?? 0;
            const given = before + giftOf(Math.max(0, free), 1);
            side.gifts = [{ account, kind: "local", giver: view.self, given }];
          }
          const issued = ids.map((id, at) => issuedBy(viewAt(at).rows, id, "local"));
          assert.ok((issued[0] as number) + (issued[1] as number) <= localA + localB, JSON.stringify(issued));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("[ML7] the types that are licensed are offered with what this unit can grant by itself", () => {
    const licence: CentralLicence = {
      ...licenceOf(2, 1),
      pool: { capacityMbps: 600 },
      units: [
        { unit: unitA, local: 2, poolMbps: 450 },
        { unit: unitB, local: 1, poolMbps: 150 },
      ],
    };
    const row = granted(viewOf(unitA, licence), request(1, 1, { type: "pool-200" }));
    const offered = offeredTypes(viewOf(unitA, licence, [row]));
    const available = Object.fromEntries(offered.map(({ id, available }) => [id, available]));
    assert.equal(available.local, 2);
    assert.equal(available["pool-50"], 5);
    assert.equal(available["pool-200"], 1);
    assert.equal(available["pool-500"], 0);
    assert.ok(!("metered" in available));
    assert.deepEqual(offeredTypes({ ...viewOf(unitA, licence), notEntitled: "removed" }), []);
  });

  test("[ML7] a Central whose own licence does not hold, or that was removed, grants nothing and says why", () => {
    const licence = licenceOf(1, 1);
    const invalid: LicensingView = {
      ...viewOf(unitA, licence),
      licence: { state: "invalid", message: "it has expired" },
    };
    const codeOf = (view: LicensingView) => {
      const decision = decideActivation(view, request(1, 1), 1);
      return decision.kind === "refused" ? decision.code : decision.kind;
    };
    assert.equal(codeOf(invalid), "central-licence-invalid");
    assert.equal(codeOf({ ...viewOf(unitA, licence), notEntitled: "removed" }), "not-entitled");
    assert.equal(codeOf(viewOf(unitA, { ...licence, local: null })), "type-not-licensed");
  });
});

describe("check", () => {
  const licence = licenceOf(2, 2);
  const grantOf = (row: LicenceRow): LicenceGrant => ({
    unit: row.unit,
    number: row.number,
    type: row.type,
    central: row.central,
    holder: "",
    grantedAt: row.grantedAt,
    checkIntervalMs: 1_000,
    graceMs: 1_000,
    centrals: [],
  });
  const asked = (row: LicenceRow, changes: Partial<LicenceRequest> = {}): LicenceRequest => ({
    ...request(1, row.number),
    purpose: "check",
    type: null,
    ...changes,
  });

  test("[ML2] held here and at the other Central, superseded by a greater number, ended, or not known", () => {
    const row = granted(viewOf(unitA, licence), request(1, 1));
    const stateAt = (self: string, rows: readonly LicenceRow[], isOwn = false) =>
      decideCheck(viewOf(self, licence, rows), asked(row), grantOf(row), isOwn).state;
    assert.equal(stateAt(unitA, [row]), "held");
    assert.equal(stateAt(unitB, [row]), "held");
    assert.equal(stateAt(unitB, []), "not-known");
    const apart = decideCheck(
      { ...viewOf(unitB, licence, [row]), peer: null },
      asked(row),
      grantOf(row),
      false,
    );
    assert.equal(apart.state, "not-known", "it was in a pair with that one once");
    const later = granted(viewOf(unitB, licence, [row]), request(1, 2));
    assert.equal(stateAt(unitA, [row, later]), "superseded");
    const ended = endedRow(viewOf(unitB, licence, [row]), row.unit, "recovered");
    assert.ok(ended);
    assert.equal(stateAt(unitA, [row, ended]), "ended");
    assert.equal(stateAt(unitA, [], true), "held", "granted by this Central, which lost its record");
  });

  test("[ML4] a Central that was removed from its pair does not vouch for what it granted", () => {
    const row = granted(viewOf(unitA, licence), request(1, 1));
    const view = { ...viewOf(unitA, licence, [row]), notEntitled: "removed" };
    const { state, message } = decideCheck(view, asked(row), grantOf(row), true);
    assert.deepEqual([state, message], ["not-known", "removed"]);
  });

  test("[ML7] a record that was lost is not made again out of a share that is in use", () => {
    const small = licenceOf(1, 0);
    const lost = granted(viewOf(unitA, small), request(1, 1));
    const other = granted(viewOf(unitA, small), request(2, 1));
    const decision = decideCheck(viewOf(unitA, small, [other]), asked(lost), grantOf(lost), true);
    assert.equal(decision.state, "not-known");
    assert.equal(decision.row, null);
    assert.match(decision.message, /lost its record/);
  });

  test("[ML7] another address or machine is written down, by the Central that holds the licence alone", () => {
    const row = granted(viewOf(unitA, licence), request(1, 1));
    const moved = asked(row, { machine: "9".repeat(16), address: "10.0.0.9" });
    const here = decideCheck(viewOf(unitA, licence, [row]), moved, grantOf(row), true);
    assert.equal(here.state, "held");
    assert.equal(here.row?.address, "10.0.0.9");
    assert.deepEqual(here.row?.formerMachines, [row.machine]);
    const there = decideCheck(viewOf(unitB, licence, [row]), moved, grantOf(row), false);
    assert.deepEqual([there.state, there.row], ["held", null]);
    assert.ok(here.row);
    const back = decideCheck(viewOf(unitA, licence, [here.row]), asked(row), grantOf(row), true);
    assert.deepEqual([back.state, back.isCopy], ["superseded", true]);
  });
});
