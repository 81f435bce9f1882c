import { type Static, Type } from "@tandem/base/schema";
import { closed } from "./errors.ts";

export const notificationTargetsMax = 20;

const kind = Type.Union([Type.Literal("webhook"), Type.Literal("syslog")]);
const members = {
  name: Type.String({ minLength: 1, maxLength: 64 }),
  kind,
  address: Type.String({
    minLength: 1,
    maxLength: 512,
    description: "webhook: an https URL; syslog: HOST or HOST:PORT (UDP, RFC 5424, port 514)",
  }),
  severity: Type.Union([Type.Literal("info"), Type.Literal("warning"), Type.Literal("error")], {
    description: "what is as grave or graver is told; role changes are info",
  }),
  enabled: Type.Boolean(),
};
const secret = Type.String({
  minLength: 16,
  maxLength: 256,
  description: "webhook: key of the HMAC-SHA256 in X-Tandem-Signature; never shown again",
});
const authority = Type.String({
  maxLength: 16_384,
  description: "webhook: PEM of the authority that its certificate is checked against, beside the system's",
});

export const NotificationTarget = Type.Object({
  id: Type.String(),
  ...members,
  hasSecret: Type.Boolean(),
  certificateAuthority: Type.String(),
  sent: Type.Integer({ minimum: 0, description: "since this process started" }),
  dropped: Type.Integer({ minimum: 0, description: "given up, or with no room in the queue" }),
  lastError: Type.Union([Type.String(), Type.Null()]),
});
export type NotificationTarget = Static<typeof NotificationTarget>;

/** Settings of this unit alone (SPEC CH4, CH25). */
export const NotificationList = Type.Object({ targets: Type.Array(NotificationTarget) });

export const NotificationNew = Type.Object(
  {
    ...members,
    severity: Type.Optional(members.severity),
    enabled: Type.Optional(members.enabled),
    secret: Type.Optional(secret),
    certificateAuthority: Type.Optional(authority),
  },
  closed,
);
export type NotificationNew = Static<typeof NotificationNew>;

export const NotificationChange = Type.Object(
  {
    name: Type.Optional(members.name),
    address: Type.Optional(members.address),
    severity: Type.Optional(members.severity),
    enabled: Type.Optional(members.enabled),
    secret: Type.Optional(secret),
    certificateAuthority: Type.Optional(authority),
  },
  closed,
);
export type NotificationChange = Static<typeof NotificationChange>;

export const NotificationParams = Type.Object({ id: Type.String({ maxLength: 32 }) }, closed);
export const NotificationRemoved = Type.Object({ id: Type.String() });
export const NotificationTested = Type.Object({
  delivered: Type.Boolean(),
  error: Type.Union([Type.String(), Type.Null()]),
});
