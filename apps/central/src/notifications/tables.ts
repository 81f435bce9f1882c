/** Declared like shared tables, so that the list of SPEC CH4 names it; its rows stay on their unit. */
import { Type } from "@tandem/base/schema";
import { defineTable } from "@tandem/replica/schema";

export const notificationTargets = defineTable({
  name: "notificationTargets",
  // Local tables are kept as documents, not in the replica: nobody asks for their rows' keys.
  key: () => "",
  columns: {
    id: { sync: "local", schema: Type.String() },
    name: { sync: "local", schema: Type.String() },
    kind: { sync: "local", schema: Type.String() },
    address: { sync: "local", schema: Type.String() },
    severity: { sync: "local", schema: Type.String() },
    enabled: { sync: "local", schema: Type.Boolean() },
    secret: { sync: "local", schema: Type.String(), secret: true },
    security: { sync: "local", schema: Type.String() },
    user: { sync: "local", schema: Type.String() },
    from: { sync: "local", schema: Type.String() },
    to: { sync: "local", schema: Type.Array(Type.String()) },
    certificateAuthority: { sync: "local", schema: Type.String() },
  },
});
