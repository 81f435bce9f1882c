import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { err, ok } from "@tandem/base/result";
import type { DeviceStatus, PairOfDevice } from "@tandem/central-api/devices";
import { createRow } from "@tandem/replica/edits";
import { Replica } from "@tandem/replica/replica";
import type { Table } from "@tandem/replica/schema";
import { VirtualWorld } from "../files/virtual-pair.ts";
import {
  addNetwork,
  type Central,
  eventually,
  networks,
  setUp,
  startCentral,
  stateOf,
} from "../ha/pair-on-loopback.ts";
import type { NotedEvent } from "../ha/timeline.ts";
import { realWorld } from "../real-world.ts";
import { DevicePoller } from "./device-poller.ts";
import { type DeviceRole, neverContacted } from "./device-status.ts";
import { GroupWatch } from "./group-watch.ts";
import { groupOf, groupRows } from "./grouped.ts";
import type { SharedRows } from "./shared-rows.ts";
import { devices, haGroupRoles, haGroups } from "./tables.ts";

const tables = [networks, devices, haGroups, haGroupRoles] as unknown as readonly Table[];
const idOf = (n: number): string => `00000000000000d${n}`;
const addressOf = (n: number): string => `10.0.0.${n}`;

/** What the units say, whoever of the two Centrals asks. */
class Units {
  readonly roles = new Map<number, DeviceRole>();
  readonly partners = new Map<number, number>();

  pair(one: number, other: number): void {
    this.partners.set(one, other);
    this.partners.set(other, one);
    this.roles.set(one, "active");
    this.roles.set(other, "standby");
  }
  said(n: number): PairOfDevice | null {
    const partner = this.partners.get(n);
    return partner === undefined
      ? null
      : {
          unit: n < partner ? "HA1" : "HA2",
          virtualId: 1,
          ownAddresses: [],
          partnerAddresses: [addressOf(partner)],
          sharedAddresses: ["10.0.0.100"],
          activeSince: null,
          report: "",
        };
  }
}

/** A Central's part in groups: its poller and its watch, and what it tells. */
function watched(t: TestContext, { ha }: Central, units: Units) {
  const told: NotedEvent[] = [];
  const poller = new DevicePoller({
    intervalMs: 30,
    contact: ({ address }) => {
      const n = Number(address.split(".").at(-1));
      const haRole = units.roles.get(n);
      return Promise.resolve(
        haRole === undefined
          ? err({ kind: "timeout", message: "no answer", timeoutMs: 1 })
          : ok({ kind: "answered", version: null, name: null, haRole, pair: units.said(n), fingerprint: "" }),
      );
    },
    onStatus: (_id, before, after) => watch.statusChanged(before, after),
  });
  const watch: GroupWatch = new GroupWatch({
    world: realWorld,
    shared: ha,
    poller,
    isActing: () => ha.isActing,
    note: (event) => told.push(event),
  });
  const follow = (): void => {
    poller.follow(
      ha.rows(devices).map(({ key, values }) => ({
        id: key,
        target: { address: values.address, port: 443, user: "", password: "", fingerprint: "" },
      })),
    );
    watch.rowsMayHaveChanged();
  };
  const unfollow = ha.onChange(follow);
  follow();
  const end = (): void => {
    unfollow();
    watch.stop();
    poller.stop();
  };
  t.after(end);
  return { told, codes: () => told.map(({ code }) => code), end };
}

const addDevices = (central: Central, count: number) =>
  central.ha.write(
    Array.from({ length: count }, (_, index) =>
      createRow(devices, {
        id: idOf(index + 1),
        name: `lm${index + 1}`,
        address: addressOf(index + 1),
        port: 443,
        user: "bal",
        password: "secret",
        certificateFingerprint: "a".repeat(64),
      }),
    ),
    "admin",
    "devices",
  );

async function startPair(t: TestContext, count: number): Promise<readonly [Central, Central]> {
  const [a, b] = [
    await startCentral(t, "central1", "127.0.0.1", undefined, undefined, tables),
    await startCentral(t, "central2", "127.0.0.2", undefined, undefined, tables),
  ];
  await addNetwork(a, "10.0.0.0/8");
  await addNetwork(b, "10.0.0.0/8");
  await addDevices(a, count);
  await setUp(a, b);
  return [a, b];
}

const membersOn = ({ ha }: Central): string[] => groupRows(ha).map(({ values }) => values.members.join());

