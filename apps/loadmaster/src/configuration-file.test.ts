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
      shutdownCommand: ["systemctl", "poweroff"],
    },
  });
});

test("[LH4] an interface may have an IPv6 address of its own", () => {
  const parsed = parseUnitConfiguration(
    JSON.stringify({ ...good, interfaces: [{ ...good.interfaces[0], address6: "2001:DB8:0:0::21/64" }] }),
  );
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.interfaces, [
    { ...good.interfaces[0], address: "10.213.0.21", prefix: 24, address6: "2001:db8::21", prefix6: 64 },
  ]);
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

test("a shutdown command is words, or exit, which is meant where a reboot is that", () => {
  const commandOf = (commands: object): unknown => {
    const parsed = parseUnitConfiguration(JSON.stringify({ ...good, ...commands }));
    return parsed.ok ? parsed.value.shutdownCommand : parsed.error.field;
  };
  assert.equal(commandOf({ rebootCommand: "exit" }), "exit");
  assert.deepEqual(commandOf({ rebootCommand: "exit", shutdownCommand: "/sbin/shutdown now" }), [
    "/sbin/shutdown",
    "now",
  ]);
  assert.equal(commandOf({ shutdownCommand: "" }), "shutdownCommand");
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
  ...(
    [
      ["an IPv6 address without its prefix length", "2001:db8::21"],
      ["a link-local IPv6 address", "fe80::21/64"],
      ["an IPv4 address as address6", "10.0.0.1/8"],
    ] as const
  ).map(
    ([title, address6]) =>
      [
        title,
        JSON.stringify({ ...good, interfaces: [{ ...good.interfaces[0], address6 }] }),
        /interfaces.0.address6/,
      ] as const,
  ),
  [
    "an IPv6 address twice",
    JSON.stringify({
      ...good,
      interfaces: [
        { ...good.interfaces[0], address6: "2001:db8::21/64" },
        { id: 1, device: "eth1", address: "10.214.0.21/24", address6: "2001:DB8:0::21/64" },
      ],
    }),
    /interfaces.1.address6/,
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
