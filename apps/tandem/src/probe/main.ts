/** `tandem probe …`: what a client sees of a service, until it is stopped or for so long. */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { monotonicMs } from "@tandem/probe/monotonic";
import { type Probe, startProbe } from "@tandem/probe/probe";
import type { ProberReport } from "@tandem/probe/sampler";
import { isWithinBudget, liveLine, type ProbeRun, probeJson, probeText } from "./report.ts";
import { probeUsage } from "./usage.ts";

const liveIntervalMs = 1_000;
const forSecondsDefault = 600;
const forSecondsMax = 86_400;
/** Beyond the time that is reported on it goes on asking, so that the last requests come to their end. */
const settleMaxMs = 1_000;

class UsageError extends Error {
  override name = "UsageError";
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        interval: { type: "string" },
        timeout: { type: "string" },
        for: { type: "string" },
        budget: { type: "string" },
        hold: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A number that an option gives; undefined where it is not given. */
function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new UsageError(`--${option} ${text} is not a number of at least 0`);
  return value;
}

/** Obeys one command line (without `tandem probe`); answers the exit code. */
export async function runProbe(argv: readonly string[]): Promise<number> {
  try {
    return await obey(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`tandem probe: ${error.message}\n`);
    return 2;
  }
}

async function obey(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  const [target, ...more] = positionals;
  if (values.help) {
    process.stdout.write(probeUsage);
    return 0;
  }
  if (target === undefined || more.length > 0) {
    process.stderr.write(probeUsage);
    return 2;
  }
  const forSeconds = numberOf("for", values.for) ?? forSecondsDefault;
  if (forSeconds === 0 || forSeconds > forSecondsMax)
    throw new UsageError(`--for ${forSeconds} is not between 0 and ${forSecondsMax} seconds`);
  const budgetMs = numberOf("budget", values.budget);
  const intervalMs = numberOf("interval", values.interval) ?? 10;
  const timeoutMs = numberOf("timeout", values.timeout) ?? 1_000;
  const durationMs = Math.min(forSeconds, forSecondsMax) * 1_000;
  const started = startProbe({
    target,
    intervalMs,
    timeoutMs,
    totalMs: Math.min(durationMs + timeoutMs + settleMaxMs, forSecondsMax * 1_000),
    held: values.hold,
  });
  if (!started.ok) throw new UsageError(`${started.error.message}; ${started.error.remedy}`);
  const probe = started.value;
  try {
    const from = monotonicMs();
    const begunAt = Date.now();
    await untilStopped(probe, durationMs, process.stdout.isTTY && !values.json);
    const to = monotonicMs();
    const endedAt = Date.now();
    const report = await settled(probe, from, to, timeoutMs + settleMaxMs);
    const wallOffsetMs = endedAt - to;
    const run: ProbeRun = {
      target,
      begunAt,
      endedAt,
      intervalMs,
      budgetMs,
      report,
      wallOffsetMs,
    };
    process.stdout.write(values.json ? probeJson(run) : probeText(run));
    return isWithinBudget(run) ? 0 : 1;
  } finally {
    await probe.stop();
  }
}

/** Resolves at a signal, or when the time is over; on a terminal a line tells of each second meanwhile. */
async function untilStopped(probe: Probe, durationMs: number, isLive: boolean): Promise<void> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const endsAt = monotonicMs() + durationMs;
  try {
    for (let now = monotonicMs(); now < endsAt && !stopping.signal.aborted; now = monotonicMs()) {
      await delay(Math.min(liveIntervalMs, endsAt - now), undefined, { signal: stopping.signal }).catch(
        () => {},
      );
      if (!isLive) continue;
      const line = liveLine(await probe.report(now, monotonicMs()));
      process.stdout.write(`\r\x1b[K${line.slice(0, Math.max(20, process.stdout.columns - 1))}`);
    }
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    if (isLive) process.stdout.write("\r\x1b[K");
  }
}

/** The report once every request begun in the window has come to an end. */
async function settled(probe: Probe, from: number, to: number, withinMs: number): Promise<ProberReport> {
  const deadline = monotonicMs() + withinMs;
  for (;;) {
    const report = await probe.report(from, to);
    if (report.pending === 0 || monotonicMs() > deadline) return report;
    await delay(20);
  }
}
