/** Rows that name files by their digest. A file is stored before its row is written, so that a row never names nothing. */
import { Type } from "@tandem/base/schema";
import { defineTable } from "@tandem/replica/schema";

export const fileDigest = Type.String({ pattern: "^[0-9a-f]{64}$" });
export const fileSize = Type.Integer({ minimum: 0 });

/** What a device's configuration was at a moment, as a backup taken from it (SPEC CH5). Written once, never changed. */
export const snapshots = defineTable({
  name: "snapshots",
  since: 2,
  key: (row) => row.id,
  columns: {
    id: { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{16}$" }) },
    /** The device's id; it may have been removed since. */
    device: { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{16}$" }) },
    /** Wall-clock milliseconds on the unit that took it. */
    at: { sync: "shared", schema: Type.Integer({ minimum: 0 }) },
    digest: { sync: "shared", schema: fileDigest },
    size: { sync: "shared", schema: fileSize },
    /** Of the scheduled action that took it; null when an operator did. */
    runId: {
      sync: "shared",
      schema: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
      default: null,
    },
    author: { sync: "shared", schema: Type.String({ maxLength: 256 }) },
  },
  mergeGroups: { content: ["digest", "size"] },
});
