import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@tandem/base/schema";
import { conflictsTable } from "./conflicts.ts";
import { defineTable, describeSynchronised, schemaDigest } from "./schema.ts";
import { devices, tables } from "./testing.ts";

test("[CH4] the list of what is synchronised names every column with its declaration", () => {
  const list = describeSynchronised([...tables, conflictsTable]);
  const lines = list.map(
    ({ table, column, sync, secret, mergesWith }) =>
      `${table}.${column} ${sync}${secret ? " secret" : ""}${mergesWith.length > 1 ? ` with ${mergesWith}` : ""}`,
  );
  assert.deepEqual(lines, [
    "conflicts.entry shared",
    "conflicts.resolution shared",
    "devices.id shared",
    "devices.name shared",
    "devices.address shared with address,port",
    "devices.port shared with address,port",
    "devices.user shared with user,password",
    "devices.password shared secret with user,password",
    "devices.lastSeen derived",
    "devices.pinned local",
    "networks.cidr shared",
    "networks.name shared",
    "networks.description shared",
  ]);
});

test("[CH4] a group that holds a secret is secret as a whole", () => {
  assert.equal(devices.fields.get("credentials")?.secret, true);
  assert.equal(devices.fields.get("endpoint")?.secret, false);
});

test("[CH4] a faulty declaration fails at once", () => {
  const text = { sync: "shared", schema: Type.String() } as const;
  const local = { sync: "local", schema: Type.String() } as const;
  const declare = (columns: object, mergeGroups?: object) => () =>
    defineTable({ name: "t", key: () => "", columns, mergeGroups } as never);
  assert.throws(declare({ a: text }, { g: ["b"] }), /not a shared column/);
  assert.throws(declare({ a: local }, { g: ["a"] }), /not a shared column/);
  assert.throws(declare({ a: text }, { g: ["a"], h: ["a"] }), /two merge groups/);
  assert.throws(declare({ a: text, b: text }, { a: ["b"] }), /name of a column/);
  assert.throws(declare({ "a-b": text }), /camelCase/);
});

test("[CH4] the schema's digest changes with what is shared and with nothing else", () => {
  const declare = (sync: "shared" | "local", maxLength: number) =>
    schemaDigest([
      defineTable({
        name: "t",
        key: (row) => row.id,
        columns: {
          id: { sync: "shared", schema: Type.String() },
          x: { sync, schema: Type.String({ maxLength }) },
        },
      }),
    ]);
  assert.equal(declare("local", 1), declare("local", 2));
  assert.notEqual(declare("shared", 1), declare("shared", 2));
  assert.notEqual(declare("shared", 1), declare("local", 1));
});
