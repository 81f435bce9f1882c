/**
 * Removes shared rows of generations that are over (SPEC CH4): since the switch was turned, each unit has had its own
 * copy of them, or they are shared under a later number.
 *
 * A row may go once neither unit needs it and neither knows a change that the other lacks. The unit that executes asks
 * the other where its rows are; the answer carries the digest of what it has, and counts only while this unit has the very
 * same. A switch that is turned after that moment goes to a later generation, on whichever unit it is turned, so
 * nothing that is removed is ever needed again. A unit without a peer asks nobody.
 */

import type { Json } from "@tandem/base/canonical-json";
import { fits } from "@tandem/base/check";
import { type Static, Type } from "@tandem/base/schema";
import { minute } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { Edit } from "@tandem/replica/edits";
import type { Channel, ChannelPorts } from "../ha/channels.ts";
import type { OptionalRows } from "./optional-rows.ts";
import { switchNames } from "./tables.ts";

/** Looked for at most so often, and asked again while there are some. */
export const lookIntervalMs = 1 * minute;
/** Removed in one transaction; the next look removes more. */
const rowsPerLookMax = 1_000;

const Homes = Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 2 });
const Ask = Type.Object({ type: Type.Literal("ask") });
/** Of a switch that is not named nothing is known, and nothing is removed. */
const Homed = Type.Object({
  type: Type.Literal("homes"),
  homes: Type.Partial(
    Type.Object({
      repository: Homes,
      profiles: Homes,
      targetEnvironments: Homes,
      users: Homes,
      notifications: Homes,
    }),
  ),
  digest: Type.String({ pattern: "^[0-9a-f]{64}$" }),
});

export type FormerRowsPorts = {
  readonly world: World;
  readonly rows: Pick<OptionalRows, "homesInUse" | "removalsOfFormer" | "onChange">;
  readonly openChannel: (ports: ChannelPorts) => Channel;
  readonly write: (edits: readonly Edit[]) => Promise<unknown>;
  isActing(): boolean;
  hasPeer(): boolean;
  /** Of everything that is shared. */
  digest(): string;
};

export class FormerRows {
  readonly #ports: FormerRowsPorts;
  readonly #channel: Channel;
  readonly #unfollow: () => void;
  #cancel: Cancel | null = null;
  #isStopped = false;

  constructor(ports: FormerRowsPorts) {
    this.#ports = ports;
    this.#channel = ports.openChannel({
      received: (body) => this.#receive(body),
      opened: () => this.#lookLater(),
    });
    this.#unfollow = ports.rows.onChange(() => this.#lookLater());
    this.#lookLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unfollow();
    this.#cancel?.();
  }

  #lookLater(): void {
    if (this.#isStopped) return;
    this.#cancel ??= this.#ports.world.after(lookIntervalMs, () => {
      this.#cancel = null;
      this.#look();
    });
  }

  #look(): void {
    const { rows, isActing, hasPeer } = this.#ports;
    const nowhere = Object.fromEntries(switchNames.map((name) => [name, []]));
    if (!isActing() || rows.removalsOfFormer(nowhere, 1).length === 0) return;
    if (hasPeer()) this.#channel.send({ type: "ask" });
    else this.#remove(nowhere);
    this.#lookLater();
  }

  #receive(body: Json): void {
    const { rows, digest, isActing } = this.#ports;
    if (fits(Ask, body))
      this.#channel.send({ type: "homes", homes: rows.homesInUse(), digest: digest() } as Json);
    else if (fits(Homed, body)) {
      const { homes, digest: theirs } = body as unknown as Static<typeof Homed>;
      if (!this.#isStopped && isActing() && theirs === digest()) this.#remove(homes);
    }
  }

  #remove(elsewhere: Parameters<OptionalRows["removalsOfFormer"]>[0]): void {
    const edits = this.#ports.rows.removalsOfFormer(elsewhere, rowsPerLookMax);
    if (edits.length === 0) return;
    // What a disk or a stop prevents is tried again at the next look; the pair tells of the trouble itself.
    this.#ports.write(edits).catch(() => undefined);
  }
}
