/** The fleet as both Centrals of a pair share it (SPEC CH3). What one of them reads from a device is derived. */
import { Type } from "@tandem/base/schema";
import { roleChangesMax } from "@tandem/central-api/ha-groups";
import { defineTable, type Table } from "@tandem/replica/schema";

const name = Type.String({ maxLength: 128 });
const address = Type.String({ maxLength: 45 });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const moment = Type.String({ maxLength: 32 });
const id = Type.String({ pattern: "^[0-9a-f]{16}$" });

/** Known by their CIDR, so that both units adding the same network is no conflict; the tree follows from containment. */
export const networks = defineTable({
  name: "networks",
  key: (row) => row.cidr,
  columns: {
    cidr: { sync: "shared", schema: Type.String({ maxLength: 43 }) },
    name: { sync: "shared", schema: name, default: "" },
    description: { sync: "shared", schema: Type.String({ maxLength: 1_024 }), default: "" },
  },
});

export const devices = defineTable({
  name: "devices",
  key: (row) => row.id,
  columns: {
    id: { sync: "shared", schema: id },
    name: { sync: "shared", schema: name, default: "" },
    kind: { sync: "shared", schema: Type.Literal("loadmaster"), default: "loadmaster" },
    address: { sync: "shared", schema: address },
    port: { sync: "shared", schema: port },
    user: { sync: "shared", schema: Type.String({ maxLength: 64 }) },
    password: { sync: "shared", schema: Type.String({ maxLength: 256 }), secret: true },
    certificateFingerprint: { sync: "shared", schema: Type.String({ pattern: "^[0-9a-f]{64}$" }) },
    status: { sync: "derived", schema: Type.Unknown() },
  },
  mergeGroups: { endpoint: ["address", "port"], credentials: ["user", "password"] },
});

/** Parameters of the LoadMaster API by name, as text. */
const parameters = Type.Record(
  Type.String({ pattern: "^[A-Za-z0-9_.]{1,64}$" }),
  Type.String({ maxLength: 4_096 }),
  {
    maxProperties: 256,
  },
);

/**
 * What a device's virtual services should be. `basedOn` is the revision of the device's configuration that the
 * author of the last change had read: a device that has moved on refuses the change (SPEC CH22).
 */
export const services = defineTable({
  name: "services",
  since: 2,
  key: (row) => `${row.device} ${row.protocol} ${row.address} ${row.port}`,
  columns: {
    device: { sync: "shared", schema: id },
    address: { sync: "shared", schema: address },
    port: { sync: "shared", schema: port },
    protocol: { sync: "shared", schema: Type.Union([Type.Literal("tcp"), Type.Literal("udp")]) },
    parameters: { sync: "shared", schema: parameters, default: {} },
    servers: {
      sync: "shared",
      schema: Type.Array(Type.Object({ address, port, parameters }), { maxItems: 1_024 }),
      default: [],
    },
    basedOn: {
      sync: "shared",
      schema: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
      default: null,
    },
    deployed: { sync: "derived", schema: Type.Unknown() },
  },
});

/** LoadMaster pairs shown as one (SPEC CH19); which member is active is derived from both. */
export const haGroups = defineTable({
  name: "haGroups",
  key: (row) => row.id,
  columns: {
    id: { sync: "shared", schema: id },
    name: { sync: "shared", schema: name },
    sharedAddress: { sync: "shared", schema: address },
    members: { sync: "shared", schema: Type.Array(id, { minItems: 2, maxItems: 2 }) },
    /** `units`: formed, changed and ended as both units say of themselves. */
    origin: {
      sync: "shared",
      since: 2,
      schema: Type.Union([Type.Literal("units"), Type.Literal("operator")]),
      default: "operator",
    },
    active: { sync: "derived", schema: Type.Union([id, Type.Null()]) },
  },
});

/** Which member of a group was active last, and the changes before, so that each is told once, whoever is Master. */
export const haGroupRoles = defineTable({
  name: "haGroupRoles",
  since: 2,
  key: (row) => row.group,
  columns: {
    group: { sync: "shared", schema: id },
    active: { sync: "shared", schema: id },
    since: { sync: "shared", schema: moment },
    changes: {
      sync: "shared",
      schema: Type.Array(Type.Object({ at: moment, from: id, to: id }), { maxItems: roleChangesMax }),
      default: [],
    },
  },
  mergeGroups: { role: ["active", "since", "changes"] },
});

/** What the pair synchronises. */
export const fleetTables = [
  networks,
  devices,
  services,
  haGroups,
  haGroupRoles,
] as unknown as readonly Table[];
