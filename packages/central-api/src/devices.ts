import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, MomentOrNull, Tag } from "./errors.ts";

/** What a unit of a LoadMaster pair says of itself, that is, to which pair it belongs (SPEC CH19). */
export const PairOfDevice = Type.Object({
  unit: Type.Union([Type.Literal("HA1"), Type.Literal("HA2")]),
  virtualId: Type.Integer(),
  ownAddresses: Type.Array(Type.String()),
  partnerAddresses: Type.Array(Type.String()),
  sharedAddresses: Type.Array(Type.String()),
  activeSince: MomentOrNull,
  report: Type.String({ description: "what it says is wrong with its HA; empty when nothing is" }),
});
export type PairOfDevice = Static<typeof PairOfDevice>;

/** What this unit last saw of the device when it contacted it; kept locally, never synchronised. */
export const DeviceStatus = Type.Object({
  state: Type.Union([Type.Literal("unknown"), Type.Literal("up"), Type.Literal("down")], {
    description: "unknown until the first contact; down after three failed attempts in a row",
  }),
  failedAttempts: Type.Integer({ minimum: 0 }),
  lastAttempt: MomentOrNull,
  lastSeen: MomentOrNull,
  error: Type.Union([Type.String(), Type.Null()], { description: "why the last attempt failed" }),
  version: Type.Union([Type.String(), Type.Null()]),
  haRole: Type.Union([
    Type.Literal("active"),
    Type.Literal("standby"),
    Type.Literal("single"),
    Type.Literal("unknown"),
  ]),
  pair: Type.Optional(
    Type.Union([PairOfDevice, Type.Null()], {
      description: "what it last said; null: that it is a single unit; absent: nothing yet",
    }),
  ),
});
export type DeviceStatus = Static<typeof DeviceStatus>;

export const DeviceKind = Type.Union([Type.Literal("loadmaster")]);

const name = Type.String({ maxLength: 128 });
const address = Type.String({ minLength: 1, maxLength: 45 });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const user = Type.String({ minLength: 1, maxLength: 64 });
const password = Type.String({ minLength: 1, maxLength: 256 });
const fingerprint = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "SHA-256 of the certificate's public key (SPKI DER)",
});

export const Device = Type.Object({
  id: Type.String(),
  name,
  kind: DeviceKind,
  address,
  port,
  user,
  certificateFingerprint: Type.String(),
  network: Type.Union([Type.String(), Type.Null()], {
    description: "CIDR of the smallest network that holds the address",
  }),
  haGroup: Type.Union([Type.String(), Type.Null()], { description: "id of the HA group it belongs to" }),
  problems: Type.Optional(
    Type.Array(Type.String(), { description: "what Central could not set up on the device, and why" }),
  ),
  status: DeviceStatus,
  tag: Tag,
});
export type Device = Static<typeof Device>;

export const DeviceList = Type.Object({ devices: Type.Array(Device) });
export type DeviceList = Static<typeof DeviceList>;

/**
 * The device is contacted before it is added. Its certificate is pinned by what is seen then, unless
 * `certificateFingerprint` says what must be seen. `port` defaults to 443, `name` to what the device calls itself.
 */
export const DeviceNew = Type.Object(
  {
    address,
    port: Type.Optional(port),
    user,
    password,
    name: Type.Optional(name),
    certificateFingerprint: Type.Optional(fingerprint),
  },
  closed,
);
export type DeviceNew = Static<typeof DeviceNew>;

/** A change of address, port, user, password or fingerprint is tried on the device before it is stored. */
export const DeviceChange = Type.Object(
  {
    name: Type.Optional(name),
    address: Type.Optional(address),
    port: Type.Optional(port),
    user: Type.Optional(user),
    password: Type.Optional(password),
    certificateFingerprint: Type.Optional(fingerprint),
  },
  closed,
);
export type DeviceChange = Static<typeof DeviceChange>;

export const DeviceWritten = Type.Object({ ...Device.properties, acknowledged: Acknowledged });
export type DeviceWritten = Static<typeof DeviceWritten>;

export const DeviceRemoved = Type.Object({ id: Type.String(), acknowledged: Acknowledged });
export type DeviceRemoved = Static<typeof DeviceRemoved>;

export const DeviceParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }, closed);
