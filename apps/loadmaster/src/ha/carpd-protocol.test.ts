import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { type CarpdConfiguration, parseCarpdConfiguration } from "./carpd-configuration.ts";
import { carriersOf } from "./carpd-group.ts";
import { decodeUnitMessage, encodeLine, LineReader, lineMaxBytes } from "./carpd-protocol.ts";
import { readRecord, recordedAddresses, retiredAddresses, writeRecord } from "./carpd-store.ts";

const configuration: CarpdConfiguration = {
  vhid: 7,
  advbase: 1,
  advskew: 0,
  preempt: false,
  password: "do not show",
  device: "eth0",
  ownAddress: "10.0.0.1",
  sharedAddresses: ["10.0.0.100/24"],
  serviceAddresses: ["10.0.0.101/24", "10.0.0.100/32"],
};

test("a configuration that can be worked by comes back as it is", () => {
  assert.deepEqual(parseCarpdConfiguration(configuration), { ok: true, value: configuration });
  assert.deepEqual(
    carriersOf(configuration)[0]?.addresses,
    ["10.0.0.100/24", "10.0.0.101/24"],
    "each address once",
  );
});

test("every fault names its field and a remedy, and never shows the password", () => {
  const fieldOf = (change: object): string[] => {
    const parsed = parseCarpdConfiguration({ ...configuration, ...change });
    assert.equal(parsed.ok, false);
    const errors = parsed.ok ? [] : parsed.error;
    assert.equal(JSON.stringify(errors).includes("do not show"), false);
    for (const error of errors) assert.ok(error.remedy.length > 0 && error.message.length > 0);
    return errors.map((error) => error.field);
  };
  assert.deepEqual(fieldOf({ vhid: 0 }), ["vhid"]);
  assert.deepEqual(fieldOf({ password: "do not show, as it is longer than nineteen bytes" }), ["password"]);
  assert.deepEqual(fieldOf({ ownAddress: "10.0.0.1/24" }), ["ownAddress"]);
  assert.deepEqual(fieldOf({ sharedAddresses: [] }), ["sharedAddresses"]);
  assert.deepEqual(fieldOf({ sharedAddresses: ["10.0.0.100"] }), ["sharedAddresses/0"]);
  assert.deepEqual(fieldOf({ serviceAddresses: ["10.0.0.1/24"] }), ["serviceAddresses/0"]);
  const six = ["2001:db8::100/64", "2001:DB8::101/64", "fe80::1/64", "::ffff:10.0.0.9/128", "2001:db8::102"];
  assert.deepEqual(
    fieldOf({ serviceAddresses: six }),
    [1, 2, 3, 4].map((index) => `serviceAddresses/${index}`),
  );
  assert.deepEqual(fieldOf({ device: "../eth0" }), ["device"]);
  assert.deepEqual(fieldOf({ advskew: "0" }), ["advskew"]);
  for (const other of [null, "text", [], {}]) assert.equal(parseCarpdConfiguration(other).ok, false);
});

test("messages are checked, and what is no message says why", () => {
  const demote = { type: "demote", demotion: 1, reason: "the gateway does not answer" } as const;
  assert.deepEqual(decodeUnitMessage(encodeLine(demote)), { ok: true, value: demote });
  for (const line of ["", "{", "null", '{"type":"obey"}', '{"type":"demote","demotion":256,"reason":""}'])
    assert.equal(decodeUnitMessage(line).ok, false, line);
});

test("a stream is cut into lines, whatever its chunks, and a line without end is refused", () => {
  const reader = new LineReader();
  assert.deepEqual(reader.push("on"), []);
  assert.deepEqual(reader.push("e\ntwo\n\nthr"), ["one", "two"]);
  assert.deepEqual(reader.push("ee\n"), ["three"]);
  assert.equal(reader.push("x".repeat(lineMaxBytes + 1)), undefined);
});

test("the record is kept for its owner alone, and names what a change leaves to be removed", async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-store-"));
  try {
    assert.deepEqual(readRecord(stateDir), { ok: true, value: null });
    const record = { configuration, retired: [{ device: "eth1", addresses: ["10.0.0.9/24"] }] };
    await writeRecord(stateDir, record);
    assert.deepEqual(readRecord(stateDir), { ok: true, value: record });
    assert.equal(statSync(join(stateDir, "carpd.json")).mode & 0o777, 0o600);
    assert.deepEqual(recordedAddresses(record), [
      { device: "eth0", addresses: ["10.0.0.100/24", "10.0.0.101/24"] },
      { device: "eth1", addresses: ["10.0.0.9/24"] },
    ]);
    const next = { ...configuration, serviceAddresses: [] };
    assert.deepEqual(retiredAddresses(record, next), [
      { device: "eth0", addresses: ["10.0.0.101/24"] },
      { device: "eth1", addresses: ["10.0.0.9/24"] },
    ]);
    assert.deepEqual(retiredAddresses(null, next), []);
    for (const text of ["", "{}", '{"configuration":{},"retired":[]}']) {
      writeFileSync(join(stateDir, "carpd.json"), text);
      assert.equal(readRecord(stateDir).ok, false, "a damaged record is told, not believed");
    }
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});
