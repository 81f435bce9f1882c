/** How often a standby takes over although nothing has happened, while hogs want all of the processor. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { namespaceOf, sharedAddress, units } from "./bed.ts";
import type { Contender } from "./contenders.ts";
import { Pair } from "./rounds.ts";

export type FalseTakeovers = {
  readonly contender: string;
  readonly seconds: number;
  readonly takeovers: number;
};

/** `ready` is called when the pair stands and the counting may begin; it resolves when the hogs run. */
export async function countFalseTakeovers(
  contender: Contender,
  seconds: number,
  ready: () => Promise<void>,
): Promise<FalseTakeovers> {
  const pair = new Pair(contender);
  const children: ChildProcess[] = [];
  try {
    await pair.begin();
    let takeovers = 0;
    for (const unit of units) {
      const monitor = spawn("ip", ["-n", namespaceOf(unit), "monitor", "address"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      children.push(monitor);
      createInterface({ input: monitor.stdout }).on("line", (line) => {
        if (line.includes(` ${sharedAddress}/`) && !line.startsWith("Deleted")) takeovers += 1;
      });
    }
    await ready();
    takeovers = 0;
    await pause(seconds * 1_000);
    return { contender: contender.name, seconds, takeovers };
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await pair.end();
  }
}
