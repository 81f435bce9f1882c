import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import { Type } from "@tandem/base/schema";
import { wireVersion } from "@tandem/pair/wire";
import { sinceLatest } from "@tandem/replica/constants";
import { createRow, updateRow } from "@tandem/replica/edits";
import { defineTable, schemaDigest, type Table } from "@tandem/replica/schema";
import { allTables } from "../central.ts";
import {
  addNetwork,
  type Central,
  eventually,
  inStep,
  names,
  networks,
  rename,
  setUp,
  startCentral,
  stateOf,
} from "./pair-on-loopback.ts";
import type { HaSeams } from "./seams.ts";
import { speakingVersion1 } from "./wire-version-1.ts";

const both = { ok: true, value: "both" };

test("[CH2] [CH7] [CH11] a unit of the last wire version and one of this one are a pair: set-up, edits, take-over, handover, then the upgrade", async (t) => {
  const refused: string[] = [];
  const old = (seams: HaSeams): HaSeams => speakingVersion1(seams, refused);
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2", undefined, old);
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  assert.deepEqual(await addNetwork(a, "10.3.0.0/16", "made on A"), both);
  assert.deepEqual(await rename(b, "10.3.0.0/16", "renamed on B"), both);
  await eventually("in step", () => inStep(a, b));
  assert.deepEqual(names(a), names(b));
  let opened = 0;
  const channel = a.ha.channel("test", { received: () => undefined, opened: () => (opened += 1) });
  assert.ok(!channel.isOpen && !channel.send("nothing for the old one"));
  const tooOld = a.ha.handover();
  assert.ok(!tooOld.ok && tooOld.error[0]?.code === "peer-too-old", "an operator's handover is refused");

  await a.kill();
  await eventually("B, of the old version, takes over", () => stateOf(b) === "Master", 3_000);
  assert.ok((await rename(b, "10.1.0.0/16", "changed while A was dead")).ok);
  await a.restart();
  await eventually("A, preferred, is handed the role by it", () => stateOf(a) === "Master", 20_000);
  assert.ok(b.ha.events(100).some(({ code }) => code === "handover-offered"));
  assert.equal(names(a)["10.1.0.0/16"], "changed while A was dead");

  b.adapt = (seams) => seams;
  await b.ha.stop();
  await b.restart();
  await eventually("B, upgraded, is Slave again", () => stateOf(b) === "Slave" && inStep(a, b));
  await eventually("each knows the other's version", () => a.ha.handover().ok, 5_000);
  await eventually("and gives it the role on an operator's word", () => stateOf(b) === "Master");
  assert.deepEqual(refused, [], "the old unit was sent nothing that it did not know");
  assert.ok(!a.ha.events(1_000).some(({ code }) => code === "message-refused"));
  assert.deepEqual(a.fatal.concat(b.fatal), []);
});

/** What version 2 brought: a table, and a column of a table that was there before. */
const shared = { sync: "shared", schema: Type.String() } as const;
const laterNetworks = defineTable({
  name: "networks",
  key: (row) => row.cidr,
  columns: { ...networks.columns, site: { ...shared, default: "", since: 2 } },
});
const actions = defineTable({
  name: "actions",
  since: 2,
  key: (row) => row.id,
  columns: { id: shared, when: { ...shared, default: "" } },
});
/** As it was declared before tables said since when there are any. */
const undated = defineTable({
  name: "actions",
  key: (row) => row.id,
  columns: { id: shared, when: { ...shared, default: "" } },
});
const laterTables = [laterNetworks, actions] as unknown as readonly Table[];

const addAction = (central: Central, id: string, when = "daily") =>
  central.ha.write([createRow(actions, { id, when })], "admin", `action ${id}`);
const site = (central: Central, cidr: string) => central.ha.row(laterNetworks, cidr)?.values.site;
const alone = { ok: true, value: "this unit only" };
const said = (central: Central, code: string) =>
  central.ha.events(1_000).filter((event) => event.code === code);

/** `old` has the earlier program: its codec and its tables. */
async function startMixed(t: TestContext, refused: string[]): Promise<readonly [Central, Central]> {
  const adapt = (seams: HaSeams): HaSeams => speakingVersion1(seams, refused);
  const a = await startCentral(t, "central1", "127.0.0.1", undefined, undefined, laterTables);
  const b = await startCentral(t, "central2", "127.0.0.2", undefined, adapt);
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  return [a, b];
}

