/** The unit's own checks, one after the other for each server, and what they have come to. */
import type { HealthCheck } from "@tandem/haproxy-config/model";
import type { CheckedServer } from "./server-check.ts";
import { healthAfter, healthAtFirst, nextCheckMs, type ServerHealth, type Verdict } from "./server-health.ts";

/** Checks under way at one time; one more waits for its next turn. */
export const checksMax = 256;
const checkPostponedMs = 1_000;

export type WatchedServer = {
  /** Unlike all others'. */
  readonly name: string;
  readonly server: CheckedServer;
  readonly check: HealthCheck;
};

type Watched = {
  readonly key: string;
  health: ServerHealth;
  timer: NodeJS.Timeout | undefined;
  ended: boolean;
};

type TimedCheck = Exclude<HealthCheck, { readonly kind: "none" }>;

export class ServerChecks {
  readonly #check: (check: HealthCheck, server: CheckedServer) => Promise<Verdict>;
  /** After each check. */
  readonly #found: (name: string, before: ServerHealth, now: ServerHealth) => void;
  #watched = new Map<string, Watched>();
  #underWay = 0;

  constructor(
    check: (check: HealthCheck, server: CheckedServer) => Promise<Verdict>,
    found: (name: string, before: ServerHealth, now: ServerHealth) => void,
  ) {
    this.#check = check;
    this.#found = found;
  }

  /** These and no others. One whose check or place has changed is watched anew; it stays what it was until a check says otherwise. */
  watch(servers: readonly WatchedServer[]): void {
    const watched = new Map<string, Watched>();
    for (const { name, server, check } of servers) {
      if (check.kind === "none") continue;
      const key = JSON.stringify([server.address, server.port, check]);
      const before = this.#watched.get(name);
      if (before?.key === key) {
        watched.set(name, before);
        continue;
      }
      const health = before?.health ?? healthAtFirst;
      const each: Watched = { key, health, timer: undefined, ended: false };
      watched.set(name, each);
      this.#again(name, each, check, server, 0);
    }
    for (const [name, each] of this.#watched) if (watched.get(name) !== each) end(each);
    this.#watched = watched;
  }

  /** Up, before the first check and of a server that is not watched. */
  healthOf(name: string): ServerHealth {
    return this.#watched.get(name)?.health ?? healthAtFirst;
  }

  #again(name: string, watched: Watched, check: TimedCheck, server: CheckedServer, ms: number): void {
    watched.timer = setTimeout(async () => {
      if (this.#underWay >= checksMax) return this.#again(name, watched, check, server, checkPostponedMs);
      this.#underWay += 1;
      const verdict = await this.#check(check, server);
      this.#underWay -= 1;
      if (watched.ended) return;
      const before = watched.health;
      watched.health = healthAfter(before, verdict, check.timing.retries);
      this.#found(name, before, watched.health);
      this.#again(name, watched, check, server, nextCheckMs(watched.health, check.timing.intervalSeconds));
    }, ms);
  }
}

function end(watched: Watched): void {
  watched.ended = true;
  clearTimeout(watched.timer);
}
