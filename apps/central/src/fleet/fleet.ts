/** The fleet of one Central: its part of the shared rows, and the devices behind them, which it contacts by itself. */
import { second } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { DeviceStatus } from "@tandem/central-api/devices";
import type { Tree } from "@tandem/central-api/tree";
import type { DrilledDevice } from "../drills/loadmaster-pairs.ts";
import type { HighAvailability } from "../ha/shell.ts";
import type { CalledDevice, FoundTarget } from "../schedule/loadmaster-devices.ts";
import { readStatistics } from "../stats/loadmaster-statistics.ts";
import type { FetchStatistics } from "../stats/polling.ts";
import type { SyslogOfDevice } from "../syslog/device-syslog.ts";
import { callTarget } from "./call-target.ts";
import type { ContactDevice } from "./device-contact.ts";
import { type DeviceTarget, LoadMasterContacts } from "./device-contact.ts";
import { DevicePoller, type PolledDevice, pollIntervalMsDefault } from "./device-poller.ts";
import { type DeviceRow, type DeviceWorld, listDevices, targetOf } from "./devices.ts";
import { GroupWatch } from "./group-watch.ts";
import { groupOf, groupRows } from "./grouped.ts";
import { listHaGroups } from "./ha-groups.ts";
import { depthOf, smallestAround } from "./network-tree.ts";
import { listNetworks } from "./networks.ts";
import type { ConfiguredDevice, ServicesWorld } from "./services.ts";
import type { SharedRows } from "./shared-rows.ts";
import { devices } from "./tables.ts";
import { TermAnnouncement } from "./term-announcement.ts";

/** Members of groups are asked so often, so that a change of role is soon seen; with more groups than this, as others. */
const memberIntervalMs = 10 * second;
const groupsAskedOftenMax = 100;

export class Fleet implements ServicesWorld {
  readonly world: World;
  readonly shared: SharedRows;
  readonly poller: DevicePoller;
  readonly contact: ContactDevice;
  /** Set by who has changed something on devices that must be undone. */
  aroundRemoval: NonNullable<DeviceWorld["aroundRemoval"]> = (_row, remove) => remove();
  readonly #contacts: LoadMasterContacts;
  readonly #unfollow: () => void;
  #endTelling: () => void = () => {};
  #endWatching: () => void = () => {};
  #groupWatch: GroupWatch | undefined;
  #followed: readonly DeviceRow[] | undefined;

