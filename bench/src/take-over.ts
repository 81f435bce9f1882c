/** How long nobody is Master after the Master's process was killed, and after it fell silent (SPEC CH7). */
import { routes } from "@tandem/central-api/routes";
import { type Figure, milliseconds, quantile } from "./quantiles.ts";
import { isWhole, pairUp, twoCentrals } from "./two-centrals.ts";

const rounds = 10;
const silentRounds = 3;
const defaultIntervalMs = 30_000;
const shortIntervalSeconds = 5;
const lookEveryMs = 5;

export async function benchTakeOver(): Promise<readonly Figure[]> {
  const killed = await measure(defaultIntervalMs / 1_000, rounds, "SIGKILL");
  const silent = await measure(shortIntervalSeconds, silentRounds, "SIGSTOP");
  const silentGoalMs = shortIntervalSeconds * 1_000 + 3_000;
  return [
    {
      what: `take-over after SIGKILL at an interval of 30 s, median / greatest of ${rounds}`,
      measured: `${milliseconds(quantile(killed, 0.5))} / ${milliseconds(Math.max(...killed))}`,
      goal: "< 1 s",
      met: Math.max(...killed) < 1_000,
    },
    {
      what: `take-over after silence (SIGSTOP) at an interval of ${shortIntervalSeconds} s, greatest of ${silentRounds}`,
      measured: milliseconds(Math.max(...silent)),
      goal: "≤ interval + 3 s",
      // Looking from outside, through an API on a busy machine, adds a little.
      met: Math.max(...silent) <= silentGoalMs + 2 * lookEveryMs + 50,
    },
  ];
}

/** The times in ms from the Master's end to the Slave saying Master; who is Master alternates. */
async function measure(
  heartbeatSeconds: number,
  times: number,
  how: "SIGKILL" | "SIGSTOP",
): Promise<readonly number[]> {
  const pair = twoCentrals();
  try {
    const { a, b } = pair;
    await Promise.all([a.start(), b.start()]);
    for (const central of [a, b])
      await central.client.call(routes.addNetwork, { body: { cidr: "10.0.0.0/8" } });
    await pairUp(pair, heartbeatSeconds);
    // Who is killed stays Slave when it returns: the next round is about the other one.
    await a.client.call(routes.applyHa, { body: { preferredMaster: false } });
    const took: number[] = [];
    for (let round = 0; round < times; round += 1) {
      const [master, slave] = round % 2 === 0 ? [a, b] : [b, a];
      await Promise.all([
        master.becomes("Master, whole", (status) => status.ourState === "Master" && isWhole(status)),
        slave.becomes("Slave, whole", (status) => status.ourState === "Slave" && isWhole(status)),
      ]);
      const from = performance.now();
      const ended = how === "SIGKILL" ? master.kill() : master.signal(how);
      await slave.becomes("Master", ({ ourState }) => ourState === "Master", lookEveryMs);
      took.push(performance.now() - from);
      await ended;
      if (how === "SIGKILL") await master.start();
      else master.signal("SIGCONT");
    }
    return took;
  } finally {
    await pair.close();
  }
}
