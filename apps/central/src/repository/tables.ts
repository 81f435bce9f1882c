/**
 * The Global Repository, LoadMaster profiles and target environments: each unit's own, unless their switch is on
 * (SPEC CH4). A row's key begins with the generation it is shared in; 0 is a unit's own.
 */
import { Type } from "@tandem/base/schema";
import { defineTable } from "@tandem/replica/schema";
import { fileDigest, fileSize } from "../files/tables.ts";

const generation = { sync: "shared", schema: Type.Integer({ minimum: 0 }) } as const;
const id = { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{16}$" }) } as const;
const name = { sync: "shared", schema: Type.String({ minLength: 1, maxLength: 128 }) } as const;
const description = { sync: "shared", schema: Type.String({ maxLength: 1_024 }), default: "" } as const;
const inGeneration = (row: { readonly generation: number; readonly id: string }): string =>
  `${row.generation}/${row.id}`;

/** Members of a JSON object that an operator gives, by name. */
const Settings = Type.Record(Type.String({ minLength: 1, maxLength: 128 }), Type.Unknown(), {
  maxProperties: 1_000,
});
const Variables = Type.Record(
  Type.String({ minLength: 1, maxLength: 128 }),
  Type.String({ maxLength: 4_096 }),
  {
    maxProperties: 1_000,
  },
);

export const repositoryFiles = defineTable({
  name: "repositoryFiles",
  since: 2,
  key: inGeneration,
  columns: {
    generation,
    id,
    name,
    kind: {
      sync: "shared",
      schema: Type.Union([Type.Literal("backup"), Type.Literal("template"), Type.Literal("firmware")]),
    },
    /** Null until its content was uploaded. */
    digest: { sync: "shared", schema: Type.Union([fileDigest, Type.Null()]), default: null },
    size: { sync: "shared", schema: Type.Union([fileSize, Type.Null()]), default: null },
    description,
    author: { sync: "shared", schema: Type.String({ maxLength: 256 }) },
    /** Wall-clock milliseconds when it, or its content, was last stored. */
    at: { sync: "shared", schema: Type.Integer({ minimum: 0 }) },
  },
  mergeGroups: { content: ["digest", "size", "author", "at"] },
});

export const profiles = defineTable({
  name: "profiles",
  since: 2,
  key: inGeneration,
  columns: { generation, id, name, settings: { sync: "shared", schema: Settings, default: {} } },
});

export const targetEnvironments = defineTable({
  name: "targetEnvironments",
  since: 2,
  key: inGeneration,
  columns: {
    generation,
    id,
    name,
    description,
    variables: { sync: "shared", schema: Variables, default: {} },
  },
});
