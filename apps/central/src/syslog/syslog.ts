/** Syslog of one Central (SPEC CH2): what it receives, whatever its role, and the search in it. */
import { join } from "node:path";
import type { World } from "@tandem/base/world";
import type { Fleet } from "../fleet/fleet.ts";
import type { CollectorSettings, SyslogEvent } from "./collector-messages.ts";
import { CollectorThread } from "./collector-thread.ts";
import { DeviceSyslog } from "./device-syslog.ts";
import { LogSearch } from "./log-search.ts";
import { announce, type ReceiversPair, receiversBasis, receiversFor } from "./receivers.ts";
import { sendersOf } from "./senders.ts";

export type SyslogOptions = {
  readonly stateDir: string;
  readonly settings: Omit<CollectorSettings, "folder"> & { readonly announcedAddress: string | null };
  readonly world: World;
  readonly pair: ReceiversPair & { readonly isActing: boolean };
  readonly fleet: Pick<Fleet, "syslogOf" | "aroundRemoval">;
  readonly onEvent: (event: SyslogEvent) => void;
};

export class Syslog {
  readonly collector: CollectorThread;
  readonly search: LogSearch;
  readonly retentionDays: number;
  readonly #devices: DeviceSyslog;
  readonly #unfollow: () => void;

  constructor({ stateDir, settings, world, pair, fleet, onEvent }: SyslogOptions) {
    const { announcedAddress, ...listening } = settings;
    const folder = join(stateDir, "logs");
    this.retentionDays = settings.retentionDays;
    const senders = sendersOf(pair);
    this.collector = new CollectorThread({ settings: { ...listening, folder }, senders, world, onEvent });
    this.search = new LogSearch({
      folder,
      world,
      onDamage: (day, reason) => this.collector.setAside(day, reason),
    });
    this.#unfollow = pair.onChange((what) => {
      if (what === "data") this.collector.setSenders(sendersOf(pair));
    });
    this.#devices = new DeviceSyslog({
      world,
      shared: pair,
      isActing: () => pair.isActing,
      device: (target) => fleet.syslogOf(target),
      receivers: (deviceAddress) => receiversFor(pair, settings.address, deviceAddress),
      port: () => this.#port(settings.port),
      basis: () => receiversBasis(pair),
      onEvent,
    });
    fleet.aroundRemoval = (row, remove) => this.#devices.aroundRemoval(row, remove);
    // A pair that cannot keep it has stopped, and its owner knows why.
    void announce(pair, announcedAddress).catch(() => undefined);
  }

  /** The port that devices send to; null while a free one is still to be found. */
  #port(configured: number): number | null {
    if (configured !== 0) return configured;
    return this.collector.status?.listeners.find(({ error }) => error === null)?.port ?? null;
  }

  async stop(): Promise<void> {
    this.#unfollow();
    this.#devices.stop();
    await Promise.all([this.search.stop(), this.collector.stop()]);
  }
}
