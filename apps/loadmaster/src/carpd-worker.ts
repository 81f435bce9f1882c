/**
 * carpd's CARP thread: raw socket, timers and netlink, and nothing else, so that no load of the rest of the process
 * delays an advertisement or its answer. An error that nobody catches ends the thread; the main thread then removes
 * the addresses.
 */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { parentPort } from "node:worker_threads";
import { assert, unreachable } from "@tandem/base/assert";
import { setRealtimePriority } from "@tandem/linux/libc";
import { chooseMessageReader } from "@tandem/linux/message-socket";
import { watchLinks } from "@tandem/linux/rtnetlink";
import { CarpEngine } from "./ha/carpd-engine.ts";
import { configurationDigest } from "./ha/carpd-group.ts";
import { LinuxCarpKernel } from "./ha/carpd-kernel.ts";
import type { CarpdStatus } from "./ha/carpd-protocol.ts";
import { statusIntervalMs, type ThreadOrder, type ThreadReport } from "./ha/carpd-thread.ts";

/** Above every ordinary process, below the kernel's own real-time threads (99). Affects this thread alone. */
const realtimePriority = 50;

assert(parentPort, "carpd-worker runs as a worker thread");
const port = parentPort;
const report = (message: ThreadReport): void => port.postMessage(message);

const reader = await chooseMessageReader();
const realtime = setRealtimePriority(realtimePriority);

const tell = (status: CarpdStatus): void =>
  report({
    type: "status",
    status: realtime === undefined ? status : { ...status, realtimeRefused: realtime },
  });

const engine = new CarpEngine({
  kernel: new LinuxCarpKernel(reader),
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  entropy: () => randomBytes(8).readBigUInt64BE(),
  timer: (milliseconds, wake) => {
    const timer = setTimeout(wake, milliseconds);
    return () => clearTimeout(timer);
  },
  onEvent: (event) => report({ type: "event", event }),
  onStatus: tell,
  pid: process.pid,
});
const links = watchLinks(reader, () => engine.linkChanged());
const beat = setInterval(() => tell(engine.status()), statusIntervalMs);

port.on("message", (order: ThreadOrder) => {
  switch (order.type) {
    case "configure":
      engine.configure(order.configuration, order.stale, order.holding);
      report({ type: "applied", digest: configurationDigest(order.configuration) });
      return;
    case "demote":
      engine.demote(order.demotion, order.reason);
      return;
    case "unit":
      engine.unitIs(order.presence);
      return;
    case "handover":
      engine.handOver();
      return;
    case "stop":
      engine.stop(order.keep);
      links.close();
      clearInterval(beat);
      report({ type: "stopped" });
      port.close();
      return;
    default:
      unreachable(order);
  }
});
tell(engine.status());
report({ type: "started", reader: reader.name, realtime });
