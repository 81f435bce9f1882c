import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "./schema.ts";
import { schemaFaults } from "./schema-faults.ts";

const closed = { additionalProperties: false };
const schema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 8 }),
    password: Type.String({ minLength: 10 }),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: "TCP" })),
    mode: Type.Optional(Type.Union([Type.Literal("on"), Type.Literal("off")])),
    listen: Type.Optional(Type.Object({ address: Type.String() }, closed)),
  },
  closed,
);
const faults = (value: unknown) =>
  schemaFaults(schema, value, { whole: "body", secret: new Set(["password"]) });
const good = { name: "a", password: "long enough" };

test("what fits has no faults, and nothing is coerced to make it fit", () => {
  assert.deepEqual(faults(good), []);
  assert.deepEqual(faults({ ...good, port: "443" }), [
    {
      code: "wrong-type",
      field: "port",
      value: "443",
      message: "port must be integer",
      remedy: "give a whole number from 1 to 65535, without quotes: TCP",
    },
  ]);
});

test("every fault is told with its field, in nested objects as a path", () => {
  const found = faults({ password: "long enough", nane: "x", listen: { address: 1, port: 2 } });
  assert.deepEqual(found.map(({ code, field }) => `${field} ${code}`).sort(), [
    "listen/address wrong-type",
    "listen/port unknown-field",
    "name missing",
    "nane unknown-field",
  ]);
  assert.match(faults({ ...good, mode: "maybe" })[0]?.remedy ?? "", /on, off/);
  assert.match(found.find(({ field }) => field === "nane")?.remedy ?? "", /known are: name, password/);
});

test("a secret's value is not repeated", () => {
  const found = faults({ ...good, password: "hunter2" });
  assert.equal(found.length, 1);
  assert.equal(found[0]?.field, "password");
  assert.doesNotMatch(JSON.stringify(found), /hunter2/);
});

test("what is not an object at all is told of the whole", () => {
  for (const value of [null, [], "text", 7])
    assert.deepEqual(
      faults(value).map(({ code, field }) => [code, field]),
      [["wrong-type", "body"]],
    );
});