async function upgrade(central: Central): Promise<void> {
  central.adapt = (seams) => seams;
  central.tables = laterTables;
  await central.ha.stop();
  await central.restart();
}

test("[CH17] [CH20] [CH21] rows and columns that the earlier unit does not know are withheld from it and from nothing else, and follow when it is upgraded", async (t) => {
  const refused: string[] = [];
  const [a, b] = await startMixed(t, refused);
  assert.deepEqual(await addAction(a, "first"), alone);
  await setUp(a, b);
  assert.deepEqual(names(b), { "10.1.0.0/16": "of A" }, "the snapshot fits the earlier unit");
  assert.deepEqual(await addAction(a, "second"), alone, "said at once, not waited for");
  assert.deepEqual(a.ha.status().withheld, ["actions"]);
  assert.deepEqual(
    a.ha.status().onlyHere.newest.map(({ summary }) => summary),
    ["action second"],
  );
  assert.match(said(a, "peer-earlier")[0]?.message ?? "", /central2 runs an earlier version .* actions/);

  assert.deepEqual(await addNetwork(a, "10.3.0.0/16", "made on A"), both, "what it knows is on both units");
  const edits = [
    updateRow(laterNetworks, "10.3.0.0/16", { name: "moved", site: "Berlin" }),
    updateRow(actions, "second", { when: "weekly" }),
  ];
  assert.deepEqual(await a.ha.write(edits, "admin", "moves"), alone);
  await eventually("its part of a mixed write is there", () => names(b)["10.3.0.0/16"] === "moved");
  assert.deepEqual(await rename(b, "10.1.0.0/16", "renamed on B"), both);
  assert.equal(names(a)["10.1.0.0/16"], "renamed on B");
  await eventually("in step, digests equal", () =>
    [a, b].every(({ ha }) => ha.status().inStep === true && ha.status().digestEqual === true),
  );

  await a.kill();
  await eventually("B takes over", () => stateOf(b) === "Master", 3_000);
  assert.ok((await rename(b, "10.3.0.0/16", "while A was dead")).ok);
  await a.restart();
  await eventually("A, preferred, is handed the role", () => stateOf(a) === "Master", 20_000);
  assert.equal(a.ha.rows(actions).length, 2, "A kept its own");
  assert.equal(names(a)["10.3.0.0/16"], "while A was dead");

  await upgrade(b);
  await eventually("B has everything", () => stateOf(b) === "Slave" && inStep(a, b));
  assert.deepEqual(
    b.ha.rows(actions).map(({ values }) => values.when),
    ["daily", "weekly"],
  );
  assert.equal(site(b, "10.3.0.0/16"), "Berlin");
  assert.equal(a.ha.status().digest, b.ha.status().digest);
  await eventually("nothing is A's alone", () => a.ha.status().onlyHere.count === 0);
  assert.deepEqual(a.ha.status().withheld, []);
  assert.equal(said(a, "peer-upgraded").length, 1);
  assert.deepEqual(await addAction(b, "third"), both);
  for (const unit of [a, b]) {
    assert.deepEqual(said(unit, "changes-refused"), []);
    assert.deepEqual(said(unit, "digests-differ"), []);
    assert.deepEqual(unit.ha.conflicts(), []);
  }
  assert.deepEqual(refused, []);
  assert.deepEqual(a.fatal.concat(b.fatal), []);
});

test("[CH11] [CH13] a later unit joins an earlier Master, takes the role, and the earlier one is upgraded last", async (t) => {
  const refused: string[] = [];
  const [a, b] = await startMixed(t, refused);
  await addAction(a, "overwritten");
  await setUp(b, a);
  assert.deepEqual(names(a), { "10.2.0.0/16": "of B" });
  assert.equal(a.ha.rows(actions).length, 0, "overwritten with the rest, and in the backup");
  await b.kill();
  await eventually("A takes over", () => stateOf(a) === "Master", 3_000);
  assert.deepEqual(await addAction(a, "made by the Master"), alone);
  await b.restart();
  await eventually(
    "B, preferred, gets the role in order, without what it cannot hold",
    () => stateOf(b) === "Master",
    20_000,
  );
  assert.ok(said(a, "handover-offered").length > 0);
  assert.deepEqual(await addAction(a, "made by the Slave"), alone);
  await upgrade(b);
  await eventually(
    "a pair in step",
    () => [stateOf(a), stateOf(b)].sort().join() === "Master,Slave" && inStep(a, b),
  );
  assert.deepEqual(
    b.ha.rows(actions).map(({ key }) => key),
    ["made by the Master", "made by the Slave"],
  );
  assert.deepEqual(refused, []);
  assert.deepEqual(a.fatal.concat(b.fatal), []);
});

