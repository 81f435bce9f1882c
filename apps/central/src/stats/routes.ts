/** Statistics over the API (SPEC CE3, CH8): series of any device, service, server or network. */
import { parseNetwork } from "@tandem/base/ip";
import type { FieldError } from "@tandem/base/result";
import { second, type WallMillis } from "@tandem/base/time";
import { routes } from "@tandem/central-api/routes";
import {
  type StatisticsQuery,
  type StatisticsSeries,
  type StatisticsStatus,
  statisticsPointsMax,
} from "@tandem/central-api/statistics";
import { dayOf, slotsPerDay } from "@tandem/storage/statistics-store";
import type { RouteRegistry } from "../api/route-registry.ts";
import { knownDevice } from "../fleet/devices.ts";
import { groupRow } from "../fleet/grouped.ts";
import { smallestAround } from "../fleet/network-tree.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { devices, networks } from "../fleet/tables.ts";
import { Refusal } from "../refusal.ts";
import {
  costOf,
  entityOf,
  levelFor,
  type Point,
  readBars,
  rowsPerAnswerMax,
  rowsPerTurnMax,
  seriesOf,
  stepFor,
} from "./core.ts";
import type { Statistics } from "./shell.ts";

const rangeDefaultSlots = 60;
const rangeMaxSlots = 5 * 366 * slotsPerDay;

const iso = (at: WallMillis): string => new Date(at).toISOString();
const refuse = (error: FieldError): never => {
  throw new Refusal(400, error);
};

/** Milliseconds since 1970; refuses what is no moment. */
function momentOf(field: "from" | "to", text: string): WallMillis {
  const at = /^\d{4}-\d{2}-\d{2}([T ].*)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at) || at < 0)
    return refuse({
      code: "moment-malformed",
      field,
      value: text,
      message: `"${text}" is not a moment`,
      remedy: "write it as 2026-11-25T12:00:00Z",
    });
  return at;
}

type Range = { readonly from: number; readonly to: number; readonly step: number };

/** In slots, `from` at the beginning of a step. */
function rangeOf(query: StatisticsQuery, now: WallMillis, slotMs: number, deviceCount: number): Range {
  const toMs = query.to === undefined ? now : momentOf("to", query.to);
  const to = Math.max(1, Math.ceil(toMs / slotMs));
  const from =
    query.from === undefined
      ? Math.max(0, to - rangeDefaultSlots)
      : Math.floor(momentOf("from", query.from) / slotMs);
  if (from >= to)
    return refuse({
      code: "range-empty",
      field: "from",
      value: query.from,
      message: "`from` is not before `to`",
      remedy: "give a moment before `to`, which is now when it is left out",
    });
  if (to - from > rangeMaxSlots)
    return refuse({
      code: "range-too-long",
      field: "from",
      value: query.from,
      message: "the range is longer than five years, which is what is kept",
      remedy: "give a later `from` or an earlier `to`",
    });
  const fitting = stepFor(from, to, dayOf(Math.floor(now / slotMs)), deviceCount);
  const step = query.step === undefined ? fitting : stepGiven(query.step, slotMs);
  const { points, rows } = costOf(step, to - from, deviceCount);
  if (points > statisticsPointsMax || rows > rowsPerAnswerMax)
    return refuse({
      code: "step-too-small",
      field: "step",
      value: query.step,
      message: `a step of ${(step * slotMs) / second} s makes ${points} points out of ${rows} values; ${statisticsPointsMax} points and ${rowsPerAnswerMax} values are the most`,
      remedy: `give a step of ${(fitting * slotMs) / second} or more, or a shorter range`,
    });
  return { from: from - (from % step), to, step };
}

function stepGiven(text: string, slotMs: number): number {
  const slots = (Number(text) * second) / slotMs;
  if (!/^\d+(\.\d+)?$/.test(text) || !Number.isInteger(slots) || slots < 1)
    return refuse({
      code: "step-malformed",
      field: "step",
      value: text,
      message: `"${text}" is not a multiple of ${slotMs / second} seconds`,
      remedy: `give ${slotMs / second}, or a multiple of it`,
    });
  return slots;
}

