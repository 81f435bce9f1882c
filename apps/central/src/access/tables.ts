/** Users and API keys stay on their unit (SPEC CH4). They are declared like shared tables so that the list of CH4 names them. */
import { Type } from "@tandem/base/schema";
import { defineTable } from "@tandem/replica/schema";

// Local tables are kept as documents, not in the replica, which is why nobody asks for their rows' keys.
const noSharedKey = (): string => "";

export const users = defineTable({
  name: "users",
  key: noSharedKey,
  columns: {
    user: { sync: "local", schema: Type.String() },
    passwordHash: { sync: "local", schema: Type.String(), secret: true },
  },
});

export const apiKeys = defineTable({
  name: "apiKeys",
  key: noSharedKey,
  columns: {
    id: { sync: "local", schema: Type.String() },
    name: { sync: "local", schema: Type.String() },
    user: { sync: "local", schema: Type.String() },
    secretHash: { sync: "local", schema: Type.String(), secret: true },
    createdAt: { sync: "local", schema: Type.Integer() },
    lastUsedAt: { sync: "local", schema: Type.Union([Type.Integer(), Type.Null()]) },
  },
});
