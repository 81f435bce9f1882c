/**
 * Brings the services of a document into force: those of layer 7 in HAProxy, those of layer 4 in the kernel.
 *
 * A change is accepted when HAProxy has read it; its caller is answered once it is kept, and it is in force shortly after:
 * at once where HAProxy can be told it, with the next reload otherwise. What others rely on is waited for (`apply`).
 */
import { userInfo } from "node:os";
import type { FieldError } from "@tandem/base/result";
import { ok, type Result } from "@tandem/base/result";
import type { Peers, ProcessSettings } from "@tandem/haproxy-config/model";
import { type RenderedConfiguration, renderConfiguration } from "@tandem/haproxy-config/render";
import type { HaproxyProcess, Loaded } from "@tandem/linux/haproxy-process";
import { listenable } from "@tandem/linux/listenable";
import { openFilesMax } from "@tandem/linux/open-files";
import { prepareForwarding } from "@tandem/linux/sysctl";
import type { UnitConfiguration } from "../configuration-file.ts";
import type { SharedContent, StoredService } from "../state/document.ts";
import type { AdaptiveWeights } from "./adaptive-weights.ts";
import { isLayer4, type Layer4 } from "./layer4.ts";
import { proxyModel } from "./proxy-model.ts";
import { allServices } from "./sub-services.ts";
import type { UnitChecks } from "./unit-checks.ts";

export const connectionsMax = 9_000;
export const hardStopSeconds = 60;
/** A load that was refused is tried again after so long: what stood in its way may have gone. */
export const retryAfterMs = 10_000;
/** An address that was given up with the last change is free a little later. */
const listenPatienceMs = 200;
const listenPollMs = 20;

export type TrafficParts = {
  readonly configuration: UnitConfiguration;
  readonly haproxy: HaproxyProcess;
  readonly layer4: Layer4;
  readonly unitChecks: UnitChecks;
  readonly adaptiveWeights: AdaptiveWeights;
  /** Under which HAProxy's workers run; they stay what the unit is when it is absent. */
  readonly runAs?: { readonly user: string; readonly group: string };
  /** Something does not work although it is configured, or (no reason) works again. */
  readonly reported: (part: "HAProxy" | "forwarding", reason?: string) => void;
};

/** What is to be in force: services and certificates, for whom persistence tables are, and whether the unit is paired. */
export type TrafficContent = {
  readonly shared: SharedContent;
  readonly peers: Peers;
  readonly paired: boolean;
};

/** Accepted, and not in force yet. */
export type AcceptedTraffic = {
  /** Brings it into force, soon if not at once. */
  readonly put: () => Promise<void>;
  /** It is not to come into force; `before` goes on. */
  readonly drop: () => Promise<void>;
};

