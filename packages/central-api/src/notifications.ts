import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Tag } from "./errors.ts";

/** So many may be added; what both units bring together when their switch is turned on may be more. */
export const notificationTargetsMax = 20;

const kind = Type.Union([Type.Literal("webhook"), Type.Literal("syslog"), Type.Literal("email")]);
const members = {
  name: Type.String({ minLength: 1, maxLength: 64 }),
  kind,
  address: Type.String({
    minLength: 1,
    maxLength: 512,
    description:
      "webhook: an https URL; syslog: HOST or HOST:PORT (UDP, RFC 5424, port 514); email: HOST or HOST:PORT of the SMTP server (port 25, with starttls 587, with tls 465)",
  }),
  severity: Type.Union([Type.Literal("info"), Type.Literal("warning"), Type.Literal("error")], {
    description: "what is as grave or graver is told; role changes are info",
  }),
  enabled: Type.Boolean(),
};
/** Of an e-mail target alone. */
const email = {
  security: Type.Union([Type.Literal("none"), Type.Literal("starttls"), Type.Literal("tls")], {
    description: "starttls, unless said otherwise; with none a password is sent as it is",
  }),
  user: Type.String({ maxLength: 256, description: "empty: the server is used without a password" }),
  from: Type.String({ maxLength: 254 }),
  to: Type.Array(Type.String({ maxLength: 254 }), { maxItems: 20 }),
};
const emailOptional = {
  security: Type.Optional(email.security),
  user: Type.Optional(email.user),
  from: Type.Optional(email.from),
  to: Type.Optional(email.to),
};
const secret = Type.String({
  minLength: 1,
  maxLength: 256,
  description:
    "webhook: key of the HMAC-SHA256 in X-Tandem-Signature, 16 characters or more; email: the password; never shown again",
});
const authority = Type.String({
  maxLength: 16_384,
  description:
    "webhook, email: PEM of the authority that its certificate is checked against, beside the system's",
});

export const NotificationTarget = Type.Object({
  id: Type.String(),
  ...members,
  ...email,
  hasSecret: Type.Boolean(),
  certificateAuthority: Type.String(),
  sent: Type.Integer({ minimum: 0, description: "since this process started" }),
  dropped: Type.Integer({ minimum: 0, description: "given up, or with no room in the queue" }),
  lastError: Type.Union([Type.String(), Type.Null()]),
  note: Type.Union([Type.String(), Type.Null()], {
    description:
      "why it is not told by itself: another target names the same receiver, or there are too many",
  }),
  tag: Tag,
});
export type NotificationTarget = Static<typeof NotificationTarget>;

/** Of this unit alone unless their switch is on (SPEC CH4, CH25); what was sent is this unit's in any case. */
export const NotificationList = Type.Object({
  targets: Type.Array(NotificationTarget),
  synchronised: Type.Boolean({ description: "whether both units have the same at this moment" }),
});

export const NotificationWritten = Type.Object({
  ...NotificationTarget.properties,
  acknowledged: Acknowledged,
});

export const NotificationNew = Type.Object(
  {
    ...members,
    ...emailOptional,
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
    ...emailOptional,
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
export const NotificationRemoved = Type.Object({ id: Type.String(), acknowledged: Acknowledged });
export const NotificationTested = Type.Object({
  delivered: Type.Boolean(),
  error: Type.Union([Type.String(), Type.Null()]),
  remedy: Type.Union([Type.String(), Type.Null()]),
});
