import assert from "node:assert/strict";
import { test } from "node:test";
import { OneUnit, peerSettings, settings, slave, unitA } from "./one-unit.ts";
import { type SettingFacts, type SettingName, settingChecks } from "./setting-checks.ts";
import type { ApplyAnswer } from "./state.ts";

const facts = (answer: ApplyAnswer | null): SettingFacts => ({
  answer,
  ownAddresses: ["192.0.2.1"],
  ownPort: 6974,
});
const fits = (unit: OneUnit, answer: ApplyAnswer | null): string =>
  settingChecks(unit.state, facts(answer))
    .map((check) => {
      assert.equal(check.fits === "yes", check.remedy === "", JSON.stringify(check));
      return check.fits;
    })
    .join(" ");
const says = (unit: OneUnit, answer: ApplyAnswer | null, setting: SettingName): string =>
  settingChecks(unit.state, facts(answer)).find((check) => check.setting === setting)?.message ?? "";
const preferred = { ...settings, preferredMaster: true };
const unreachable: ApplyAnswer = { kind: "unreachable", message: "connection refused" };
const wrongKey: ApplyAnswer = { kind: "wrong-key", actualFingerprint: "d".repeat(64) };
const answered = (unit: OneUnit): ApplyAnswer => ({ kind: "answer", heartbeat: unit.heartbeat() });

test("[ML5] the four settings of a pair that fit, and none of a Central on its own", () => {
  const unit = slave({ settings: preferred });
  assert.equal(fits(unit, answered(unit)), "yes yes yes yes");
  assert.equal(fits(unit, { kind: "not-known-there" }), "yes yes yes yes");
  const alone = new OneUnit({ settings: { ...settings, peer: null } });
  assert.deepEqual(settingChecks(alone.state, facts(null)), []);
});

test("[ML5] Disable on either unit, Preferred Master on both or neither", () => {
  const disabled = new OneUnit({ settings: { ...preferred, disabled: true } });
  assert.match(says(disabled, null, "Disable"), /this unit/);
  const unit = slave();
  assert.equal(fits(unit, answered(unit)), "yes no yes yes");
  assert.match(says(unit, null, "Preferred Master"), /on neither/);
  unit.heard({ preferredMaster: true });
  assert.equal(fits(unit, answered(unit)), "yes yes yes yes");
  unit.heard({ preferredMaster: true, state: "Disabled" });
  assert.match(says(unit, null, "Disable"), /central2/);
  const both = slave({ settings: preferred });
  both.heard({ preferredMaster: true });
  assert.match(says(both, null, "Preferred Master"), /on both/);
});

test("[ML5] an address that the other unit's connection hides, one's own, and another unit's", () => {
  const unit = slave({ settings: preferred });
  assert.equal(fits(unit, unreachable), "yes yes no yes");
  assert.equal(fits(unit, wrongKey), "yes yes no yes");
  assert.equal(fits(unit, { kind: "own-address" }), "yes yes no yes");
  assert.equal(fits(unit, null), "yes yes unknown yes");
  const own = slave({ settings: { ...preferred, peer: { ...peerSettings, address: "192.0.2.1" } } });
  assert.match(says(own, null, "IP Address for the Other Peer"), /this very unit/);
});

test("[ML5] a key that is another unit's or one's own, or that the other unit has not been given", () => {
  const unit = new OneUnit({ settings: preferred });
  assert.equal(fits(unit, null), "unknown unknown unknown unknown");
  assert.equal(fits(unit, unreachable), "unknown unknown unknown unknown");
  assert.equal(fits(unit, wrongKey), "unknown unknown no no");
  assert.equal(fits(unit, { kind: "not-known-there" }), "unknown unknown yes no");
  assert.match(
    says(unit, { kind: "not-known-there" }, "HA Key for the Other Peer"),
    /another than this unit's is set there/,
  );
  const own = { ...peerSettings, unit: unitA, fingerprint: "a".repeat(64) };
  const self = new OneUnit({ settings: { ...preferred, peer: own } });
  assert.match(says(self, null, "HA Key for the Other Peer"), /of this very unit/);
});
