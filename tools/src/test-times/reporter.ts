/**
 * A reporter of `node --test` beside the one for people: what each test file took by the clock, from its first test to
 * its last, a line `<seconds> <file>` each, appended to the file that TEST_TIMES names. Without that it says nothing.
 */
import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

// biome-ignore lint/correctness/useYield: the runner wants a generator, whose output would go where people read.
async function* testTimes(events: AsyncIterable<TestEvent>): AsyncGenerator<never> {
  const into = process.env.TEST_TIMES;
  for await (const { type, data } of events) {
    // The summary of the whole run, at its end, names no file. The runner fails when not every event is taken.
    if (into === undefined || type !== "test:summary" || data.file === undefined) continue;
    const seconds = (data.duration_ms / 1_000).toFixed(1);
    appendFileSync(into, `${seconds} ${relative(process.cwd(), data.file)}\n`);
  }
}

// biome-ignore lint/style/noDefaultExport: Node takes the default export of a reporter and no other.
export default testTimes;
