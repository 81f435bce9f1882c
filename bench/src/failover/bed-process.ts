/** One bed and the rounds on it, in a process of its own; `beds.ts` starts it and gives it orders. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildBed, namespaceOf, removeBed } from "./bed.ts";
import { contenders } from "./contenders.ts";
import { countFalseTakeovers } from "./false-takeovers.ts";
import type { Answer, Block, Order } from "./orders.ts";
import { Pair } from "./rounds.ts";

/** Of the whole session, beside those of the machine's other work (sched(7), autogroups). */
const autogroupNice = -20;
const actionTimeoutMs = 60_000;

const tell = (answer: Answer): void => {
  process.send?.(answer);
};
const named = (name: string) => {
  const found = contenders.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no contender "${name}"`);
  return found;
};

async function measure(block: Block): Promise<void> {
  const pair = new Pair(named(block.contender));
  try {
    await pair.begin();
    for (const { event, count } of block.rounds)
      for (let done = 0; done < count; done += 1) tell({ answer: "round", round: await pair.round(event) });
  } finally {
    await pair.end();
  }
}

function takeoverTimes(rounds: number): readonly number[] {
  const script = fileURLToPath(new URL("./takeover-action.ts", import.meta.url));
  const command = ["netns", "exec", namespaceOf("a"), process.execPath, script, String(rounds)];
  const text = execFileSync("ip", command, { encoding: "utf8", timeout: actionTimeoutMs });
  return JSON.parse(text) as number[];
}

let hogsRun: () => void = () => undefined;

async function obey(order: Order): Promise<void> {
  switch (order.order) {
    case "block":
      return measure(order.block);
    case "takeover action":
      return tell({ answer: "action times", times: takeoverTimes(order.rounds) });
    case "false take-overs": {
      const counted = await countFalseTakeovers(named(order.contender), order.seconds, () => {
        const run = new Promise<void>((resolve) => {
          hogsRun = resolve;
        });
        tell({ answer: "stands" });
        return run;
      });
      return tell({ answer: "counted", counted });
    }
    case "hogs run":
      return hogsRun();
  }
}

/** Everything that belongs to the bed is in this process's session; where the kernel knows no autogroups it stays as it is. */
function raisePriority(): void {
  try {
    writeFileSync("/proc/self/autogroup", String(autogroupNice));
  } catch {
    process.stderr.write("the bed's priority cannot be raised; other work on the machine will be seen\n");
  }
}

if (import.meta.main) {
  raisePriority();
  let isOver = false;
  const end = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await removeBed();
    process.exit(0);
  };
  process.on("SIGTERM", () => void end());
  // A leader that was killed leaves no bed behind.
  process.on("disconnect", () => void end());
  await buildBed();
  process.on("message", (order: Order) => {
    void obey(order)
      .then(() => {
        if (order.order !== "hogs run") tell({ answer: "done" });
      })
      .catch(async (error: Error) => {
        if (isOver) return;
        await buildBed();
        tell({ answer: "failed", reason: error.message });
      });
  });
  tell({ answer: "done" });
}
