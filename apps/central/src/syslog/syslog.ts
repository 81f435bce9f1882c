/** Syslog of one Central (SPEC CH2): what it receives, whatever its role, and the search in it. */
import { join } from "node:path";
import type { World } from "@tandem/base/world";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { CollectorSettings, SyslogEvent } from "./collector-messages.ts";
import { CollectorThread } from "./collector-thread.ts";
import { LogSearch } from "./log-search.ts";
import { sendersOf } from "./senders.ts";

export type SyslogOptions = {
  readonly stateDir: string;
  readonly settings: Omit<CollectorSettings, "folder">;
  readonly world: World;
  readonly shared: Pick<SharedRows, "rows" | "onChange">;
  readonly onEvent: (event: SyslogEvent) => void;
};

export class Syslog {
  readonly collector: CollectorThread;
  readonly search: LogSearch;
  readonly retentionDays: number;
  readonly #unfollow: () => void;

  constructor({ stateDir, settings, world, shared, onEvent }: SyslogOptions) {
    const folder = join(stateDir, "logs");
    this.retentionDays = settings.retentionDays;
    const senders = sendersOf(shared);
    this.collector = new CollectorThread({ settings: { ...settings, folder }, senders, world, onEvent });
    this.search = new LogSearch({
      folder,
      world,
      onDamage: (day, reason) => this.collector.setAside(day, reason),
    });
    this.#unfollow = shared.onChange((what) => {
      if (what === "data") this.collector.setSenders(sendersOf(shared));
    });
  }

  async stop(): Promise<void> {
    this.#unfollow();
    await Promise.all([this.search.stop(), this.collector.stop()]);
  }
}
