/** What the pair shares about syslog, so that whichever unit acts can go on with it, and undo it. */
import { Type } from "@tandem/base/schema";
import { syslogHostsMax } from "@tandem/loadmaster-api/syslog-levels";
import { defineTable, type Table } from "@tandem/replica/schema";

const address = Type.String({ maxLength: 45 });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** What was changed of a device's syslog settings when it was added; it goes when the device is removed (SPEC CE1). */
export const deviceSyslog = defineTable({
  name: "deviceSyslog",
  since: 2,
  key: (row) => row.device,
  columns: {
    device: { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{16}$" }) },
    added: {
      sync: "shared",
      schema: Type.Array(Type.String({ maxLength: 253 }), { maxItems: syslogHostsMax }),
      default: [],
    },
    port: {
      sync: "shared",
      schema: Type.Union([Type.Object({ before: port, set: port }), Type.Null()]),
      default: null,
    },
    problem: { sync: "shared", schema: Type.String({ maxLength: 512 }), default: "" },
  },
  mergeGroups: { changed: ["added", "port"] },
});

/** Where devices reach a Central when it is not where its peer does; each unit writes its own row. */
export const syslogAddresses = defineTable({
  name: "syslogAddresses",
  since: 2,
  key: (row) => row.unit,
  columns: {
    unit: { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{16}$" }) },
    address: { sync: "shared", schema: address },
  },
});

export const syslogTables = [deviceSyslog, syslogAddresses] as unknown as readonly Table[];
