import assert from "node:assert/strict";
import { test } from "node:test";
import { ForeignAlarms, type ForeignSeen, foreignAlarmIntervalMs, foreignGoneMs } from "./foreign-groups.ts";

const start = 1_700_000_000_000;
const group = (source: string, reason: ForeignSeen["reason"], lastAt: number): ForeignSeen => ({
  source,
  reason,
  firstAt: start,
  lastAt,
  count: 3,
});

test("[LH8] another group is alarmed once, named by address and kind, and once more when it is gone", () => {
  const alarms = new ForeignAlarms();
  const keepalived = (lastAt: number) => [group("10.0.0.66", "vrrp3", lastAt)];
  const first = alarms.take(keepalived(start), 7, "10.0.0.2", start);
  assert.equal(first?.event, "ha-foreign-group");
  assert.match(first?.reason ?? "", /HA Virtual ID 7: a VRRPv3 router, such as keepalived, at 10\.0\.0\.66/);
  for (let after = 1_000; after < 10 * foreignAlarmIntervalMs; after += 1_000)
    assert.equal(alarms.take(keepalived(start + after), 7, "10.0.0.2", start + after), undefined);
  const silent = start + 10 * foreignAlarmIntervalMs;
  const gone = alarms.take(keepalived(silent), 7, "10.0.0.2", silent + foreignGoneMs);
  assert.equal(gone?.event, "ha-foreign-group-gone");
  assert.equal(alarms.take(keepalived(silent), 7, "10.0.0.2", silent + foreignGoneMs + 1), undefined);
});

test("[LH8] a partner with another password is not mistaken for another group", () => {
  const alarm = new ForeignAlarms().take([group("10.0.0.2", "hmac", start)], 7, "10.0.0.2", start);
  assert.match(alarm?.reason ?? "", /the partner 10\.0\.0\.2 .* same partner secret/);
});

test("a flood of forged sources makes at most one alarm a minute", () => {
  const alarms = new ForeignAlarms();
  let told = 0;
  for (let index = 0; index < 600; index++) {
    const now = start + index * 1_000;
    if (alarms.take([group(`10.0.${index % 250}.1`, "hmac", now)], 7, undefined, now)) told += 1;
  }
  assert.equal(told, 10);
});
