import type { StatisticsView } from "@tandem/loadmaster-api/views";
import { expect, test } from "vitest";
import { type History, historySeconds, seriesOf, withAnswer } from "./history.ts";

const answer = (at: number, requests: number, epoch = "a"): StatisticsView =>
  ({
    VStotals: { ConnsPerSec: 1, Requests: requests, BytesRead: 10 * requests, BytesWritten: 20 * requests },
    Vs: [
      { Index: 7, ConnsPerSec: 1, ActiveConns: 4, Requests: requests / 2, BytesRead: 0, BytesWritten: 0 },
      { Index: 8, ConnsPerSec: 0, ActiveConns: 1, Requests: requests / 2, BytesRead: 0, BytesWritten: 0 },
    ],
    Timestamp: { Sec: at, Usec: 0, Period: 1 },
    Counters: { Epoch: epoch, Since: 0 },
  }) as unknown as StatisticsView;

const historyOf = (...answers: StatisticsView[]): History => answers.reduce(withAnswer, [] as History);

test("rates are those between two answers; counters that began anew leave a gap", () => {
  const history = historyOf(answer(100, 10), answer(102, 30), answer(104, 4, "b"), answer(108, 12, "b"));
  expect(seriesOf(history, undefined)).toMatchObject({
    at: [100, 102, 104, 108],
    open: [5, 5, 5, 5],
    requestsPerSecond: [null, 10, null, 2],
    bytesInPerSecond: [null, 100, null, 20],
    processor: [null, null, null, null],
  });
  expect(seriesOf(history, 7).requestsPerSecond).toEqual([null, 5, null, 1]);
  expect(seriesOf(history, 9).open).toEqual([null, null, null, null]);
});

test("an answer that came before counts once, and what is old goes", () => {
  const once = historyOf(answer(100, 10), answer(100, 10), answer(99, 9));
  expect(once).toHaveLength(1);
  const later = withAnswer(once, answer(100 + historySeconds, 20));
  expect(later.map(({ at }) => at)).toEqual([100 + historySeconds]);
});