export class Traffic {
  readonly #parts: TrafficParts;
  /** What was put last. */
  #content: TrafficContent | undefined;
  #digest: string | undefined;
  #refusedAt: number | undefined;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    parts.haproxy.onLoaded((loaded) => this.#observe(loaded));
  }

  /** In force when it resolves; what is refused leaves everything as it was. */
  async apply(content: TrafficContent): Promise<Result<void, FieldError>> {
    const rendered = this.#render(content);
    if (!rendered.ok) return rendered;
    const layer4 = await this.#putLayer4(content);
    if (!layer4.ok) return layer4;
    const applied = await this.#parts.haproxy.apply(rendered.value);
    if (!applied.ok) {
      if (this.#refusedAt !== undefined) this.#refusedAt = performance.now();
      if (this.#content !== undefined) await this.#putLayer4(this.#content);
      return applied;
    }
    this.#put(content, rendered.value);
    this.#healed();
    return ok(undefined);
  }

  /** HAProxy has read it, the kernel has it, and the addresses of new services can be listened on. */
  async accept(content: TrafficContent): Promise<Result<AcceptedTraffic, FieldError>> {
    const { haproxy } = this.#parts;
    const before = this.#content;
    const rendered = this.#render(content);
    if (!rendered.ok) return rendered;
    const layer4 = await this.#putLayer4(content);
    if (!layer4.ok) return layer4;
    const takeBack = async (): Promise<void> => {
      if (before !== undefined) await this.#putLayer4(before);
    };
    const free = await this.#canListen(content.shared.services, before?.shared.services ?? []);
    const accepted = free.ok ? await haproxy.accept(rendered.value) : free;
    if (!accepted.ok) {
      await takeBack();
      return accepted;
    }
    return ok({
      put: async () => {
        this.#put(content, rendered.value);
        const how = await haproxy.put(accepted.value);
        if (how !== "pending") this.#healed();
      },
      drop: async () => {
        await haproxy.drop(accepted.value);
        await takeBack();
      },
    });
  }

  /** A change has arrived, and may be put; returns what ends that. */
  expect(): () => void {
    return this.#parts.haproxy.expect();
  }

  /** Everything that was put is in force when this resolves, or was refused and reported. */
  settled(): Promise<void> {
    return this.#parts.haproxy.settle();
  }

  /** What was put last did not load, and it is time to try again. */
  get isDue(): boolean {
    return this.#refusedAt !== undefined && performance.now() - this.#refusedAt >= retryAfterMs;
  }

  #put(content: TrafficContent, { digest }: RenderedConfiguration): void {
    this.#content = content;
    this.#digest = digest;
    this.#parts.unitChecks.watch(content.shared);
    this.#parts.adaptiveWeights.watch(content.shared);
  }

  #observe(loaded: Loaded): void {
    if (loaded.how === "refused") {
      this.#refusedAt = performance.now();
      this.#parts.reported("HAProxy", `${loaded.error.message}; ${loaded.error.remedy}`);
    } else if (loaded.digest === this.#digest) this.#healed();
  }

  #healed(): void {
    this.#refusedAt = undefined;
    this.#parts.reported("HAProxy");
  }

  #render({ shared, peers }: TrafficContent): Result<RenderedConfiguration, FieldError> {
    const { haproxy, runAs } = this.#parts;
    const settings: Omit<ProcessSettings, "peers"> = {
      runtimeSocket: haproxy.runtimeSocket,
      filesDirectory: haproxy.filesDirectory,
      maxConnections: connectionsFor(allServices(shared), openFilesMax()),
      hardStopSeconds,
      ...(runAs === undefined || userInfo().uid !== 0 ? {} : { runAs }),
    };
    return renderConfiguration(proxyModel(shared, settings, peers));
  }

  async #putLayer4({ shared, paired }: TrafficContent): Promise<Result<void, FieldError>> {
    const { configuration, layer4, reported } = this.#parts;
    if (shared.services.some((each) => isLayer4(each) && each.enabled)) {
      const devices = [...new Set(configuration.interfaces.map(({ device }) => device))];
      const [failure] = prepareForwarding(devices);
      reported(
        "forwarding",
        failure === undefined ? undefined : `${failure.parameter} cannot be set: ${failure.code}`,
      );
    }
    return layer4.apply(shared, paired);
  }

  /** What a reload would find out later, and what its caller could then not be told. */
  async #canListen(
    services: readonly StoredService[],
    before: readonly StoredService[],
  ): Promise<Result<void, FieldError>> {
    const were = new Set(before);
    const changed = services.filter((each) => !were.has(each));
    if (changed.length === 0) return ok(undefined);
    const listening = new Set(before.filter(isListening).map(placeOf));
    for (const service of changed) {
      if (!isListening(service) || listening.has(placeOf(service))) continue;
      const free = await this.#listenable(service);
      if (!free.ok) return free;
    }
    return ok(undefined);
  }

  async #listenable({ address, port, index }: StoredService): Promise<Result<void, FieldError>> {
    const first = await listenable(address, port, index);
    if (first.ok) return first;
    // HAProxy itself may be there still, for a service that is gone.
    await this.settled();
    const deadline = performance.now() + listenPatienceMs;
    for (;;) {
      const free = await listenable(address, port, index);
      if (free.ok || performance.now() >= deadline) return free;
      await new Promise((resolve) => setTimeout(resolve, listenPollMs));
    }
  }
}

const isListening = (service: StoredService): boolean => service.enabled && !isLayer4(service);
const placeOf = ({ address, port }: StoredService): string => `${address} ${port}`;

/** Files beside those of connections: sockets of the unit, of peers, of workers among themselves. */
const filesReserved = 1_000;
const filesStep = 1_000;

/**
 * Connections of all services together, `services` with their SubVS. Each takes two files, each service and each check one: HAProxy does not start when
 * that is more than the limit. In steps, so that a service more seldom changes it.
 */
export function connectionsFor(services: readonly StoredService[], filesMax: number): number {
  const others = services.reduce((sum, { servers }) => sum + 1 + servers.length, 0);
  const left = filesMax - filesReserved - Math.ceil(others / filesStep) * filesStep;
  return Math.max(100, Math.min(connectionsMax, Math.floor(left / 2)));
}
