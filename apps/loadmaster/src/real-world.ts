/** The machine's own clocks, timers and entropy. */
import { randomBytes } from "node:crypto";
import type { World } from "@tandem/base/world";

/** Node's timers wrap around beyond this; whoever waits longer looks again. */
const timeoutMaxMs = 2 ** 31 - 1;

export const realWorld: World = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delayMs, body) {
    const timer = setTimeout(body, Math.min(Math.max(0, Math.ceil(delayMs)), timeoutMaxMs));
    return () => clearTimeout(timer);
  },
  randomHex: (bytes) => randomBytes(bytes).toString("hex"),
};
