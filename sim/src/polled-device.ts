/** A device whose counters grow at a known rate from the beginning of the run. */
import { ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import type { DeviceStatistics } from "@tandem/central/stats/core";
import type { CallError } from "@tandem/loadmaster-api/client";
import type { Process } from "./machine.ts";

const connectionsPerSecond = 5;
const answerMs = 20;

export class PolledDevice {
  readonly id = "e".repeat(16);

  connectionsAt(now: number): number {
    return Math.floor((now / second) * connectionsPerSecond);
  }

  fetch(process: Process): Promise<Result<DeviceStatistics, CallError>> {
    const { engine } = process.machine;
    return new Promise((resolve) => {
      engine.after(answerMs, () =>
        process.run(() => {
          const connections = this.connectionsAt(engine.now);
          const totals = {
            active: 3,
            connections,
            bytesIn: connections,
            bytesOut: connections,
            requests: connections,
          };
          resolve(ok({ since: 1, totals, services: [] }));
          engine.settled();
        }),
      );
    });
  }
}
