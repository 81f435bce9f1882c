import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as check, integer, property } from "fast-check";
import {
  type CentralLicence,
  clockAlarm,
  day,
  evenly,
  foreignFault,
  importedAt,
  importFault,
  isOwnTrial,
  licenceFault,
  licensingSettings,
  noticeDays,
  noticeDue,
  noticeWords,
  renewedShares,
  renewedSharesFault,
  stateOfLicence,
  trialLifetimeMs,
  trialOf,
} from "./central-licence.ts";

const unit = "a".repeat(16);
const peer = "b".repeat(16);
const begin = Date.UTC(2026, 0, 1);
const licence: CentralLicence = {
  id: "1".repeat(16),
  account: "2".repeat(16),
  holder: "Example",
  isTrial: false,
  issuedAt: begin,
  notBefore: begin,
  expiresAt: begin + 365 * day,
  units: [
    { unit, local: 3, poolMbps: 0 },
    { unit: peer, local: 2, poolMbps: 0 },
  ],
  local: { allowance: 5 },
  metered: { tierGbps: 10 },
  pool: null,
};

test("a licence that contradicts itself is told what does not fit", () => {
  assert.equal(licenceFault(licence), undefined);
  const pooled: CentralLicence = {
    ...licence,
    metered: null,
    pool: { capacityMbps: 500 },
    units: [
      { unit, local: 3, poolMbps: 300 },
      { unit: peer, local: 2, poolMbps: 200 },
    ],
  };
  assert.equal(licenceFault(pooled), undefined);
  const wrong: readonly [Partial<CentralLicence>, CentralLicence, string, RegExp][] = [
    [{ local: { allowance: 6 } }, licence, "units", /sum up to 5, and the licence allows 6/],
    [{ local: null }, licence, "units", /sum up to 5, and the licence allows 0/],
    [{ pool: { capacityMbps: 600 } }, pooled, "units", /sum up to 500 Mbit\/s, and the pool has 600/],
    [{ pool: null }, pooled, "units", /the pool has 0/],
    [{ metered: { tierGbps: 1 } }, pooled, "pool", /both a pool and metered/],
    [
      { units: [licence.units[0], licence.units[0]] as CentralLicence["units"] },
      licence,
      "units",
      /names the unit a{16} twice/,
    ],
    [{ expiresAt: begin }, licence, "expiresAt", /not after its beginning/],
  ];
  for (const [change, of, field, message] of wrong) {
    const fault = licenceFault({ ...of, ...change });
    assert.equal(fault?.field, field);
    assert.match(fault?.message ?? "", message);
  }
});

test("a licence for other units says for which, and for which unit it is wanted", () => {
  assert.equal(foreignFault(licence, peer), undefined);
  const fault = foreignFault(licence, "c".repeat(16));
  assert.match(
    `${fault?.message}; ${fault?.remedy}`,
    /a{16} and b{16}, and this unit is c{16}.*--unit c{16}/,
  );
});

test("[ML1] what is compared is what is licensed, also when it has ended, and nothing without a licence", () => {
  assert.deepEqual(licensingSettings(licence), { local: true, metered: true });
  assert.deepEqual(licensingSettings({ ...licence, local: null }), { local: false, metered: true });
  assert.deepEqual(licensingSettings(trialOf(unit, unit, "x", begin)), { local: true, metered: false });
  assert.deepEqual(licensingSettings(null), { local: false, metered: false });
});

test("a licence holds from its beginning up to its end", () => {
  const stateAt = (now: number) => stateOfLicence(licence, now).state;
  assert.equal(stateAt(begin - 1), "not-yet");
  assert.equal(stateAt(begin), "valid");
  assert.equal(stateAt(licence.expiresAt - 1), "valid");
  assert.equal(stateAt(licence.expiresAt), "expired");
});

test("of a clock that is set back, and of a licence from the future, there is an alarm and no more", () => {
  const now = begin + 10 * day;
  assert.equal(clockAlarm(licence, now, now), null);
  assert.equal(clockAlarm(licence, now - day / 48, now), null, "half an hour is what clocks are set by");
  assert.match(clockAlarm(licence, now - day, now) ?? "", /set back/);
  assert.match(clockAlarm(licence, begin - 2 * day, begin - 2 * day) ?? "", /issued at 2026-01-01/);
  assert.equal(clockAlarm(null, now, now), null);
});

