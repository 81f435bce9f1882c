/** What `stats` said over the last minutes, for graphs: kept in the page alone, from when it is opened on. */
import type { StatisticsView } from "@tandem/loadmaster-api/views";

/** Counters of one service, or of all together, at one moment. */
type Counted = {
  readonly connectionsPerSecond: number;
  readonly open: number;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
};

type Moment = {
  /** Seconds since 1970, by the unit's clock. */
  readonly at: number;
  /** Another one: the counters have begun anew. */
  readonly epoch: string;
  readonly all: Counted;
  /** By the service's index. */
  readonly services: ReadonlyMap<number, Counted>;
  /** Per cent of the machine; absent where the unit does not say. */
  readonly processor?: number;
  readonly memory?: number;
};

export type History = readonly Moment[];

export const historySeconds = 300;

/** The history with one answer more, without what is older than {@link historySeconds}. The same answer twice counts once. */
export function withAnswer(history: History, counted: StatisticsView): History {
  const at = counted.Timestamp.Sec + counted.Timestamp.Usec / 1e6;
  const last = history.at(-1);
  if (last !== undefined && at <= last.at) return history;
  const services = new Map(
    counted.Vs.map((each) => [
      each.Index,
      {
        connectionsPerSecond: each.ConnsPerSec,
        open: each.ActiveConns,
        requests: each.Requests,
        bytesIn: each.BytesRead,
        bytesOut: each.BytesWritten,
      },
    ]),
  );
  const { VStotals, CPU, Memory } = counted;
  return [
    ...history.filter((each) => each.at > at - historySeconds),
    {
      at,
      epoch: counted.Counters.Epoch,
      all: {
        connectionsPerSecond: VStotals.ConnsPerSec,
        open: [...services.values()].reduce((sum, { open }) => sum + open, 0),
        requests: VStotals.Requests,
        bytesIn: VStotals.BytesRead,
        bytesOut: VStotals.BytesWritten,
      },
      services,
      ...(CPU === undefined ? {} : { processor: 100 - CPU.total.Idle }),
      ...(Memory === undefined ? {} : { memory: Memory.percentmemused }),
    },
  ];
}

type Values = readonly (number | null)[];

export type Series = {
  readonly at: readonly number[];
  readonly connectionsPerSecond: Values;
  readonly open: Values;
  readonly requestsPerSecond: Values;
  readonly bytesInPerSecond: Values;
  readonly bytesOutPerSecond: Values;
  readonly processor: Values;
  readonly memory: Values;
};

/**
 * The history of one service by its index, or of all together. Rates are those between two moments; null where there is
 * none before, where the counters began anew between them, and where the service was not there.
 */
export function seriesOf(history: History, service: number | undefined): Series {
  const countedAt = (moment: Moment | undefined): Counted | undefined =>
    service === undefined ? moment?.all : moment?.services.get(service);
  const shown = (of: keyof Counted): Values => history.map((each) => countedAt(each)?.[of] ?? null);
  const rates = (of: keyof Counted): Values =>
    history.map((each, index) => {
      const before = history[index - 1];
      const [now, then] = [countedAt(each), countedAt(before)];
      if (before === undefined || now === undefined || then === undefined || before.epoch !== each.epoch)
        return null;
      return Math.max(0, now[of] - then[of]) / (each.at - before.at);
    });
  return {
    at: history.map(({ at }) => at),
    connectionsPerSecond: shown("connectionsPerSecond"),
    open: shown("open"),
    requestsPerSecond: rates("requests"),
    bytesInPerSecond: rates("bytesIn"),
    bytesOutPerSecond: rates("bytesOut"),
    processor: history.map((each) => each.processor ?? null),
    memory: history.map((each) => each.memory ?? null),
  };
}