  constructor(
    shared: SharedRows,
    world: World,
    options: { readonly pollIntervalMs?: number; readonly contactTimeoutMs?: number } = {},
  ) {
    this.shared = shared;
    this.world = world;
    this.#contacts = new LoadMasterContacts(options.contactTimeoutMs);
    this.contact = this.#contacts.contact;
    this.poller = new DevicePoller({
      world,
      contact: this.contact,
      onStatus: (id, before, after) => this.#statusChanged(id, before, after),
      intervalMs: (id) => {
        const { pollIntervalMs = pollIntervalMsDefault } = options;
        const isOften = groupRows(shared).length <= groupsAskedOftenMax && groupOf(shared, id) !== undefined;
        return isOften ? Math.min(pollIntervalMs, memberIntervalMs) : pollIntervalMs;
      },
    });
    this.#unfollow = shared.onChange((what) => {
      if (what === "data") this.#follow();
    });
    this.#follow();
  }

  configured(target: DeviceTarget): ConfiguredDevice {
    return this.#contacts.client(target);
  }

  syslogOf(target: DeviceTarget): SyslogOfDevice {
    return this.#contacts.client(target);
  }

  called(target: DeviceTarget): CalledDevice {
    return this.#contacts.client(target);
  }

  drilled(target: DeviceTarget): DrilledDevice {
    return this.#contacts.client(target);
  }

  /** What a device has counted (SPEC CH8). A unit of ours hears by the way under which term it is asked. */
  readonly statistics: FetchStatistics<DeviceTarget> = async (target, term) => {
    const client = this.#contacts.client(target);
    const answer = await client.statistics(term.n > 0 ? term : undefined);
    return answer.ok ? readStatistics(answer.value) : answer;
  };

  /** From now on devices hear of each term of this unit's when it begins. */
  tellTerms(pair: Pick<HighAvailability, "identity" | "isActing" | "epoch" | "onChange">): void {
    const announcement = new TermAnnouncement<DeviceTarget>({
      world: this.world,
      term: () => {
        const { isActing, epoch, identity } = pair;
        return isActing && epoch.n > 0 && epoch.unit === identity.unit ? epoch : null;
      },
      devices: () =>
        this.targets().map(({ id, target }) => ({
          id,
          target,
          isDown: this.poller.status(id).state === "down",
        })),
      tell: (target, term) => this.#contacts.client(target).tellEpoch(term),
    });
    const unfollow = pair.onChange((what) => {
      if (what === "status") announcement.look();
    });
    this.#endTelling = () => {
      unfollow();
      announcement.stop();
    };
    announcement.look();
  }

  /** From now on this unit, while it acts, keeps the groups as their units say, and tells changes of role. */
  watchGroups(pair: Pick<HighAvailability, "isActing" | "onChange" | "note">): void {
    const watch = new GroupWatch({
      world: this.world,
      shared: this.shared,
      poller: this.poller,
      isActing: () => pair.isActing,
      note: (event) => pair.note(event),
    });
    const unfollow = pair.onChange(() => watch.rowsMayHaveChanged());
    this.#groupWatch = watch;
    this.#endWatching = () => {
      unfollow();
      watch.stop();
    };
    watch.rowsMayHaveChanged();
  }

  /** Of one device, whatever group it is in; undefined when it is not in the tree. */
  targetOfDevice(id: string): DeviceTarget | undefined {
    const row = this.shared.row(devices, id);
    return row && targetOf(row);
  }

  /** Where an action on a device, or on a group, goes now (SPEC CH19). */
  findTarget(id: string): FoundTarget | undefined {
    const found = callTarget(this, id);
    const [target] = found?.targets ?? [];
    if (found === undefined || target === undefined) return undefined;
    const { group } = found;
    const askMembers = (): void => {
      for (const member of group?.values.members ?? []) this.poller.contactNow(member);
    };
    return { target, roleMoved: group ? askMembers : null };
  }

  /** The devices of the tree, as they are polled. */
  targets(): readonly PolledDevice[] {
    return this.shared.rows(devices).map((row) => ({ id: row.key, target: targetOf(row) }));
  }

  /** The network tree as it is drawn. */
  tree(): Tree {
    const networks = listNetworks(this.shared);
    const all = [...listDevices(this)];
    const groups = [...listHaGroups(this)];
    const cidrs = networks.map(({ cidr }) => cidr);
    return {
      networks: networks.map((network) => ({
        ...network,
        parent: smallestAround(cidrs, network.cidr),
        depth: depthOf(cidrs, network.cidr),
        devices: all.filter((device) => device.network === network.cidr).map(({ id }) => id),
        haGroups: groups.filter((group) => group.network === network.cidr).map(({ id }) => id),
      })),
      devices: all,
      haGroups: groups,
      unplaced: all.filter((device) => device.network === null).map(({ id }) => id),
    };
  }

  stop(): void {
    this.#unfollow();
    this.#endTelling();
    this.#endWatching();
    this.poller.stop();
  }

  #follow(): void {
    // The list is the same one until a device changes, and most changes are of something else.
    const rows = this.shared.rows(devices);
    if (rows === this.#followed) return;
    this.#followed = rows;
    const polled = this.targets();
    this.#contacts.keepOnly(polled.map(({ target }) => target));
    this.poller.follow(polled);
  }

  /** When one member says something else of the pair, so does the other, most likely: it is asked at once (CH19). */
  #statusChanged(id: string, before: DeviceStatus, after: DeviceStatus): void {
    this.#groupWatch?.statusChanged(before, after);
    const isSame =
      before.haRole === after.haRole && JSON.stringify(before.pair) === JSON.stringify(after.pair);
    if (isSame) return;
    const group = groupOf(this.shared, id);
    for (const member of group?.values.members ?? []) if (member !== id) this.poller.contactNow(member);
  }
}
