/** Users stay on their unit (SPEC CH4). They are declared like shared tables so that the list of CH4 names them. */
import { Type } from "@tandem/base/schema";
import { defineTable } from "@tandem/replica/schema";

// A local table is kept as documents, not in a replica, which is why nobody asks for its rows' keys.
const noSharedKey = (): string => "";

export const users = defineTable({
  name: "users",
  key: noSharedKey,
  columns: {
    user: { sync: "local", schema: Type.String() },
    passwordHash: { sync: "local", schema: Type.String(), secret: true },
  },
});

/** A unit's own, unless the switch of users and keys is on; a key's row begins with its generation, as in `repository/tables.ts`. */
export const apiKeys = defineTable({
  name: "apiKeys",
  since: 2,
  key: (row) => `${row.generation}/${row.id}`,
  columns: {
    generation: { sync: "shared", schema: Type.Integer({ minimum: 0 }) },
    id: { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{16}$" }) },
    name: { sync: "shared", schema: Type.String({ maxLength: 256 }) },
    user: { sync: "shared", schema: Type.String({ maxLength: 256 }) },
    secretHash: { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{64}$" }), secret: true },
    createdAt: { sync: "shared", schema: Type.Integer({ minimum: 0 }) },
    lastUsedAt: { sync: "local", schema: Type.Union([Type.Integer(), Type.Null()]) },
  },
});
