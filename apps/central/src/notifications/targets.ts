/**
 * Whom this unit notifies (SPEC CH25): rows that are its own, or the pair's while their switch is on (SPEC CH4).
 *
 * They are in memory too, since telling what happened must not depend on the disk that it happened to. The list
 * follows the rows, whichever unit changes them.
 */
import type { World } from "@tandem/base/world";
import type { Acknowledged } from "@tandem/central-api/errors";
import {
  type NotificationChange,
  type NotificationNew,
  notificationTargetsMax,
} from "@tandem/central-api/notifications";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import type { NotedEvent } from "../ha/timeline.ts";
import { Refusal, written } from "../refusal.ts";
import type { OptionalRows } from "../synchronisation/optional-rows.ts";
import type { FormerTargets } from "./former-targets.ts";
import { notificationTargets } from "./tables.ts";
import { type Target, targetOf, unfitness } from "./target.ts";
import { receivers, toldReceiversMax } from "./told-targets.ts";

export type TargetsPorts = {
  readonly rows: OptionalRows;
  /** A target is there no longer, whichever unit removed it. */
  readonly removed: (id: string) => void;
  readonly note: (event: NotedEvent) => void;
};

export type TargetWritten = { readonly target: Target; readonly acknowledged: Acknowledged };

export class Targets {
  readonly #world: World;
  #former: FormerTargets | null;
  #targets: readonly Target[];
  #ports: TargetsPorts | undefined;
  #adding = 0;
  #areTooMany = false;
  #unfollow = (): void => {};

  /** Until `follow` they are what a former version left. */
  constructor(world: World, former: FormerTargets) {
    this.#world = world;
    this.#former = former;
    this.#targets = former.targets;
  }

  /** From now on they are what the rows say. What a former version left becomes rows, now or once the disk lets it. */
  async follow(ports: TargetsPorts): Promise<void> {
    this.#ports = ports;
    this.#unfollow = ports.rows.onChange(() => this.#refresh());
    try {
      await this.#takeOver();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const [fault] = error.errors;
      ports.note({
        severity: "error",
        code: "targets-not-taken-over",
        message: `the notification targets of the former version are still told and cannot be changed: ${fault?.message}; ${fault?.remedy}, then start this unit again`,
      });
    }
    this.#refresh();
  }

  list(): readonly Target[] {
    return this.#targets;
  }

  get areShared(): boolean {
    return this.#rows.isShared(notificationTargets);
  }

  /** Throws the refusal for one that is not there. */
  get(id: string): Target {
    const target = this.#targets.find((each) => each.id === id);
    if (target) return target;
    throw new Refusal(404, {
      code: "target-unknown",
      field: "id",
      value: id,
      message: `there is no notification target "${id}"`,
      remedy: "read the list of targets",
    });
  }

  async add(wanted: NotificationNew, author: string): Promise<TargetWritten> {
    await this.#takeOver();
    // Rows of both units brought together may be more; none of them is refused, and none is added to them.
    if (this.#targets.length + this.#adding >= notificationTargetsMax)
      throw new Refusal(400, {
        code: "too-many",
        field: "",
        message: `there are ${notificationTargetsMax} notification targets already, or more`,
        remedy: "remove one first",
      });
    const id = this.#world.randomHex(8);
    const edit = createRow(notificationTargets, { ...wanted, id });
    refuseUnfit({
      severity: "warning",
      enabled: true,
      secret: "",
      certificateAuthority: "",
      security: "starttls",
      user: "",
      from: "",
      to: [],
      ...wanted,
      id,
      tag: "",
    });
    this.#adding += 1;
    try {
      const words = `notification target ${wanted.name} added`;
      const acknowledged = written(await this.#rows.write([edit], author, words));
      return { target: this.get(id), acknowledged };
    } finally {
      this.#adding -= 1;
    }
  }

  async change(
    id: string,
    change: NotificationChange,
    tag: string | undefined,
    author: string,
  ): Promise<TargetWritten> {
    await this.#takeOver();
    const before = this.get(id);
    refuseUnfit({ ...before, ...change });
    const edit = updateRow(notificationTargets, id, change, tag);
    const words = `notification target ${before.name} changed`;
    const acknowledged = written(await this.#rows.write([edit], author, words));
    return { target: this.get(id), acknowledged };
  }

  async remove(id: string, tag: string | undefined, author: string): Promise<Acknowledged> {
    await this.#takeOver();
    const { name } = this.get(id);
    const edit = deleteRow(notificationTargets, id, tag);
    return written(await this.#rows.write([edit], author, `notification target ${name} removed`));
  }

  close(): void {
    this.#unfollow();
  }

  get #rows(): OptionalRows {
    if (this.#ports === undefined)
      throw new Error("notification targets are asked for before they are there");
    return this.#ports.rows;
  }

  /** Throws the refusal that says why the rows cannot be kept; the former file is then left as it is. */
  async #takeOver(): Promise<void> {
    const former = this.#former;
    if (former === null) return;
    const values = former.targets.map(({ tag: _, ...each }) => each);
    written(await this.#rows.bring(notificationTargets, values, "tandem"));
    this.#former = null;
    try {
      former.remove();
    } catch {
      // The rows are kept; the next start finds the file, knows each of its targets, and removes it.
    }
    this.#refresh();
  }

  #refresh(): void {
    const { rows, removed, note } = this.#ports as TargetsPorts;
    const kept = rows.rows(notificationTargets).map(targetOf);
    const ids = new Set(kept.map(({ id }) => id));
    const left = (this.#former?.targets ?? []).filter(({ id }) => !ids.has(id));
    const before = this.#targets;
    this.#targets = [...kept, ...left];
    for (const { id } of left) ids.add(id);
    for (const { id } of before) if (!ids.has(id)) removed(id);
    const areTooMany = receivers(this.#targets).length > toldReceiversMax;
    if (areTooMany && !this.#areTooMany)
      note({
        severity: "warning",
        code: "targets-too-many",
        message: `there are more than ${toldReceiversMax} receivers of notifications, and only the first ${toldReceiversMax} are told: remove those that are not needed`,
      });
    this.#areTooMany = areTooMany;
  }
}

function refuseUnfit(target: Target): void {
  const fault = unfitness(target);
  if (fault !== null) throw new Refusal(400, fault);
}
