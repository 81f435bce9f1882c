/** Throughput of licensed LoadMasters, and the reports of it (SPEC ML3, ML6). */
import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Moment, MomentOrNull } from "./errors.ts";

const text = (maxLength: number) => Type.String({ maxLength });
const amount = Type.Integer({ minimum: 0 });

const Month = Type.String({
  pattern: "^\\d{4}-(0[1-9]|1[0-2])$",
  description: "a calendar month in UTC, such as 2026-11",
});
export const UsageKind = Type.Union([Type.Literal("metered"), Type.Literal("pool")]);
export type UsageKind = Static<typeof UsageKind>;

export const MeteringMonths = Type.Object({
  months: Type.Array(Type.Object({ month: Month, isOver: Type.Boolean() })),
});
export type MeteringMonths = Static<typeof MeteringMonths>;

export const MonthParams = Type.Object({ month: Month });
export const UsageFileParams = Type.Object({
  month: Month,
  kind: UsageKind,
  format: Type.Union([Type.Literal("csv"), Type.Literal("html")]),
});

const UsageMember = Type.Object({
  unit: Type.String({ description: "the LoadMaster's licensing id" }),
  name: Type.String(),
  type: Type.String({ description: "of licence, such as metered or pool-500" }),
  central: Type.String({ description: "the Central that licensed it" }),
  deviceId: Type.Union([amount, Type.Null()], { description: "that Central's small number for it" }),
  isPeer: Type.Boolean({ description: "licensed by the other Central; its device ID stands in parentheses" }),
});
/** A LoadMaster, or a pair, which counts once. */
const UsageLine = Type.Object({
  members: Type.Array(UsageMember, { minItems: 1 }),
  peakBitsPerSecond: Type.Union([amount, Type.Null()]),
  peakAt: Type.Union([Moment, Type.Null()]),
  samples: amount,
  missing: Type.Integer({ minimum: 0, description: "slots that should have been sampled and were not" }),
  missingStretches: Type.Array(Type.Object({ from: Moment, to: Moment })),
  licensedMbps: Type.Union([amount, Type.Null()], { description: "of the pool" }),
  slotsAboveLicence: amount,
});
export type UsageLineAnswer = Static<typeof UsageLine>;
export const UsageReportAnswer = Type.Object({
  kind: UsageKind,
  from: Moment,
  to: Moment,
  lines: Type.Array(UsageLine),
  tierGbps: Type.Union([amount, Type.Null()]),
  sumBitsPerSecond: Type.Union([amount, Type.Null()], { description: "of all peaks; null: of the pool" }),
  billedGbps: Type.Union([amount, Type.Null()]),
  beyondTierGbps: Type.Union([amount, Type.Null()]),
});
export type UsageReportAnswer = Static<typeof UsageReportAnswer>;
export const MonthUsage = Type.Object({
  month: Month,
  isOver: Type.Boolean(),
  slotSeconds: Type.Number(),
  metered: UsageReportAnswer,
  pool: UsageReportAnswer,
});
export type MonthUsage = Static<typeof MonthUsage>;

// Where reports are sent to.

export const DestinationKind = Type.Union([Type.Literal("email"), Type.Literal("webhook")]);
export type DestinationKind = Static<typeof DestinationKind>;
export const DestinationParams = Type.Object({ kind: DestinationKind });

const destination = {
  enabled: Type.Boolean(),
  address: Type.String({
    minLength: 1,
    maxLength: 512,
    description:
      "webhook: an https URL that reports are posted to; email: HOST or HOST:PORT of the SMTP server (port 25, with starttls 587, with tls 465)",
  }),
  certificateAuthority: text(16_384),
  security: Type.Union([Type.Literal("none"), Type.Literal("starttls"), Type.Literal("tls")]),
  user: text(256),
  from: text(254),
  to: Type.Array(text(254), { maxItems: 20 }),
};

export const ReportDestination = Type.Object({
  kind: DestinationKind,
  ...destination,
  hasSecret: Type.Boolean(),
});
export type ReportDestination = Static<typeof ReportDestination>;

export const ReportDestinationPut = Type.Object(
  {
    enabled: destination.enabled,
    address: destination.address,
    secret: Type.Optional(
      Type.String({
        maxLength: 256,
        description:
          "webhook: key of the HMAC-SHA256 in X-Tandem-Signature, 16 characters or more; email: the password; left out: as it was",
      }),
    ),
    certificateAuthority: Type.Optional(destination.certificateAuthority),
    security: Type.Optional(destination.security),
    user: Type.Optional(destination.user),
    from: Type.Optional(destination.from),
    to: Type.Optional(destination.to),
  },
  closed,
);
export type ReportDestinationPut = Static<typeof ReportDestinationPut>;
export const ReportDestinationWritten = Type.Object({
  ...ReportDestination.properties,
  acknowledged: Acknowledged,
});
export const ReportDestinationRemoved = Type.Object({ kind: DestinationKind, acknowledged: Acknowledged });

export const ReportDelivery = Type.Object({
  what: Type.Union([Type.Literal("usage"), Type.Literal("over-limit")]),
  period: Type.String({ description: "the month, or the day, that it is about" }),
  kind: DestinationKind,
  state: Type.Union([Type.Literal("sending"), Type.Literal("sent"), Type.Literal("failed")]),
  unit: Type.String({ description: "the Central that sent it" }),
  tries: amount,
  begunAt: Moment,
  endedAt: MomentOrNull,
  message: Type.String(),
});
export type ReportDelivery = Static<typeof ReportDelivery>;

/** The newest deliveries first. */
export const ReportDestinationList = Type.Object({
  destinations: Type.Array(ReportDestination),
  deliveries: Type.Array(ReportDelivery),
});

export const ReportSend = Type.Object({ month: Month }, closed);
export const ReportSent = Type.Object({
  results: Type.Array(
    Type.Object({
      kind: DestinationKind,
      delivered: Type.Boolean(),
      error: Type.Union([Type.String(), Type.Null()]),
      remedy: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
});
export type ReportSent = Static<typeof ReportSent>;
