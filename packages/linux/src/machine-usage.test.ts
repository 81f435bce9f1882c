import assert from "node:assert/strict";
import { test } from "node:test";
import { diskOf, interfacesIn, memoryIn, processorsIn, readMachine, sharesBetween } from "./machine-usage.ts";

const stat = (user: number, idle: number): string =>
  `cpu  ${user} 0 10 ${idle} 0 0 0 0 0 0\ncpu0 ${user} 0 10 ${idle} 0 0 0 0 0 0\nintr 1 2\nctxt 5\n`;
const readingOf = (text: string) => ({
  at: 0,
  processors: processorsIn(text),
  memory: { total: 0, available: 0 },
  interfaces: [],
});

test("[CH8] shares of a processor are those of the time between two readings", () => {
  const [all, first] = sharesBetween(readingOf(stat(100, 1_000)), readingOf(stat(130, 1_070)));
  assert.equal(all?.processor, undefined);
  assert.equal(first?.processor, 0);
  assert.deepEqual([all?.user, all?.system, all?.idle], [30, 0, 70]);
  const [still] = sharesBetween(readingOf(stat(1, 1)), readingOf(stat(1, 1)));
  assert.deepEqual([still?.user, still?.idle], [0, 100]);
  assert.deepEqual(sharesBetween(readingOf(""), readingOf(stat(1, 1))), []);
});

test("[CH8] memory and the bytes of interfaces are read as proc(5) writes them", () => {
  assert.deepEqual(memoryIn("MemTotal:       24000 kB\nMemFree: 5 kB\nMemAvailable:   1000 kB\n"), {
    total: 24_000,
    available: 1_000,
  });
  assert.deepEqual(memoryIn(""), { total: 0, available: 0 });
  const devices = `Inter-|   Receive                            |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0
  eth0: 1500 10 0 0 0 0 0 0 2500 20 0 0 0 0 0 0
eth1.7:7 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0
`;
  assert.deepEqual(interfacesIn(devices), [
    { device: "lo", in: 5, out: 5 },
    { device: "eth0", in: 1_500, out: 2_500 },
    { device: "eth1.7", in: 7, out: 9 },
  ]);
});

test("[CH8] this machine can be read", async () => {
  const { processors, memory } = await readMachine();
  assert.ok(processors.length >= 2);
  assert.ok(memory.total > memory.available && memory.available > 0);
  const { total, free } = await diskOf("/");
  assert.ok(total > free && free > 0);
});
