/**
 * Services of the schedule `adaptive`: their servers are asked how loaded they are, and HAProxy is told their weights.
 * Only the unit that carries the traffic asks. One that takes over begins within a second; until then its weights are those
 * that it knows from before, or those that were set.
 */
import type { SharedContent } from "../state/document.ts";
import { type AdaptiveParameters, adaptiveParametersOf, adaptiveWeights, loadMax } from "./adaptive.ts";
import type { RuntimeState } from "./runtime-state.ts";
import { type AnyService, subServicesOf } from "./sub-services.ts";

/** Servers that are asked at one time. */
export const askedMax = 64;
const tickMs = 1_000;

export type AdaptiveWeightsParts = {
  readonly load: (host: string, port: number, path: string) => Promise<number | undefined>;
  readonly carriesTraffic: () => boolean;
  readonly runtimeState: Pick<RuntimeState, "wantWeight">;
  /** A server says otherwise than before that it takes no more connections (load above 100), or takes them again. */
  readonly changed: (address: string, load: number) => void;
};

export class AdaptiveWeights {
  readonly #parts: AdaptiveWeightsParts;
  #services: readonly AnyService[] = [];
  #parameters: AdaptiveParameters = adaptiveParametersOf({});
  /** Who is asked, and for what. */
  #asked = "";
  /** By address: servers of several services on one machine are one load. */
  #loads = new Map<string, number>();
  #askedAt: number | undefined;
  #isAsking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AdaptiveWeightsParts) {
    this.#parts = parts;
  }

  watch(shared: Pick<SharedContent, "services" | "adaptive">): void {
    const services = shared.services
      .filter((each) => each.enabled && each.layer !== 4)
      .flatMap((each) => [each, ...subServicesOf(each).filter(({ enabled }) => enabled)])
      .filter(({ schedule, servers }) => schedule === "adaptive" && servers.length > 0);
    const parameters = adaptiveParametersOf(shared);
    const still = new Set(services.flatMap(({ servers }) => servers.map(({ index }) => index)));
    for (const { index, servers } of this.#services)
      for (const server of servers)
        if (!still.has(server.index)) this.#parts.runtimeState.wantWeight(index, server.index, undefined);
    const { AdaptivePort, AdaptiveURL } = this.#parameters;
    const isElsewhere = parameters.AdaptivePort !== AdaptivePort || parameters.AdaptiveURL !== AdaptiveURL;
    this.#services = services;
    this.#parameters = parameters;
    const addresses = this.#addresses();
    const asked = JSON.stringify([addresses, parameters]);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.#askedAt = undefined;
      const there = new Set(isElsewhere ? [] : addresses);
      this.#loads = new Map([...this.#loads].filter(([address]) => there.has(address)));
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (services.length === 0) return;
    this.#tell();
    this.#timer = setInterval(() => void this.#tick(), tickMs);
    this.#timer.unref();
    void this.#tick();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#services = [];
    this.#asked = "";
  }

  #addresses(): string[] {
    return [...new Set(this.#services.flatMap(({ servers }) => servers.map(({ address }) => address)))];
  }

  async #tick(): Promise<void> {
    const now = performance.now();
    const isDue =
      this.#askedAt === undefined || now - this.#askedAt >= this.#parameters.AdaptiveInterval * 1_000 - 50;
    if (this.#isAsking || !isDue || !this.#parts.carriesTraffic()) return;
    this.#isAsking = true;
    this.#askedAt = now;
    await this.#ask(this.#parameters, this.#asked);
    this.#isAsking = false;
  }

  async #ask({ AdaptivePort, AdaptiveURL }: AdaptiveParameters, asked: string): Promise<void> {
    const addresses = this.#addresses();
    for (let from = 0; from < addresses.length; from += askedMax)
      await Promise.all(
        addresses.slice(from, from + askedMax).map(async (address) => {
          const load = await this.#parts.load(address, AdaptivePort, AdaptiveURL);
          if (asked !== this.#asked) return;
          const before = this.#loads.get(address);
          if (load === undefined) this.#loads.delete(address);
          else this.#loads.set(address, load);
          if (load !== undefined && load > loadMax !== (before ?? 0) > loadMax)
            this.#parts.changed(address, load);
        }),
      );
    this.#tell();
  }

  /** Nothing before the first answers: the weights of the configuration hold. */
  #tell(): void {
    if (this.#loads.size === 0) {
      for (const { index, servers } of this.#services)
        for (const server of servers) this.#parts.runtimeState.wantWeight(index, server.index, undefined);
      return;
    }
    for (const { index, servers } of this.#services) {
      const weights = adaptiveWeights(
        servers,
        (address) => this.#loads.get(address),
        this.#parameters.MinPercent,
      );
      servers.forEach((server, at) => {
        this.#parts.runtimeState.wantWeight(index, server.index, weights[at]);
      });
    }
  }
}