test("an import is refused when it has ended, has not begun, or is older than the present one of its account", () => {
  const now = begin + 100 * day;
  const importing = {
    unit,
    now,
    greatestSeen: now,
    present: licence,
    newestIssuedAt: begin,
    replaceNewer: false,
  };
  const renewal = { ...licence, issuedAt: now, notBefore: now, expiresAt: now + 365 * day };
  const codeOf = (next: CentralLicence, change = {}) => importFault(next, { ...importing, ...change })?.code;
  assert.equal(codeOf(renewal), undefined);
  assert.equal(codeOf({ ...renewal, expiresAt: now + 1 }), undefined);
  assert.equal(codeOf({ ...licence, expiresAt: now }), "licence-expired");
  assert.equal(codeOf({ ...renewal, notBefore: now + 1 }), "licence-not-yet");
  assert.equal(codeOf(licence, { present: renewal }), "licence-older");
  assert.equal(codeOf(licence, { present: renewal, replaceNewer: true }), undefined);
  assert.equal(codeOf({ ...licence, account: "3".repeat(16) }, { present: renewal }), undefined);
  assert.equal(codeOf(renewal, { unit: "c".repeat(16) }), "licence-foreign");
});

test("after a clock that was years ahead, a licence issued anew counts by the clock as it is now", () => {
  const now = begin + 100 * day;
  const ahead = {
    unit,
    now,
    greatestSeen: now + 3_650 * day,
    present: licence,
    newestIssuedAt: begin,
    replaceNewer: false,
  };
  const renewal = { ...licence, issuedAt: now };
  assert.equal(importedAt(renewal, ahead), now);
  assert.equal(importFault(renewal, ahead), undefined);
  assert.equal(importedAt(licence, ahead), ahead.greatestSeen, "the same one again proves nothing");
  assert.equal(importFault(licence, ahead)?.code, "licence-expired");
});

/** The notices of a unit that looks at these moments. */
function noticesAt(of: CentralLicence, moments: readonly number[]): number[] {
  const told: number[] = [];
  for (const now of moments) {
    const notice = noticeDue(of, told, now);
    if (notice !== null) told.push(notice);
  }
  return told;
}

test("the end is told 90, 60, 30 and 7 days before and when it comes, each once", () => {
  const hours = Array.from({ length: 366 * 24 }, (_, index) => begin + (index * day) / 24);
  assert.deepEqual(noticesAt(licence, hours), [...noticeDays]);
  assert.match(noticeWords(licence, licence.expiresAt - 7 * day), /ends in 7 day\(s\), at 2027-01-01/);
  assert.match(noticeWords(licence, licence.expiresAt), /ended/);
});

test("after a long downtime only the latest notice that is due is told", () => {
  const before = (days: number) => licence.expiresAt - days * day;
  assert.deepEqual(noticesAt(licence, [before(20), before(19), before(6)]), [30, 7]);
  assert.deepEqual(noticesAt(licence, [before(80), before(-3), before(-4)]), [90, 0]);
  check(
    property(array(integer({ min: -10, max: 400 }), { maxLength: 30 }), (days) => {
      const moments = days.sort((a, b) => b - a).map(before);
      const told = noticesAt(licence, moments);
      assert.deepEqual(
        told,
        [...new Set(told)].sort((a, b) => b - a),
      );
      const last = days.at(-1);
      const due = last === undefined ? undefined : noticeDays.findLast((notice) => last <= notice);
      assert.equal(told.at(-1), due);
    }),
  );
});

test("the trial is for this unit, with four local licences, for 30 days; it is announced 7 days before its end", () => {
  const trial = trialOf("4".repeat(16), unit, "central1", begin);
  assert.equal(licenceFault(trial), undefined);
  assert.equal(trial.expiresAt - trial.notBefore, trialLifetimeMs);
  assert.ok(isOwnTrial(trial, "4".repeat(16)));
  assert.deepEqual(noticesAt(trial, [begin, begin + day, begin + 23 * day, begin + 30 * day]), [7, 0]);
  for (const change of [
    { expiresAt: begin + 31 * day },
    { local: { allowance: 5 } },
    { units: [{ unit, local: 5, poolMbps: 0 }] },
    { metered: { tierGbps: 1 } },
    { isTrial: false },
    { account: "5".repeat(16) },
  ])
    assert.ok(!isOwnTrial({ ...trial, ...change }, "4".repeat(16)), JSON.stringify(change));
});

test("shares are as even as they can be, and those of a renewal never cross", () => {
  assert.deepEqual(evenly(5, 2), [3, 2]);
  assert.deepEqual(evenly(4, 1), [4]);
  assert.deepEqual(renewedShares([3, 2], 10), [6, 4]);
  assert.deepEqual(renewedShares([1, 9], 4), [0, 4]);
  const amount = integer({ min: 0, max: 50 });
  check(
    property(array(amount, { minLength: 1, maxLength: 2 }), amount, (former, total) => {
      const renewed = renewedShares(former, total);
      assert.equal(
        renewed.reduce((sum, share) => sum + share, 0),
        total,
      );
      assert.ok(renewed.every((share) => share >= 0));
      assert.equal(renewedSharesFault(former, renewed), undefined);
    }),
  );
  const crossed = renewedSharesFault([3, 2], [2, 3]);
  assert.match(crossed?.message ?? "", /3 and 2 and would be 2 and 3/);
});