test("[CH17] later rows from before their program told ages apart: withheld all the same, and brought by the repair of differences after the upgrade", async (t) => {
  const refused: string[] = [];
  const [a, b] = await startMixed(t, refused);
  a.tables = [networks, undated] as unknown as readonly Table[];
  await a.kill();
  await a.restart();
  await a.ha.write([createRow(undated, { id: "old", when: "daily" })], "admin", "action old");
  a.tables = laterTables;
  await a.kill();
  await a.restart();
  await setUp(a, b);
  assert.deepEqual(a.ha.status().withheld, ["actions"]);
  await eventually("in step, digests equal", () =>
    [a, b].every(({ ha }) => ha.status().inStep === true && ha.status().digestEqual === true),
  );
  await upgrade(b);
  await eventually("B has it", () => b.ha.rows(actions).length === 1, 30_000);
  assert.deepEqual(
    b.ha.rows(actions).map(({ values }) => values.when),
    ["daily"],
  );
  await eventually("equal", () => inStep(a, b) && a.ha.status().digest === b.ha.status().digest);
  assert.deepEqual(a.ha.conflicts(), []);
  assert.deepEqual(refused, []);
});

test("what a program of wire version 1 can hold is what it could hold when it was current, and the latest is this one's", () => {
  const synchronised = allTables.filter(({ name, fields }) => fields.size > 0 && name !== "conflicts");
  assert.equal(
    schemaDigest(synchronised, 1),
    "93a034c31264be3ad57dddfc5bc0ca060dc09385d278114bd4ac963e0b7efc97",
    "a new table or column says `since: 2`; what is there keeps its schema (docs/rolling-upgrade.md)",
  );
  assert.equal(sinceLatest, wireVersion);
});

/** As a unit of a version of the future would look to this one, and this one to it. */
const speaking =
  (version: number) =>
  (seams: HaSeams): HaSeams => ({
    ...seams,
    openLink: ({ onEvent, answer }) => {
      const shifted = (message: Json, by: number): Json =>
        message !== null && typeof message === "object" && "wire" in message
          ? { ...(message as { [member: string]: Json }), wire: Number(message.wire) + by }
          : message;
      const by = version - wireVersion;
      const link = seams.openLink({
        answer: () => shifted(answer(), by),
        onEvent: (event) =>
          onEvent(
            event.kind === "message" ? { kind: "message", message: shifted(event.message, by) } : event,
          ),
      });
      return {
        start: () => link.start(),
        setPeer: (peer) => link.setPeer(peer),
        get isUp() {
          return link.isUp;
        },
        send: (message) => link.send(shifted(message, by)),
        connectNow: () => link.connectNow(),
        close: (reason) => link.close(reason),
      };
    },
  });

test("a peer two wire versions away: both stand alone and say why, the last Master goes on, nothing is lost, and the pair forms again by itself", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  b.adapt = speaking(wireVersion + 2);
  await b.kill();
  await b.restart();
  await eventually(
    "both stand alone",
    () => stateOf(a) === "Standalone" && stateOf(b) === "Standalone",
    10_000,
  );
  const reason = a.ha.status().ourReason;
  assert.match(reason, /wire version 4, this unit 2/);
  assert.match(reason, /upgrade this unit/);
  assert.ok(a.ha.isActing && !b.ha.isActing, "the last Master, and it alone");
  assert.deepEqual(await addNetwork(a, "10.3.0.0/16", "made on A"), { ok: true, value: "this unit only" });
  assert.deepEqual(await addNetwork(b, "10.4.0.0/16", "made on B"), { ok: true, value: "this unit only" });
  const said = a.ha.events(1_000).filter(({ message }) => message.includes("wire version"));
  assert.equal(said.length, 1, "said once, however many messages come");

  b.adapt = (seams) => seams;
  await b.kill();
  await b.restart();
  await eventually(
    "a pair again",
    () => [stateOf(a), stateOf(b)].sort().join() === "Master,Slave" && inStep(a, b),
    20_000,
  );
  assert.equal(names(b)["10.3.0.0/16"], "made on A");
  assert.equal(names(a)["10.4.0.0/16"], "made on B");
  assert.deepEqual(a.fatal.concat(b.fatal), []);
});
