/**
 * Whom a unit notifies: its own, unless the switch of notification settings is on (SPEC CH4). A row begins with its
 * generation, as in `repository/tables.ts`.
 */
import { Type } from "@tandem/base/schema";
import { defineTable } from "@tandem/replica/schema";

const mailbox = Type.String({ maxLength: 254 });

export const notificationTargets = defineTable({
  name: "notificationTargets",
  since: 2,
  key: (row) => `${row.generation}/${row.id}`,
  columns: {
    generation: { sync: "shared", schema: Type.Integer({ minimum: 0 }) },
    id: { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{16}$" }) },
    name: { sync: "shared", schema: Type.String({ minLength: 1, maxLength: 64 }) },
    kind: {
      sync: "shared",
      schema: Type.Union([Type.Literal("webhook"), Type.Literal("syslog"), Type.Literal("email")]),
    },
    address: { sync: "shared", schema: Type.String({ minLength: 1, maxLength: 512 }) },
    severity: {
      sync: "shared",
      schema: Type.Union([Type.Literal("info"), Type.Literal("warning"), Type.Literal("error")]),
      default: "warning",
    },
    enabled: { sync: "shared", schema: Type.Boolean(), default: true },
    /** Empty: none. */
    secret: { sync: "shared", schema: Type.String({ maxLength: 256 }), secret: true, default: "" },
    certificateAuthority: { sync: "shared", schema: Type.String({ maxLength: 16_384 }), default: "" },
    /** This and what follows is of an e-mail target alone. */
    security: {
      sync: "shared",
      schema: Type.Union([Type.Literal("none"), Type.Literal("starttls"), Type.Literal("tls")]),
      default: "starttls",
    },
    user: { sync: "shared", schema: Type.String({ maxLength: 256 }), default: "" },
    from: { sync: "shared", schema: mailbox, default: "" },
    to: { sync: "shared", schema: Type.Array(mailbox, { maxItems: 20 }), default: [] },
  },
  // A password is never sent to one server under another one's protection, nor for another user.
  mergeGroups: { endpoint: ["address", "security"], credentials: ["user", "secret"] },
});