/** The ids of the devices that are asked for. */
function devicesOf(shared: SharedRows, query: StatisticsQuery): readonly string[] {
  const { device, network, service, server } = query;
  if (device !== undefined && network !== undefined)
    return refuse({
      code: "device-and-network",
      field: "network",
      value: network,
      message: "a device and a network were given",
      remedy: "give one of the two, or neither for the whole fleet",
    });
  if (device === undefined && (service !== undefined || server !== undefined))
    return refuse({
      code: "device-missing",
      field: "device",
      message: "a service or a server was given without its device",
      remedy: "give the id of the device as well",
    });
  if (server !== undefined && service === undefined)
    return refuse({
      code: "service-missing",
      field: "service",
      message: "a server was given without its service",
      remedy: "give the service that it serves as well",
    });
  // A pair's are those of its members: what the one counted until a failover, and the other from then on.
  const group = device === undefined ? undefined : groupRow(shared, device);
  if (group) return group.values.members.filter((member) => shared.row(devices, member) !== undefined);
  if (device !== undefined) return [knownDevice(shared, device).key];
  if (network === undefined) return shared.rows(devices).map(({ key }) => key);
  const parsed = parseNetwork("network", network);
  if (!parsed.ok) return refuse(parsed.error);
  if (shared.row(networks, network) === undefined)
    throw new Refusal(404, {
      code: "network-unknown",
      field: "network",
      value: network,
      message: `there is no network ${network} in the tree`,
      remedy: "read the list of networks; it may have been removed",
    });
  return shared
    .rows(devices)
    .filter(({ values }) => smallestAround([network], values.address) !== null)
    .map(({ key }) => key);
}

function servicesIn(entities: ReadonlySet<string>): StatisticsSeries["services"] {
  const services = new Map<string, Set<string>>();
  for (const entity of entities) {
    const [service = "", server] = entity.split(" ");
    if (service === "") continue;
    const servers = services.get(service) ?? new Set<string>();
    services.set(service, servers);
    if (server !== undefined) servers.add(server);
  }
  return [...services]
    .map(([service, servers]) => ({ service, servers: [...servers].sort() }))
    .sort((a, b) => (a.service < b.service ? -1 : 1));
}

const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function seriesFor<Target>(
  statistics: Statistics<Target>,
  shared: SharedRows,
  query: StatisticsQuery,
  now: WallMillis,
): Promise<StatisticsSeries> {
  const { slotMs, store } = statistics;
  const ids = devicesOf(shared, query);
  const range = rangeOf(query, now, slotMs, Math.max(1, ids.length));
  if (levelFor(range.step) > 1) statistics.freshen(ids);
  const entity = query.service === undefined ? "" : entityOf(query.service, query.server);
  const read: ReturnType<typeof readBars>[] = [];
  const devicesPerTurn = Math.ceil(rowsPerTurnMax / costOf(range.step, range.to - range.from, 1).rows);
  for (const [index, id] of ids.entries()) {
    if (index > 0 && index % devicesPerTurn === 0) await othersTurn();
    read.push(readBars(store, id, entity, { ...range, slotMs }));
  }
  const { points, totals } = seriesOf(
    read.map(({ bars }) => bars),
    entity,
    range,
  );
  const column = (of: keyof Point): (number | null)[] => points.map((point) => point[of]);
  const { from, to, step } = range;
  return {
    device: query.device ?? null,
    network: query.network ?? null,
    service: query.service ?? null,
    server: query.server ?? null,
    from: iso(from * slotMs),
    to: iso(to * slotMs),
    stepSeconds: (step * slotMs) / second,
    devices: ids.length,
    atUnixSeconds: points.map((_, index) => ((from + index * step) * slotMs) / second),
    activeConnections: column("active"),
    connectionsPerSecond: column("connectionsPerSecond"),
    bytesInPerSecond: column("bytesInPerSecond"),
    bytesOutPerSecond: column("bytesOutPerSecond"),
    requestsPerSecond: column("requestsPerSecond"),
    totals,
    services:
      query.device === undefined ? [] : servicesIn(new Set(read.flatMap(({ entities }) => [...entities]))),
  };
}

export function statisticsStatus<Target>(statistics: Statistics<Target>): StatisticsStatus {
  const { isPolling, lastRound, samples, dropped, exchange, peerLagMs } = statistics.status;
  return {
    isPolling,
    lastRound: lastRound && {
      at: iso(lastRound.at),
      devices: lastRound.devices,
      answered: lastRound.answered,
      failed: lastRound.failed,
      left: lastRound.left,
      tookMilliseconds: lastRound.tookMs,
    },
    samplesKept: samples,
    samplesDropped: dropped,
    peer: {
      isConnected: exchange.isOpen,
      shipped: exchange.shipped,
      acknowledged: exchange.acknowledged,
      waiting: exchange.unacknowledged,
      lagSeconds: peerLagMs === null ? null : peerLagMs / second,
      fetched: exchange.fetched,
      lastCompared: exchange.lastCompared === null ? null : iso(exchange.lastCompared),
      messagesRefused: exchange.refused,
    },
  };
}

export function registerStatisticsRoutes<Target>(
  { route }: RouteRegistry,
  statistics: Statistics<Target>,
  shared: SharedRows,
  wall: () => WallMillis,
): void {
  route(routes.statistics, ({ query }) => seriesFor(statistics, shared, query ?? {}, wall()));
  route(routes.statisticsStatus, () => statisticsStatus(statistics));
}
