/** Where usage reports are sent to, and what was sent, as both Centrals of a pair hold it: only the Master sends. */
import { Type } from "@tandem/base/schema";
import { defineTable, type RowOf, type Table } from "@tandem/replica/schema";

const unitId = Type.String({ pattern: "^[0-9a-f]{16}$" });
const wall = Type.Integer({ minimum: 0 });
const mailbox = Type.String({ maxLength: 254 });
const kind = Type.Union([Type.Literal("email"), Type.Literal("webhook")]);
export const deliveryMessageMaxLength = 512;

/** One of each kind at most. */
export const reportDestinations = defineTable({
  name: "reportDestinations",
  since: 2,
  key: (row) => row.kind,
  columns: {
    kind: { sync: "shared", schema: kind },
    enabled: { sync: "shared", schema: Type.Boolean() },
    /** What ended before this is not sent by itself. */
    enabledAt: { sync: "shared", schema: wall },
    address: { sync: "shared", schema: Type.String({ minLength: 1, maxLength: 512 }) },
    /** Empty: none. */
    secret: { sync: "shared", schema: Type.String({ maxLength: 256 }), secret: true, default: "" },
    certificateAuthority: { sync: "shared", schema: Type.String({ maxLength: 16_384 }), default: "" },
    /** This and what follows is of an e-mail destination alone. */
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
  mergeGroups: {
    endpoint: ["address", "security"],
    credentials: ["user", "secret"],
    switch: ["enabled", "enabledAt"],
  },
});
export type ReportDestinationValues = RowOf<(typeof reportDestinations)["columns"]>;

/** One row for each month or day that was sent to a destination: the next Master finds it and does not send again. */
export const reportDeliveries = defineTable({
  name: "reportDeliveries",
  since: 2,
  key: (row) => deliveryKey(row.what, row.period, row.kind),
  columns: {
    what: { sync: "shared", schema: Type.Union([Type.Literal("usage"), Type.Literal("over-limit")]) },
    period: { sync: "shared", schema: Type.String({ pattern: "^\\d{4}-\\d{2}(-\\d{2})?$" }) },
    kind: { sync: "shared", schema: kind },
    state: {
      sync: "shared",
      schema: Type.Union([Type.Literal("sending"), Type.Literal("sent"), Type.Literal("failed")]),
    },
    unit: { sync: "shared", schema: unitId },
    tries: { sync: "shared", schema: Type.Integer({ minimum: 1 }) },
    begunAt: { sync: "shared", schema: wall },
    endedAt: { sync: "shared", schema: Type.Union([wall, Type.Null()]), default: null },
    message: { sync: "shared", schema: Type.String({ maxLength: deliveryMessageMaxLength }) },
  },
  mergeGroups: {
    delivery: ["what", "period", "kind", "state", "unit", "tries", "begunAt", "endedAt", "message"],
  },
});
export type ReportDeliveryValues = RowOf<(typeof reportDeliveries)["columns"]>;
export const deliveryKey = (what: string, period: string, of: string): string => `${what} ${period} ${of}`;

export const meteringTables = [reportDestinations, reportDeliveries] as unknown as readonly Table[];
