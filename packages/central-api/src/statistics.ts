import { type Static, Type } from "@tandem/base/schema";
import { closed, Moment, MomentOrNull } from "./errors.ts";

/** Points in one answer at most. */
export const statisticsPointsMax = 2_000;

/**
 * Whose statistics, and when. Neither device nor network: the whole fleet. In a query string everything is text.
 */
export const StatisticsQuery = Type.Object(
  {
    device: Type.Optional(Type.String({ maxLength: 64, description: "id of a device" })),
    network: Type.Optional(
      Type.String({ maxLength: 43, description: "CIDR: the sum of the devices inside it" }),
    ),
    service: Type.Optional(
      Type.String({ maxLength: 120, description: "a virtual service of the device: 10.0.0.1:80/tcp" }),
    ),
    server: Type.Optional(
      Type.String({ maxLength: 120, description: "a real server of the service: 10.1.0.1:8080" }),
    ),
    from: Type.Optional(
      Type.String({ maxLength: 40, description: "RFC 3339; an hour before `to` when absent" }),
    ),
    to: Type.Optional(Type.String({ maxLength: 40, description: "RFC 3339; now when absent" })),
    step: Type.Optional(
      Type.String({
        maxLength: 12,
        description: `seconds between points; when absent, the least that gives no more than ${statisticsPointsMax}`,
      }),
    ),
  },
  closed,
);
export type StatisticsQuery = Static<typeof StatisticsQuery>;

const nullable = Type.Array(Type.Union([Type.Number(), Type.Null()]), {
  description: "one for each member of atUnixSeconds; null where there is nothing",
});
const textOrNull = Type.Union([Type.String(), Type.Null()]);
const count = Type.Integer({ minimum: 0 });

export const StatisticsSeries = Type.Object({
  device: textOrNull,
  network: textOrNull,
  service: textOrNull,
  server: textOrNull,
  from: Moment,
  to: Moment,
  stepSeconds: Type.Number(),
  devices: Type.Integer({ description: "how many devices are added up" }),
  atUnixSeconds: Type.Array(Type.Number(), { description: "when each step begins" }),
  activeConnections: nullable,
  connectionsPerSecond: nullable,
  bytesInPerSecond: nullable,
  bytesOutPerSecond: nullable,
  requestsPerSecond: nullable,
  totals: Type.Object(
    { connections: count, bytesIn: count, bytesOut: count, requests: count },
    { description: "counted within the range" },
  ),
  services: Type.Array(Type.Object({ service: Type.String(), servers: Type.Array(Type.String()) }), {
    description: "of one device: what else may be asked for in this range",
  }),
});
export type StatisticsSeries = Static<typeof StatisticsSeries>;

export const StatisticsStatus = Type.Object({
  isPolling: Type.Boolean({ description: "this unit acts, and polls; its peer does not" }),
  lastRound: Type.Union([
    Type.Object({
      at: Moment,
      devices: count,
      answered: count,
      failed: count,
      left: Type.Integer({ minimum: 0, description: "devices whose turn did not come in time" }),
      tookMilliseconds: Type.Union([count, Type.Null()], { description: "null while it is under way" }),
    }),
    Type.Null(),
  ]),
  samplesKept: count,
  samplesDropped: Type.Integer({ minimum: 0, description: "not kept since the start: the disk was full" }),
  peer: Type.Object({
    isConnected: Type.Boolean(),
    shipped: count,
    acknowledged: count,
    waiting: Type.Integer({ minimum: 0, description: "shipped and not acknowledged" }),
    lagSeconds: Type.Union([Type.Number(), Type.Null()], {
      description: "how old the oldest sample is that the peer has not acknowledged; null without a peer",
    }),
    fetched: Type.Integer({ minimum: 0, description: "samples that this unit lacked and the peer had" }),
    lastCompared: MomentOrNull,
    messagesRefused: count,
  }),
});
export type StatisticsStatus = Static<typeof StatisticsStatus>;