test("[CH19] the acting Master alone forms groups and tells changes of role, each once, also over a takeover", async (t) => {
  const [a, b] = await startPair(t, 2);
  const units = new Units();
  units.pair(1, 2);
  const [onA, onB] = [watched(t, a, units), watched(t, b, units)];
  const members = `${idOf(1)},${idOf(2)}`;
  await eventually("both show the group, and who is active", () =>
    [a, b].every((each) => membersOn(each).join() === members && each.ha.rows(haGroupRoles).length === 1),
  );
  units.roles.delete(1);
  units.roles.set(2, "active");
  await eventually("the change is told", () => onA.codes().includes("ha-group-role"));
  assert.match(onA.told.at(-1)?.message ?? "", /the active role went from lm1 to lm2 at \d{4}-/);
  units.roles.set(1, "standby");
  await eventually("both know it", () =>
    [a, b].every(({ ha }) => ha.rows(haGroupRoles)[0]?.values.changes.length === 1),
  );
  onA.end();
  await a.kill();
  await eventually("B acts", () => stateOf(b) === "Master" && b.ha.isActing);
  units.roles.set(1, "active");
  units.roles.set(2, "standby");
  await eventually("the next change is told", () => onB.codes().includes("ha-group-role"));
  assert.deepEqual(onA.codes(), ["ha-group-formed", "ha-group-role"]);
  assert.deepEqual(onB.codes(), ["ha-group-role"], "what A has told is not told again");
  assert.deepEqual(
    b.ha.rows(haGroupRoles)[0]?.values.changes.map(({ from, to }) => [from, to]),
    [
      [idOf(2), idOf(1)],
      [idOf(1), idOf(2)],
    ],
  );
});

test("[CH19] [CH20] two Centrals that grouped one device differently while apart agree once they meet, and what its units say stands", async (t) => {
  const [a, b] = await startPair(t, 3);
  const group = (central: Central, id: string, members: readonly number[]) =>
    central.ha.write(
      [createRow(haGroups, { id, name: id, sharedAddress: "10.0.0.100", members: members.map(idOf) })],
      "admin",
      "group",
    );
  await b.kill();
  await group(a, "00000000000000b1", [1, 2]);
  await a.kill();
  await b.restart();
  await group(b, "00000000000000a1", [1, 3]);
  await a.restart();
  await eventually(
    "each has both rows",
    () => [a, b].every(({ ha }) => ha.rows(haGroups).length === 2),
    30_000,
  );
  for (const central of [a, b]) {
    assert.deepEqual(membersOn(central), [`${idOf(1)},${idOf(3)}`], central.name);
    assert.equal(groupOf(central.ha, idOf(2)), undefined);
  }
  const units = new Units();
  units.pair(1, 2);
  units.roles.set(3, "single");
  const watches = [watched(t, a, units), watched(t, b, units)];
  await eventually("one group is left, as the units say", () =>
    [a, b].every(({ ha }) => ha.rows(haGroups).length === 1 && groupOf(ha, idOf(2)) === groupOf(ha, idOf(1))),
  );
  assert.deepEqual(membersOn(a), [`${idOf(1)},${idOf(2)}`]);
  assert.equal(groupRows(b.ha)[0]?.key, "00000000000000b1");
  const ended = (): number =>
    watches.flatMap(({ codes }) => codes()).filter((code) => code === "ha-group-ended").length;
  await eventually("that a group is gone is told", () => ended() > 0);
  assert.equal(ended(), 1, "once");
});

test("[CH19] two active members are an alarm once that has lasted, and none in the middle of a failover", () => {
  const world = new VirtualWorld();
  const replica = Replica.empty([devices, haGroups, haGroupRoles] as unknown as readonly Table[], "");
  const values = { port: 443, user: "bal", password: "secret", certificateFingerprint: "a".repeat(64) };
  const edits = [
    ...[1, 2].map((n) =>
      createRow(devices, { ...values, id: idOf(n), name: `lm${n}`, address: addressOf(n) }),
    ),
    createRow(haGroups, {
      id: "00000000000000a1",
      name: "web",
      sharedAddress: "10.0.0.100",
      members: [idOf(1), idOf(2)],
    }),
  ];
  const author = { author: "admin", unit: "a".repeat(16), wall: 1, incarnation: "1".repeat(16) };
  assert.ok(replica.write({ edits, ...author }).ok);
  const told: string[] = [];
  const roles: { [id: string]: DeviceRole } = { [idOf(1)]: "active", [idOf(2)]: "active" };
  const statusOf = (id: string): DeviceStatus => ({
    ...neverContacted,
    haRole: roles[id] ?? "unknown",
    lastSeen: new Date(world.wall()).toISOString(),
  });
  const shared = {
    row: (table: never, key: string) => replica.row(table, key),
    rows: (table: never) => replica.rows(table),
    write: () => Promise.resolve(err({ code: "x", field: "", message: "", remedy: "" })),
    onChange: () => () => {},
  } as unknown as SharedRows;
  const poller = { status: statusOf, contactNow: () => {} } as unknown as DevicePoller;
  const note = ({ code, message }: NotedEvent): number => told.push(`${code}: ${message}`);
  const watch = new GroupWatch({ world, shared, poller, isActing: () => true, note });
  const change = (n: number, role: DeviceRole): void => {
    const before = statusOf(idOf(n));
    roles[idOf(n)] = role;
    watch.statusChanged(before, statusOf(idOf(n)));
  };
  watch.rowsMayHaveChanged();
  world.advance(5_000);
  change(1, "standby");
  world.advance(60_000);
  assert.deepEqual(told, [], "a failover seen in its middle");
  change(1, "active");
  world.advance(10_000);
  assert.deepEqual(told, []);
  world.advance(60_000);
  assert.deepEqual(told, ["ha-group-unsound: HA group web: both members say that they are active"], "once");
  change(1, "standby");
  change(2, "standby");
  world.advance(60_000);
  assert.match(told[1] ?? "", /no member is active/);
  assert.equal(told.length, 2);
  watch.stop();
});
