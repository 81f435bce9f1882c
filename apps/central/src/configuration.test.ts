import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { parseConfiguration } from "./configuration.ts";

const faultsOf = (value: unknown): string[] => {
  const parsed = parseConfiguration(typeof value === "string" ? value : JSON.stringify(value));
  return parsed.ok ? [] : parsed.error.map(({ field, code }) => `${field} ${code}`);
};

test("only the state folder must be named; everything else has its default", () => {
  assert.deepEqual(parseConfiguration('{"stateDir":"/var/lib/tandem/central","listen":{"port":443}}'), {
    ok: true,
    value: {
      name: hostname(),
      stateDir: "/var/lib/tandem/central",
      listen: { address: "0.0.0.0", port: 443 },
      peerLink: { address: "0.0.0.0", port: 6974 },
      syslog: {
        address: "0.0.0.0",
        port: process.getuid?.() === 0 ? 514 : 1_514,
        retentionDays: 90,
        announcedAddress: null,
      },
      metering: { slotSeconds: 300 },
    },
  });
});

test("faults name the field: no JSON, missing, mistyped, misspelt, relative, malformed", () => {
  assert.deepEqual(faultsOf("{"), ["the configuration file json-malformed"]);
  assert.deepEqual(faultsOf({}), ["stateDir missing"]);
  assert.deepEqual(faultsOf({ stateDir: "/x", listen: { port: "8443" } }), ["listen/port wrong-type"]);
  assert.deepEqual(faultsOf({ stateDir: "/x", lisen: {} }), ["lisen unknown-field"]);
  assert.deepEqual(faultsOf({ stateDir: "/x", syslog: { port: 70_000, retentionDays: 0, adress: "::" } }), [
    "syslog/adress unknown-field",
    "syslog/port not-allowed",
    "syslog/retentionDays not-allowed",
  ]);
  assert.deepEqual(faultsOf({ stateDir: "/x", metering: { slotSeconds: 3_600 } }), [
    "metering/slotSeconds not-allowed",
  ]);
  assert.deepEqual(faultsOf({ stateDir: "/x", syslog: { address: "any" } }), [
    "syslog/address address-malformed",
  ]);
  assert.deepEqual(faultsOf({ stateDir: "/x", syslog: { announcedAddress: "central1" } }), [
    "syslog/announcedAddress address-malformed",
  ]);
  assert.deepEqual(faultsOf({ stateDir: "state", peerLink: { address: "central1" } }), [
    "stateDir path-relative",
    "peerLink/address address-malformed",
  ]);
});
