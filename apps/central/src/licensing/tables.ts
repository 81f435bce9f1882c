/** Licences as both Centrals of a pair know of them (SPEC CH3, ML2, ML3). Each row is written by one Central alone. */
import { Type } from "@tandem/base/schema";
import { formerMachinesMax } from "@tandem/licensing/activation";
import { ActivationRuleSchema, activationRuleDefault } from "@tandem/licensing/rules";
import { LicenceTypeId, LicensingId, PublicKeyText } from "@tandem/licensing/wire";
import { defineTable, type RowOf, type Table } from "@tandem/replica/schema";

const unitId = Type.String({ pattern: "^[0-9a-f]{16}$" });
const text = (maxLength: number) => Type.String({ maxLength });
const wall = Type.Integer({ minimum: 0 });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const fingerprint = Type.String({ pattern: "^[0-9a-f]{64}$" });
const machine = unitId;

/** What a Central last answered to a LoadMaster; the holder follows from the rows of both (`@tandem/licensing/holder`). */
export const licences = defineTable({
  name: "licences",
  since: 2,
  key: (row) => licenceKey(row.unit, row.central),
  columns: {
    unit: { sync: "shared", schema: LicensingId },
    central: { sync: "shared", schema: unitId },
    number: { sync: "shared", schema: Type.Integer({ minimum: 1 }) },
    type: { sync: "shared", schema: LicenceTypeId },
    state: {
      sync: "shared",
      schema: Type.Union([Type.Literal("held"), Type.Literal("moved"), Type.Literal("ended")]),
    },
    grantedAt: { sync: "shared", schema: wall },
    machine: { sync: "shared", schema: machine },
    formerMachines: { sync: "shared", schema: Type.Array(machine, { maxItems: formerMachinesMax }) },
    name: { sync: "shared", schema: text(128) },
    version: { sync: "shared", schema: text(64) },
    serial: { sync: "shared", schema: text(64) },
    address: { sync: "shared", schema: text(45) },
    port: { sync: "shared", schema: port },
    certificateFingerprint: { sync: "shared", schema: fingerprint },
    partner: { sync: "shared", schema: Type.Union([LicensingId, Type.Null()]), default: null },
    remark: { sync: "shared", schema: text(512) },
    /** The device of the tree; "" when it was not added. */
    device: { sync: "shared", schema: Type.String({ pattern: "^([0-9a-f]{16})?$" }), default: "" },
    checkedAt: { sync: "shared", schema: Type.Union([wall, Type.Null()]), default: null },
  },
  mergeGroups: {
    licence: [
      "unit",
      "central",
      "number",
      "type",
      "state",
      "grantedAt",
      "machine",
      "formerMachines",
      "name",
      "version",
      "serial",
      "address",
      "port",
      "certificateFingerprint",
      "remark",
    ],
  },
});
export type LicenceValues = RowOf<(typeof licences)["columns"]>;
export const licenceKey = (unit: string, central: string): string => `${unit} ${central}`;

/** What a Central has given of its share to the other one, ever (`@tandem/licensing/shares`). */
export const licenceShares = defineTable({
  name: "licenceShares",
  since: 2,
  key: (row) => shareKey(row.account, row.kind, row.giver),
  columns: {
    account: { sync: "shared", schema: unitId },
    kind: { sync: "shared", schema: Type.Union([Type.Literal("local"), Type.Literal("pool")]) },
    giver: { sync: "shared", schema: unitId },
    given: { sync: "shared", schema: Type.Integer({ minimum: 0 }) },
  },
});
export const shareKey = (account: string, kind: string, giver: string): string =>
  `${account} ${kind} ${giver}`;

/** ML3: the small number that a Central has for a LoadMaster which it has licensed. Never given twice. */
export const deviceNumbers = defineTable({
  name: "deviceNumbers",
  since: 2,
  key: (row) => licenceKey(row.unit, row.central),
  columns: {
    central: { sync: "shared", schema: unitId },
    unit: { sync: "shared", schema: LicensingId },
    number: { sync: "shared", schema: Type.Integer({ minimum: 1 }) },
  },
});

/** Where LoadMasters reach each Central, and the key with which it signs. */
export const licensingCentrals = defineTable({
  name: "licensingCentrals",
  since: 2,
  key: (row) => row.unit,
  columns: {
    unit: { sync: "shared", schema: unitId },
    name: { sync: "shared", schema: text(128) },
    address: { sync: "shared", schema: text(255) },
    port: { sync: "shared", schema: port },
    certificateFingerprint: { sync: "shared", schema: fingerprint },
    key: { sync: "shared", schema: PublicKeyText },
  },
  mergeGroups: { self: ["unit", "name", "address", "port", "certificateFingerprint", "key"] },
});

/** Of this table there is one row, once an operator has changed a rule: a blank Central stays blank (SPEC CH13). */
export const licensingRules = defineTable({
  name: "licensingRules",
  since: 2,
  key: (row) => row.id,
  columns: {
    id: { sync: "shared", schema: Type.Literal("rules") },
    activation: { sync: "shared", schema: ActivationRuleSchema, default: activationRuleDefault },
  },
});
/** The one row's key. */
export const rulesRow = "rules";

export const licensingTables = [
  licences,
  licenceShares,
  deviceNumbers,
  licensingCentrals,
  licensingRules,
] as unknown as readonly Table[];
