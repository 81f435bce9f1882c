import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commands } from "./commands.ts";
import { type Parameter, readBoolean, readParameters, readValue } from "./parameters.ts";
import { serviceParameters } from "./service-parameters.ts";
import { systemParameters } from "./system-parameters.ts";

test("[LM2] names are read in any case, null is absent, what is not known is disregarded", () => {
  const read = readParameters(commands.addvs.parameters, {
    VS: "10.0.0.1",
    Port: "80",
    PROT: "TCP",
    nickname: "shop",
    Enable: null,
    Unheard: "of",
  });
  assert.ok(read.ok);
  assert.deepEqual(read.value, { vs: "10.0.0.1", port: 80, prot: "tcp", NickName: "shop" });
});

test("[LM2] a number may come as a number or as digits, nothing else", () => {
  const weight = { name: "Weight", type: { kind: "integer", min: 1, max: 65_535 }, about: "" } as const;
  for (const good of [5, "5", " 5 "]) assert.deepEqual(readValue(weight, good), { ok: true, value: 5 });
  for (const bad of [0, 65_536, "", "5x", 5.5, "0x5", "1e3", true, {}, []])
    assert.equal(readValue(weight, bad).ok, false);
});

test("[LM2] booleans in every spelling that clients use", () => {
  for (const yes of ["Y", "y", "yes", "1", "true", "TRUE"]) assert.equal(readBoolean(yes), true);
  for (const no of ["N", "n", "No", "0", "false"]) assert.equal(readBoolean(no), false);
  assert.equal(readBoolean("2"), undefined);
});

test("[LM2] a parameter that this unit cannot honour is accepted only with the value that it has anyway", () => {
  const cache = serviceParameters.find((each) => each.name === "Cache");
  assert.ok(cache);
  for (const good of ["N", 0, false]) assert.equal(readValue(cache, good).ok, true);
  const bad = readValue(cache, "Y");
  assert.ok(!bad.ok);
  assert.match(bad.error.message, /Cache: "Y" is not valid; allowed: N, since/);
});

test("[LM2] what is missing is told in the words of real units, which clients look for", () => {
  for (const [name, message] of [
    ["showvs", "vs: Address Value missing"],
    ["get", "param: String Value missing"],
  ] as const) {
    const read = readParameters<readonly Parameter[]>(commands[name].parameters, {});
    assert.deepEqual(read, { ok: false, error: { code: 400, message } });
  }
});

test("[LM2] an empty newport, as a client sends it that leaves the port as it is, is absent", () => {
  const read = readParameters(commands.modrs.parameters, { vs: "1", rs: "!1", newport: "" });
  assert.deepEqual(read, { ok: true, value: { vs: "1", rs: "!1" } });
});

test("a secret is not repeated in its refusal", () => {
  const read = readParameters(commands.setpartnersecret.parameters, { secret: "hunter2" });
  assert.ok(!read.ok);
  assert.doesNotMatch(read.error.message, /hunter2/);
});

test("names are not declared twice within a command", () => {
  for (const [name, command] of Object.entries(commands)) {
    const names = command.parameters.flatMap((each) =>
      [each.name, ...(("aliases" in each ? each.aliases : undefined) ?? [])].map((spelling) =>
        spelling.toLowerCase(),
      ),
    );
    assert.equal(new Set(names).size, names.length, name);
  }
  assert.equal(new Set(systemParameters.map((each) => each.name)).size, systemParameters.length);
});

test("whatever is sent, a text that gets through holds no control character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      for (const name of ["NickName", "CheckUrl", "CheckHost", "CheckCodes"]) {
        const parameter = serviceParameters.find((each) => each.name === name);
        assert.ok(parameter);
        const read = readValue(parameter, text);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
        if (read.ok) assert.doesNotMatch(String(read.value), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      }
    }),
    { numRuns: 500 },
  );
});
