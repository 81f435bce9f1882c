/** What `stats` answers: counters of the unit, of its virtual services and of their real servers (SPEC CH8). */

import type { WallMillis } from "@tandem/base/time";
import { serverName, serviceName } from "@tandem/haproxy-config/model";
import type {
  MachineStatistics,
  RealServerStatistics,
  StatisticsView,
  VirtualServiceStatistics,
} from "@tandem/loadmaster-api/views";
import type { SharedContent, StoredServer, StoredService } from "../state/document.ts";
import { backendRow, type Counters, type Counts, frontendRow } from "./counters.ts";
import { protocolOf } from "./place.ts";
import { type AnyService, allServices } from "./sub-services.ts";
import { type Figures, figureKey, serverView, serviceState } from "./views.ts";

const bitsPerByte = 8;

export type StatisticsFacts = {
  readonly shared: SharedContent;
  readonly machine: MachineStatistics;
  readonly figures: Figures;
  readonly counters: Counters;
  readonly wall: WallMillis;
  /** Milliseconds between the samples that rates come from. */
  readonly periodMs: number;
  readonly changedAt: WallMillis;
  /** Names the counters' life; another one means that they have begun anew. */
  readonly epoch: string;
  readonly since: WallMillis;
};

export function statisticsView(facts: StatisticsFacts): StatisticsView {
  const { shared, counters, wall } = facts;
  const { total, totalPerSecond } = counters;
  const services = allServices(shared);
  const Vs = services.map((service) => serviceStatistics(service, facts));
  const perSecond = (of: readonly VirtualServiceStatistics[]): number =>
    of.reduce((sum, { ConnsPerSec, VSAddress }) => (VSAddress === "" ? sum : sum + ConnsPerSec), 0);
  const takesTls = new Set(shared.services.filter(({ tls }) => tls !== undefined).map(({ index }) => index));
  return {
    ...facts.machine,
    VStotals: {
      ConnsPerSec: totalPerSecond.connections,
      TotalConns: total.connections,
      BitsPerSec: bytesOf(totalPerSecond) * bitsPerByte,
      TotalBits: bytesOf(total) * bitsPerByte,
      BytesPerSec: bytesOf(totalPerSecond),
      TotalBytes: bytesOf(total),
      PktsPerSec: totalPerSecond.packets,
      TotalPackets: total.packets,
      BytesRead: total.bytesIn,
      BytesWritten: total.bytesOut,
      Requests: total.requests,
    },
    Vs,
    Rs: services.flatMap((service) =>
      service.servers.map((server) => serverStatistics(service, server, facts)),
    ),
    TPS: { Total: perSecond(Vs), SSL: perSecond(Vs.filter(({ Index }) => takesTls.has(Index))) },
    Timestamp: {
      Sec: Math.floor(wall / 1_000),
      Usec: (wall % 1_000) * 1_000,
      Period: facts.periodMs * 1_000,
    },
    ChangeTime: Math.floor(facts.changedAt / 1_000),
    Counters: { Epoch: facts.epoch, Since: facts.since },
  };
}

const bytesOf = ({ bytesIn, bytesOut }: Counts): number => bytesIn + bytesOut;

function serviceStatistics(
  service: AnyService,
  { counters, figures }: StatisticsFacts,
): VirtualServiceStatistics {
  const proxy = serviceName(service.index);
  // Clients meet the service above a SubVS, which is a backend alone.
  const row = service.sub === undefined ? frontendRow : backendRow;
  const counts = counters.counts(proxy, row);
  return {
    VSAddress: service.sub === undefined ? service.address : "",
    VSPort: service.sub === undefined ? service.port : 0,
    VSProt: protocolOf(service),
    Index: service.index,
    Status: serviceState(service, figures).toLowerCase(),
    ErrorCode: 0,
    Enable: service.enabled ? 1 : 0,
    TotalConns: counts.connections,
    TotalPkts: counts.packets,
    TotalBytes: bytesOf(counts),
    TotalBits: bytesOf(counts) * bitsPerByte,
    ActiveConns: figures.get(figureKey(proxy, row))?.currentSessions ?? 0,
    BytesRead: counts.bytesIn,
    BytesWritten: counts.bytesOut,
    Requests: counts.requests,
    ConnsPerSec: counters.connectionsPerSecond(proxy, row),
    ...blocked(service, counts),
    WafEnable: 0,
    InterceptMode: 0,
  };
}

/** HAProxy counts refused connections as one: they are those above the rate where one is set, else above the number. Those that an access list refuses are among them where there is a limit. */
function blocked(
  { options = {} }: StoredService,
  { refusedConnections, refusedRequests }: Counts,
): Pick<VirtualServiceStatistics, "ConnsRateBlocked" | "RequestsRateBlocked" | "MaxConnsBlocked"> {
  const byRate = options.connectionsPerSecond !== undefined;
  return {
    ConnsRateBlocked: byRate ? refusedConnections : 0,
    RequestsRateBlocked: options.requestsPerSecond === undefined ? 0 : refusedRequests,
    MaxConnsBlocked: byRate || options.connections === undefined ? 0 : refusedConnections,
  };
}

function serverStatistics(
  service: StoredService,
  server: StoredServer,
  { counters, figures }: StatisticsFacts,
): RealServerStatistics {
  const proxy = serviceName(service.index);
  const name = serverName(server.index);
  const counts = counters.counts(proxy, name);
  return {
    VSIndex: service.index,
    RSIndex: server.index,
    Addr: server.address,
    Port: server.port,
    Status: serverView(service, server, figures).Status.toLowerCase(),
    Enable: server.enabled ? 1 : 0,
    Weight: server.weight,
    ActivConns: figures.get(figureKey(proxy, name))?.currentSessions ?? 0,
    Conns: counts.connections,
    Pkts: counts.packets,
    Bytes: bytesOf(counts),
    Bits: bytesOf(counts) * bitsPerByte,
    BytesRead: counts.bytesIn,
    BytesWritten: counts.bytesOut,
    Requests: counts.requests,
    ConnsPerSec: counters.connectionsPerSecond(proxy, name),
    Persist: 0,
  };
}
