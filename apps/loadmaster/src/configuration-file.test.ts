import assert from "node:assert/strict";
import { test } from "node:test";
import { parseUnitConfiguration, readUnitConfiguration } from "./configuration-file.ts";

const good = {
  stateDir: "/var/lib/tandem/loadmaster",
  interfaces: [{ id: 0, device: "eth0", address: "10.213.0.21/24" }],
};

test("defaults are filled in", () => {
  const parsed = parseUnitConfiguration(JSON.stringify({ ...good, name: "lm1" }));
  assert.deepEqual(parsed, {
    ok: true,
    value: {
      name: "lm1",
      stateDir: "/var/lib/tandem/loadmaster",
      interfaces: [{ id: 0, device: "eth0", address: "10.213.0.21", prefix: 24 }],
      apiPort: 443,
      partnerPort: 6973,
      rebootCommand: ["systemctl", "reboot"],
    },
  });
});

test("a reboot command is words, or exit", () => {
  const commandOf = (rebootCommand: string): unknown => {
    const parsed = parseUnitConfiguration(JSON.stringify({ ...good, rebootCommand }));
    return parsed.ok ? parsed.value.rebootCommand : parsed.error.field;
  };
  assert.equal(commandOf("exit"), "exit");
  assert.deepEqual(commandOf("/sbin/shutdown -r  now"), ["/sbin/shutdown", "-r", "now"]);
  assert.equal(commandOf(""), "rebootCommand");
});

for (const [title, text, field] of [
  ["JSON that is not JSON", "{", /configuration/],
  ["no state directory", JSON.stringify({ interfaces: good.interfaces }), /stateDir/],
  ["no interface", JSON.stringify({ ...good, interfaces: [] }), /interfaces/],
  [
    "an address without its prefix length",
    JSON.stringify({ ...good, interfaces: [{ id: 0, device: "eth0", address: "10.0.0.1" }] }),
    /interfaces.0.address/,
  ],
  [
    "a device with a slash",
    JSON.stringify({ ...good, interfaces: [{ id: 0, device: "../x", address: "10.0.0.1/8" }] }),
    /device/,
  ],
  [
    "an interface twice",
    JSON.stringify({ ...good, interfaces: [good.interfaces[0], good.interfaces[0]] }),
    /interfaces.1/,
  ],
  ["a port beyond the last", JSON.stringify({ ...good, api: { port: 70_000 } }), /port/],
  ["a misspelt member", JSON.stringify({ ...good, partnerlink: {} }), /partnerlink/],
] as const)
  test(`${title} is refused with field and remedy`, () => {
    const parsed = parseUnitConfiguration(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.error.field, field);
    assert.ok(parsed.error.message.length > 0 && parsed.error.remedy.length > 0);
  });

test("a file that is not there is named", async () => {
  const read = await readUnitConfiguration("/nonexistent/loadmaster.json");
  assert.ok(!read.ok);
  assert.match(read.error.message, /\/nonexistent\/loadmaster\.json cannot be read/);
});
