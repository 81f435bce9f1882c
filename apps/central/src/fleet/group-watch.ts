/**
 * Keeps the groups as the units say they are, and tells changes of role (SPEC CH19). The acting Master alone writes; the
 * other unit sees the same in its rows. Nothing is concluded from what a device has not said.
 */
import { type Millis, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { DeviceStatus } from "@tandem/central-api/devices";
import { createRow, type Edit, updateRow } from "@tandem/replica/edits";
import type { NotedEvent } from "../ha/timeline.ts";
import type { DevicePoller } from "./device-poller.ts";
import { type GroupProposal, type KnownDevice, recognise } from "./group-recognition.ts";
import { afterActiveSeen, type KnownRole } from "./group-roles.ts";
import { groupRows } from "./grouped.ts";
import { groupId, groupState, knownDeviceOf, removalOf } from "./ha-groups.ts";
import type { SharedRows } from "./shared-rows.ts";
import { devices, haGroupRoles, haGroups } from "./tables.ts";

/** What is said within this time is looked at together. */
const gatherMs = 20;
/** After a write that failed. */
const retryMs = 5 * second;
/**
 * Two units are seen one after the other, so that in the middle of a failover both may seem active, or none: only what
 * lasts is told.
 */
const unsoundAfterMs = 15 * second;
/** Groups that are written in one look; the rest follows in the next. */
const proposalsPerWriteMax = 50;

const author = "tandem";

export type GroupWatchPorts = {
  readonly world: World;
  readonly shared: SharedRows;
  readonly poller: DevicePoller;
  readonly isActing: () => boolean;
  readonly note: (event: NotedEvent) => void;
};

type Step = { readonly edits: readonly Edit[]; readonly event: NotedEvent | null };

type Unsound = "both active" | "no active member";
const isUnsound = (state: string): state is Unsound =>
  state === "both active" || state === "no active member";

export class GroupWatch {
  readonly #ports: GroupWatchPorts;
  #cancel: Cancel | null = null;
  #cancelAgain: Cancel | null = null;
  #isWriting = false;
  #isStopped = false;
  #seenRows: readonly unknown[] = [];
  /** Groups of which no member, or each, says that it is active; since when, and whether that has been told. */
  readonly #unsound = new Map<string, { readonly state: Unsound; readonly since: Millis; isTold: boolean }>();

  constructor(ports: GroupWatchPorts) {
    this.#ports = ports;
  }

  /** After an attempt at a device. */
  statusChanged(before: DeviceStatus, after: DeviceStatus): void {
    if (before.haRole !== after.haRole || JSON.stringify(before.pair) !== JSON.stringify(after.pair))
      this.#look(gatherMs);
    else if (before.failedAttempts === 0 && after.failedAttempts > 0) this.#look(gatherMs);
  }

  /** The rows, or this unit's role, may have changed. */
  rowsMayHaveChanged(): void {
    const { shared, isActing } = this.#ports;
    const seen = [shared.rows(devices), shared.rows(haGroups), shared.rows(haGroupRoles), isActing()];
    if (seen.every((each, index) => each === this.#seenRows[index])) return;
    this.#seenRows = seen;
    this.#look(gatherMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancelAgain?.();
  }

  #look(afterMs: number): void {
    if (this.#isStopped || !this.#ports.isActing()) return;
    this.#cancel ??= this.#ports.world.after(afterMs, () => {
      this.#cancel = null;
      void this.#write();
    });
  }

  async #write(): Promise<void> {
    if (this.#isStopped || !this.#ports.isActing()) return;
    this.#tellUnsound();
    if (this.#isWriting) return;
    const step = this.#due();
    if (step.length === 0) return;
    this.#isWriting = true;
    const edits = step.flatMap((each) => each.edits);
    const made = await this.#ports.shared
      .write(edits, author, "HA groups as their units say")
      .catch(() => null);
    this.#isWriting = false;
    if (this.#isStopped) return;
    // Told after the write, so that what another Master was faster with is not told twice.
    if (made?.ok) for (const { event } of step) if (event) this.#ports.note(event);
    this.#look(made?.ok ? gatherMs : retryMs);
  }

  /** Roles are looked at once the groups are right. */
  #due(): readonly Step[] {
    const { shared } = this.#ports;
    const known = shared.rows(devices).map(({ key }) => knownDeviceOf(this.#ports, key));
    const proposals = recognise(known, shared.rows(haGroups));
    return proposals.length > 0
      ? proposals.slice(0, proposalsPerWriteMax).map((proposal) => this.#stepFor(proposal))
      : this.#roleSteps().slice(0, proposalsPerWriteMax);
  }

  /** An alarm for each time that it lasts. */
  #tellUnsound(): void {
    const { shared, poller, world, note } = this.#ports;
    const groups = groupRows(shared);
    const ids = new Set(groups.map(({ key }) => key));
    let soonest = Number.POSITIVE_INFINITY;
    for (const id of this.#unsound.keys()) if (!ids.has(id)) this.#unsound.delete(id);
    for (const { key, values } of groups) {
      const { state } = groupState(values.members.map((member) => [member, poller.status(member)]));
      const before = this.#unsound.get(key);
      if (!isUnsound(state)) {
        this.#unsound.delete(key);
        continue;
      }
      const known = before?.state === state ? before : { state, since: world.now(), isTold: false };
      this.#unsound.set(key, known);
      if (known.isTold) continue;
      const left = known.since + unsoundAfterMs - world.now();
      if (left > 0) {
        for (const member of values.members) poller.contactNow(member);
        soonest = Math.min(soonest, left);
        continue;
      }
      known.isTold = true;
      const words = state === "both active" ? "both members say that they are active" : "no member is active";
      note(noted("error", "ha-group-unsound", `HA group ${values.name}: ${words}`));
    }
    this.#cancelAgain?.();
    this.#cancelAgain =
      soonest === Number.POSITIVE_INFINITY ? null : world.after(soonest, () => this.#look(0));
  }

  #stepFor(proposal: GroupProposal): Step {
    const { shared } = this.#ports;
    switch (proposal.kind) {
      case "form": {
        const { members, sharedAddress } = proposal.pair;
        const ids = members.map(({ id }) => id);
        const name = nameFor(members);
        const values = {
          id: groupId(shared, ids),
          name,
          sharedAddress,
          members: ids,
          origin: "units",
        } as const;
        return {
          edits: [createRow(haGroups, values)],
          event: noted(
            "info",
            "ha-group-formed",
            `HA group ${name}: ${wordsFor(members)} say that they are a pair with the shared address ${sharedAddress}`,
          ),
        };
      }
      case "change": {
        const { group, pair } = proposal;
        const { members, sharedAddress } = pair;
        const { values } = group;
        const change = { members: members.map(({ id }) => id), sharedAddress, origin: "units" } as const;
        const isSame =
          values.sharedAddress === sharedAddress &&
          members.every(({ id }, index) => values.members[index] === id);
        return {
          edits: [updateRow(haGroups, group.key, change)],
          // That the units confirm what an operator has said is no news.
          event: isSame
            ? null
            : noted(
                "warning",
                "ha-group-changed",
                `HA group ${values.name}: it is ${wordsFor(members)} with the shared address ${sharedAddress} now, as they say`,
              ),
        };
      }
      case "end": {
        const { group, reason } = proposal;
        return {
          edits: removalOf(shared, group.key),
          event: noted("warning", "ha-group-ended", `HA group ${group.values.name} ended: ${reason}`),
        };
      }
    }
  }

  #roleSteps(): readonly Step[] {
    const { shared, poller } = this.#ports;
    return groupRows(shared).flatMap(({ key, values }): Step[] => {
      const { active } = groupState(values.members.map((member) => [member, poller.status(member)]));
      if (active === null) return [];
      const { pair, lastSeen } = poller.status(active);
      const row = shared.row(haGroupRoles, key);
      const before: KnownRole | undefined = row?.values;
      const at = lastSeen ?? new Date(this.#ports.world.wall()).toISOString();
      const seen = afterActiveSeen(before, { active, since: pair?.activeSince ?? null, at });
      if (seen === null) return [];
      const { after, change } = seen;
      const content = { active: after.active, since: after.since, changes: [...after.changes] };
      const nameOf = (id: string): string => knownDeviceOf(this.#ports, id).name;
      return [
        {
          edits: [
            row === undefined
              ? createRow(haGroupRoles, { group: key, ...content })
              : updateRow(haGroupRoles, key, content),
          ],
          event:
            change &&
            noted(
              "warning",
              "ha-group-role",
              change.from === change.to
                ? `HA group ${values.name}: ${nameOf(change.to)} became active anew at ${change.at}`
                : `HA group ${values.name}: the active role went from ${nameOf(change.from)} to ${nameOf(change.to)} at ${change.at}`,
            ),
        },
      ];
    });
  }
}

const noted = (severity: NotedEvent["severity"], code: string, message: string): NotedEvent => ({
  severity,
  code,
  message,
});
const wordsFor = ([first, second]: readonly [KnownDevice, KnownDevice]): string =>
  `${first.name} (HA1) and ${second.name} (HA2)`;

/** Characters, as in the table. */
const nameMaxLength = 128;
const nameFor = ([first, second]: readonly [KnownDevice, KnownDevice]): string =>
  `${first.name} + ${second.name}`.slice(0, nameMaxLength);
