/** What every log store must do, whatever it keeps lines on. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import {
  beginOfDay,
  type LogLine,
  type LogPosition,
  type LogQuery,
  type LogStore,
  type StoredLine,
} from "./log-store.ts";

/** One place to keep lines: `open` again after `close` finds what was appended. */
export type LogPlace = { open: () => LogStore };

export const anyLine = (overrides: Partial<LogLine> = {}): LogLine => ({
  receivedAt: Date.parse("2026-11-25T14:03:07.000Z"),
  source: "192.0.2.21",
  device: null,
  severity: 6,
  facility: 3,
  time: "Nov 25 14:03:07",
  host: "lm1",
  app: "l4d",
  procid: "812",
  msgid: null,
  structuredData: null,
  message: "connected",
  ...overrides,
});

/** Every page of a search, put together; each page goes on where the one before it stopped. */
export function everyPage(store: LogStore, query: LogQuery, isOver?: () => boolean): readonly StoredLine[] {
  const lines: StoredLine[] = [];
  let before: LogPosition | undefined = query.before;
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page = store.search({ ...query, ...(before && { before }) }, isOver);
    assert.ok(page.lines.length <= query.limit);
    lines.push(...page.lines);
    if (page.next === null) return lines;
    before = page.next;
  }
  return assert.fail("a search without an end");
}

const begin = beginOfDay("2026-11-24");
const hourMs = 3_600_000;
/** Moments of three days, close enough together for some to be equal. */
const moment = fc.nat(60).map((hours) => begin + hours * hourMs);
const words = ["connected", "Real Server DOWN", "100% of pool_a", "back\\slash", "ÄRGER im Netz", "x"];
const line: fc.Arbitrary<LogLine> = fc
  .record({
    receivedAt: moment,
    source: fc.constantFrom("192.0.2.21", "192.0.2.22", "2001:db8::1"),
    device: fc.constantFrom(null, "device a", "device b"),
    severity: fc.option(fc.nat(7), { nil: null }),
    app: fc.constantFrom(null, "l4d", "Health"),
    structuredData: fc.constantFrom(null, '[pool@1 name="A"]'),
    message: fc.constantFrom(...words),
  })
  .map(anyLine);
const query: fc.Arbitrary<Omit<LogQuery, "limit">> = fc.record(
  {
    origins: fc.subarray(["192.0.2.21", "2001:db8::1", "device a", "device b"], { minLength: 1 }),
    severityMax: fc.nat(7),
    text: fc.constantFrom(
      "connected",
      "down",
      "100%",
      "pool_a",
      "poolxa",
      "\\s",
      "HEALTH",
      "name=",
      "ärger",
      "é",
      "",
    ),
    since: moment,
    until: moment,
  },
  { requiredKeys: [] },
);

/** The same in a few lines: newest first, those received together in the order of writing reversed. */
const model = (lines: readonly LogLine[], wanted: Omit<LogQuery, "limit">): LogLine[] =>
  lines
    .map((one, index) => ({ one, index }))
    .sort((a, b) => b.one.receivedAt - a.one.receivedAt || b.index - a.index)
    .map(({ one }) => one)
    .filter(
      ({ receivedAt, device, source, severity, message, app, structuredData }) =>
        (wanted.since === undefined || receivedAt >= wanted.since) &&
        (wanted.until === undefined || receivedAt < wanted.until) &&
        (wanted.origins === undefined || wanted.origins.includes(device ?? source)) &&
        (wanted.severityMax === undefined || (severity !== null && severity <= wanted.severityMax)) &&
        [message, app ?? "", structuredData ?? ""].some((text) =>
          text.toLowerCase().includes((wanted.text ?? "").toLowerCase()),
        ),
    );
const plain = (lines: readonly LogLine[]): unknown =>
  lines.map((one) => {
    const { id: _, ...rest } = one as StoredLine;
    return { ...rest };
  });

export function logStoreContractSuite(title: string, place: (t: TestContext) => LogPlace): void {
  test(`[CH2] ${title}: a search finds what it should, page by page, also when it is stopped again and again, and after opening anew`, async (t) => {
    await fc.assert(
      fc.property(
        fc.array(fc.array(line, { maxLength: 8 }), { maxLength: 4 }),
        fc.array(query, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 7 }),
        (batches, queries, limit) => {
          const { open } = place(t);
          const store = open();
          for (const batch of batches) store.append(batch);
          const check = (opened: LogStore): void => {
            for (const wanted of queries) {
              const expected = plain(model(batches.flat(), wanted));
              assert.deepEqual(plain(everyPage(opened, { ...wanted, limit })), expected);
              assert.deepEqual(plain(everyPage(opened, { ...wanted, limit }, () => true)), expected);
            }
          };
          check(store);
          store.close();
          const again = open();
          check(again);
          again.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  test(`${title}: every part of a line is kept as it came`, (t) => {
    const store = place(t).open();
    const nothing = { severity: null, facility: null, time: null, host: null, app: null, procid: null };
    const lines = [
      anyLine({ message: "", ...nothing }),
      anyLine({
        msgid: "ID1",
        structuredData: '[a@1 b="c"]',
        message: "\ufffd ünï \u{1f600} 'quoted' \"twice\"\n",
      }),
    ];
    store.append(lines);
    const { lines: found, next } = store.search({ limit: 10 });
    assert.deepEqual(plain(found), plain([...lines].reverse()));
    assert.equal(next, null);
    store.close();
  });

  test(`${title}: an empty store is empty`, (t) => {
    const store = place(t).open();
    store.append([]);
    assert.deepEqual(store.search({ limit: 10 }), { lines: [], next: null });
    assert.deepEqual(store.days(), []);
    assert.deepEqual(store.expire("2026-11-25", 1), []);
    store.close();
  });

  test(`${title}: retention removes whole days, and a clock that is a year ahead removes at first no more than the next day would`, (t) => {
    const store = place(t).open();
    const on = (day: string) => store.append([anyLine({ receivedAt: beginOfDay(day) + hourMs })]);
    for (const day of ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"]) on(day);
    const days = (): string[] => store.days().map(({ day }) => day);
    assert.ok(store.days().every(({ bytes }) => bytes > 0));
    assert.deepEqual(store.expire("2026-11-25", 4), ["2026-11-21"]);
    assert.deepEqual(store.expire("2026-11-25", 4), []);
    on("2027-11-25");
    assert.deepEqual(store.expire("2027-11-25", 4), ["2026-11-22"]);
    assert.deepEqual(store.search({ limit: 10 }).lines.length, 4);
    on("2027-11-26");
    assert.deepEqual([...store.expire("2027-11-26", 4)].sort(), ["2026-11-23", "2026-11-24", "2026-11-25"]);
    assert.deepEqual(days(), ["2027-11-26", "2027-11-25"]);
    store.close();
  });
}
