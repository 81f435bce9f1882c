/** What HAProxy and the kernel count, looked at every two seconds: counters that go on, and real servers that went up or down. */
import { socketText } from "@tandem/base/ipv6";
import { second, type WallMillis } from "@tandem/base/time";
import { serverName, serviceName } from "@tandem/haproxy-config/model";
import { type StatRow, serverStatus } from "@tandem/haproxy-config/statistics";
import type { HaproxyProcess } from "@tandem/linux/haproxy-process";
import { placeText } from "@tandem/loadmaster-api/place";
import type { StatisticsView } from "@tandem/loadmaster-api/views";
import type { SharedContent } from "../state/document.ts";
import { Counters } from "./counters.ts";
import type { Layer4 } from "./layer4.ts";
import { type MachinePlaces, MachineWatch } from "./machine-statistics.ts";
import type { RuntimeState } from "./runtime-state.ts";
import { statisticsView } from "./statistics.ts";
import { allServices } from "./sub-services.ts";
import { type Figures, figuresOf } from "./views.ts";

export const sampleIntervalMs = 2 * second;
/** Figures of everything are asked for no more often. */
export const figuresAgeMaxMs = 100;

export type SampledParts = {
  readonly haproxy: HaproxyProcess;
  readonly layer4: Layer4;
  readonly runtimeState: RuntimeState;
  readonly shared: () => SharedContent;
  readonly log: (level: "info" | "warn", event: string, details: object) => void;
  readonly machine: MachinePlaces;
  /** Of the unit that counts: another one's counters begin anew. */
  readonly unit: string;
};

export class Sampling {
  readonly #parts: SampledParts;
  #counters = new Counters(performance.now());
  readonly #machine: MachineWatch;
  #startedAt = Date.now();
  /** Real servers by proxy and name, as a health check last left them for good. */
  readonly #servers = new Map<string, "Up" | "Down">();
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<readonly StatRow[]> | undefined;
  #figures: { readonly askedAt: number; readonly answer: Promise<Figures> } | undefined;

  constructor(parts: SampledParts) {
    this.#parts = parts;
    this.#machine = new MachineWatch(parts.machine);
    parts.haproxy.onLoaded(() => {
      this.#figures = undefined;
    });
  }

  async start(): Promise<void> {
    await Promise.all([this.sample(), this.#machine.sample()]);
    this.#timer = setInterval(() => {
      void this.sample();
      void this.#machine.sample();
    }, sampleIntervalMs);
  }

  /** All counters begin at nothing, under another epoch, so that nobody takes it for a fall (SPEC CH8). */
  async reset(): Promise<void> {
    await this.#sampling;
    this.#counters = new Counters(performance.now());
    this.#startedAt = Math.max(Date.now(), this.#startedAt + 1);
    await this.sample();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Figures of all services; one that is under way answers for all who ask. */
  sample(): Promise<readonly StatRow[]> {
    this.#sampling ??= this.#take().finally(() => {
      this.#sampling = undefined;
    });
    return this.#sampling;
  }

  /**
   * Figures and states of HAProxy, not older than {@link figuresAgeMaxMs} nor than the last change in HAProxy; empty while
   * it does not answer.
   */
  figures(): Promise<Figures> {
    if (this.#figures === undefined || performance.now() - this.#figures.askedAt >= figuresAgeMaxMs)
      this.#figures = { askedAt: performance.now(), answer: this.#askFigures() };
    return this.#figures.answer;
  }

  /** The same of the servers of one service alone. */
  serverFigures(service: number): Promise<Figures> {
    return this.#askFigures(serviceName(service));
  }

  async #askFigures(backend?: string): Promise<Figures> {
    const { haproxy, layer4, runtimeState } = this.#parts;
    const [rows, steady] = await Promise.all([haproxy.statistics(backend), layer4.rows()]);
    return figuresOf([...(rows.ok ? runtimeState.shown(rows.value) : []), ...steady]);
  }

  /** What `stats` answers. `changedAt`: when the configuration did last. */
  async statistics(changedAt: WallMillis): Promise<StatisticsView> {
    const [rows, machine] = await Promise.all([this.sample(), this.#machine.view()]);
    return statisticsView({
      machine,
      shared: this.#parts.shared(),
      figures: figuresOf(rows),
      counters: this.#counters,
      wall: Date.now(),
      periodMs: sampleIntervalMs,
      changedAt,
      epoch: `${this.#parts.unit}.${this.#startedAt}`,
      since: this.#startedAt,
    });
  }

  async #take(): Promise<readonly StatRow[]> {
    const { haproxy, layer4, log, runtimeState } = this.#parts;
    const [sample, steady] = await Promise.all([haproxy.sample(), layer4.rows()]);
    if (sample.ok) this.#counters.take({ ...sample.value, steady }, performance.now());
    const rows = [...(sample.ok ? runtimeState.shown(sample.value.rows) : []), ...steady];
    for (const { proxy, server, status, check } of rows) {
      const state = serverStatus(status);
      // Before its first check, and while checks disagree, a server is what it was.
      if ((state !== "Up" && state !== "Down") || status.includes("/") || check === "INI" || check === "")
        continue;
      const key = `${proxy}/${server}`;
      const before = this.#servers.get(key);
      this.#servers.set(key, state);
      if (before === undefined || before === state) continue;
      const [level, event] =
        state === "Up" ? (["info", "real-server-up"] as const) : (["warn", "real-server-down"] as const);
      log(level, event, { ...this.#namesOf(proxy, server), check });
    }
    return rows;
  }

  #namesOf(proxy: string, server: string): object {
    const service = allServices(this.#parts.shared()).find((each) => serviceName(each.index) === proxy);
    const real = service?.servers.find((each) => serverName(each.index) === server);
    return {
      service: service === undefined ? proxy : placeText(service),
      server: real === undefined ? server : socketText(real.address, real.port),
    };
  }
}
