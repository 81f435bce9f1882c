/**
 * What the unit itself decides about servers that HAProxy serves: whether one is up, where HAProxy has no such check, and
 * its weight, where that follows what the server says. HAProxy forgets it with every reload, so it is told again after
 * each load, and after a socket that did not answer.
 *
 * A server is named by the indexes of its service and of itself; it may stand in several backends (`vs1`, `vs1.g1`).
 */
import { ok, type Result } from "@tandem/base/result";
import { serverName, serviceName } from "@tandem/haproxy-config/model";
import type { StatRow } from "@tandem/haproxy-config/statistics";
import type { HaproxyProcess } from "@tandem/linux/haproxy-process";
import type { SocketFailure } from "@tandem/linux/haproxy-socket";
import { figureKey } from "./views.ts";

export const tellAgainMs = 1_000;

/** `check`: what found it out, in a few letters such as L3OK. */
export type DecidedHealth = { readonly up: boolean; readonly check: string };

type Wanted = {
  readonly health?: DecidedHealth | undefined;
  /** 0 to 256, as HAProxy counts. */
  readonly weight?: number | undefined;
};

export type RuntimeStateParts = {
  readonly haproxy: Pick<HaproxyProcess, "tell" | "onLoaded">;
  /** HAProxy cannot be told, or (no reason) can again. */
  readonly troubled: (reason: string | undefined) => void;
};

export class RuntimeState {
  readonly #parts: RuntimeStateParts;
  /** By `vs1/rs1`. What is wanted no more stays with neither until HAProxy was told. */
  readonly #wanted = new Map<string, Wanted>();
  /** Commands that the present worker has carried out, by server and what they set. */
  #told = new Map<string, string>();
  /** Where each server stands in the present worker; undefined: not asked yet. */
  #places: ReadonlyMap<string, readonly string[]> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #waits = false;
  #soon: NodeJS.Timeout | undefined;
  #isTroubled = false;
  readonly #ignoreLoads: () => void;

  constructor(parts: RuntimeStateParts) {
    this.#parts = parts;
    this.#ignoreLoads = parts.haproxy.onLoaded(({ how }) => (how === "refused" ? undefined : this.#loaded()));
  }

  /** Undefined: HAProxy decides by itself, and begins with a server that is up. */
  wantHealth(service: number, server: number, health: DecidedHealth | undefined): void {
    this.#want(service, server, { health });
  }

  /** Undefined: the weight of the configuration. */
  wantWeight(service: number, server: number, weight: number | undefined): void {
    this.#want(service, server, { weight });
  }

  /** The rows that HAProxy gives, where those whose health is decided here are no longer ones without a check. */
  shown(rows: readonly StatRow[]): StatRow[] {
    return rows.map((row) => {
      const health = this.#wanted.get(figureKey(row.proxy, row.server))?.health;
      if (health === undefined) return row;
      return {
        ...row,
        status: row.status.startsWith("no check") ? "UP" : row.status,
        check: health.check,
      };
    });
  }

  /** Everything that was wanted before has been told when this resolves, or is tried again later. */
  settled(): Promise<void> {
    return this.#turn;
  }

  stop(): void {
    clearTimeout(this.#soon);
    this.#ignoreLoads();
    this.#wanted.clear();
  }

  #want(service: number, server: number, changes: Wanted): void {
    const key = figureKey(serviceName(service), serverName(server));
    const before = this.#wanted.get(key) ?? {};
    const next = { ...before, ...changes };
    if (isSame(before, next)) return;
    this.#wanted.set(key, next);
    void this.#tellInTurn();
  }

  /** Another worker, or other servers in the same one. */
  #loaded(): Promise<void> {
    this.#told = new Map();
    this.#places = undefined;
    return this.#tellInTurn();
  }

  /** One that has not begun yet tells what is wanted meanwhile as well. */
  #tellInTurn(): Promise<void> {
    if (this.#waits) return this.#turn;
    this.#waits = true;
    this.#turn = this.#turn
      .then(() => {
        this.#waits = false;
        return this.#tell();
      })
      .catch((error: Error) => this.#tellAgain({ code: "no-answer", message: error.message }));
    return this.#turn;
  }

  async #tell(): Promise<void> {
    clearTimeout(this.#soon);
    const wanted = [...this.#wanted].flatMap(([key, each]) => commandsFor(key, each));
    const told = this.#told;
    const due = wanted.filter(({ what, command }) => told.get(what) !== command);
    if (due.length > 0) {
      const places = await this.#whereServersStand();
      if (!places.ok) return this.#tellAgain(places.error);
      const commands = due.flatMap(({ key, command }) =>
        (places.value.get(key) ?? []).map((place) => command.replace(key, place)),
      );
      const said: Result<unknown, SocketFailure> =
        commands.length === 0 ? places : await this.#parts.haproxy.tell(commands);
      if (!said.ok) return this.#tellAgain(said.error);
      for (const { what, command } of due) told.set(what, command);
    }
    for (const [key, { health, weight }] of this.#wanted)
      if (health === undefined && weight === undefined) this.#wanted.delete(key);
    if (this.#isTroubled) this.#parts.troubled(undefined);
    this.#isTroubled = false;
  }

  #tellAgain({ message }: SocketFailure): void {
    this.#isTroubled = true;
    this.#parts.troubled(message);
    this.#soon = setTimeout(() => void this.#tellInTurn(), tellAgainMs);
    this.#soon.unref();
  }

  async #whereServersStand(): Promise<Result<ReadonlyMap<string, readonly string[]>, SocketFailure>> {
    if (this.#places !== undefined) return ok(this.#places);
    const answer = await this.#parts.haproxy.tell(["show servers state"]);
    if (!answer.ok) return answer;
    const places = placesIn(answer.value.join("\n"));
    this.#places = places;
    return ok(places);
  }
}

const isSame = (one: Wanted, other: Wanted): boolean =>
  one.weight === other.weight &&
  one.health?.up === other.health?.up &&
  one.health?.check === other.health?.check;

/** `show servers state` (management.txt §9.3): numbers and names of backend and server come first. */
function placesIn(text: string): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const match = /^\d+ ((vs\d+)\S*) \d+ (rs\d+) /.exec(line);
    if (match === null) continue;
    const [, backend = "", service = "", server = ""] = match;
    const key = figureKey(service, server);
    places.set(key, [...(places.get(key) ?? []), `${backend}/${server}`]);
  }
  return places;
}

/** What was never wanted is not there; what is wanted no more is there as undefined. */
const commandsFor = (
  key: string,
  wanted: Wanted,
): { readonly key: string; readonly what: string; readonly command: string }[] => [
  ...("health" in wanted
    ? [
        {
          key,
          what: `health ${key}`,
          command: `set server ${key} health ${wanted.health?.up === false ? "down" : "up"}`,
        },
      ]
    : []),
  ...("weight" in wanted
    ? [{ key, what: `weight ${key}`, command: `set server ${key} weight ${wanted.weight ?? "100%"}` }]
    : []),
];
