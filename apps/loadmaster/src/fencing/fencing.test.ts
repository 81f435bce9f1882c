/** Actions that carry a fence, on real units: one alone, and two of a pair with CARP as the test says. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import type { Fence } from "@tandem/fencing/fence";
import { runIdOf } from "@tandem/fencing/run-id";
import type { Answer, CallError, LoadMasterClient } from "@tandem/loadmaster-api/client";
import fc from "fast-check";
import { loopback, pairUp, portFor, startUnit, type TestUnit, value, waitFor } from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

const error = (result: { ok: boolean; error?: CallError; value?: unknown }): CallError => {
  assert.ok(!result.ok && result.error, `refused, but it answered ${JSON.stringify(result.value)}`);
  return result.error;
};
const [older, newer] = ["a".repeat(16), "b".repeat(16)];
const scheduled = (name: string, n: number, unit = older, dueAt = Date.UTC(2026, 10, 25)): Fence => ({
  runId: runIdOf({ action: name, device: "d", dueAt }),
  epoch: { n, unit },
  dueAt,
});
const operators = (name: string, baseRevision?: string): Fence => ({
  runId: sha256Hex(name),
  epoch: null,
  dueAt: null,
  ...(baseRevision === undefined ? {} : { baseRevision }),
});

describe("a single unit", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  const disk = (): string => readFileSync(join(unit.configuration.stateDir, "configuration.json"), "utf8");

  before(async () => {
    unit = await startUnit(51);
    client = unit.client();
  });
  after(() => unit?.remove());

  const add = (host: number, fence: Fence) =>
    client.call(
      "addvs",
      { vs: loopback(80 + host), port: portFor(5), prot: "tcp", nickname: `service ${host}` },
      fence,
    );

  test("[CH22] a run is performed once, and asked for again answered with its first result", async () => {
    const fence = scheduled("add", 3);
    const first = value(await add(1, fence));
    assert.deepEqual(first.run, { kept: "this unit only" });
    const before = disk();
    const again = value(await add(1, fence));
    assert.equal(again.repeated, true);
    assert.equal(again.Index, first.Index);
    assert.equal(disk(), before);
    // A failure is a result as well: the run is not tried again behind its back.
    const failing = scheduled("remove what is not there", 3);
    for (const _time of [1, 2])
      assert.match(error(await client.call("delvs", { vs: "4711" }, failing)).message, /Unknown VS/);
  });

  test("[CH22] two calls of one run at the same time perform it once", async () => {
    const fence = scheduled("at once", 3);
    const answers = await Promise.all([1, 2, 3].map(() => add(2, fence)));
    const done = answers.filter((each) => each.ok && each.value.repeated !== true);
    assert.equal(done.length, 1);
    for (const each of answers) if (!each.ok) assert.equal(each.error.kind, "in-progress");
    assert.equal(
      unit.unit.document.shared.services.filter((each) => each.address === loopback(82)).length,
      1,
    );
  });

  test("[CH22] an older epoch is refused with the newer holder; an operator's change is not", async () => {
    value(await add(3, scheduled("newer", 4, newer)));
    const before = disk();
    for (const epoch of [scheduled("late", 3, newer), scheduled("late", 4, older)]) {
      const refused = error(await add(4, epoch));
      assert.ok(refused.kind === "fenced", refused.message);
      assert.deepEqual(refused.holder, { n: 4, unit: newer });
      assert.ok(refused.lastHeardMs >= 0 && refused.lastHeardMs < 60_000);
      assert.match(refused.message, /bbbbbbbbbbbbbbbb is Master with the newer epoch 4/);
    }
    assert.equal(disk(), before);
    assert.ok(unit.log.some((line) => line.event === "action-refused"));
    value(await add(4, operators("add by hand")));
    value(await add(5, scheduled("late", 5, older)));
  });

  test("[CH22] a Master that only reads is heard as well", async () => {
    value(await client.call("get", { param: "hamode", epoch: 6, epochunit: newer }));
    const refused = error(await add(6, scheduled("after the poll", 5, newer)));
    assert.ok(refused.kind === "fenced" && refused.holder.n === 6);
    value(await client.call("listvs", { epoch: 2, epochunit: older }));
  });

  test("[CH22] an operator's change of what has moved on is refused with the difference", async () => {
    const based = value(await client.revision());
    const [service] = unit.unit.document.shared.services;
    assert.ok(service);
    const other = value(await client.call("modvs", { vs: String(service.index), nickname: "by another" }));
    assert.equal(other.revision, value(await client.revision()));
    const before = disk();
    const refused = error(
      await client.call("delvs", { vs: String(service.index) }, operators("delete", based)),
    );
    assert.ok(refused.kind === "moved-on", refused.message);
    assert.equal(refused.revision, other.revision);
    assert.deepEqual(refused.difference, {
      since: "known",
      changes: [
        {
          what: `virtual service ${service.index} (${service.address}:${service.port})`,
          change: "changed",
          field: "nickname",
          before: "service 1",
          after: "by another",
        },
      ],
    });
    assert.equal(disk(), before);
    const again = error(
      await client.call("delvs", { vs: String(service.index) }, operators("delete", based)),
    );
    assert.equal(again.kind, "moved-on", "a change that was refused for that is judged anew");
    const unknown = error(
      await client.call("delvs", { vs: String(service.index) }, operators("delete 2", "0-old")),
    );
    assert.ok(unknown.kind === "moved-on" && unknown.difference.since === "too-long-ago");
    assert.ok(unknown.difference.present.some((line) => line.includes("by another")));
    value(await client.call("delvs", { vs: String(service.index) }, operators("delete 3", refused.revision)));
  });

  test("[CH22] equal configurations give equal backups, and a backup that was made is answered again", async () => {
    const fence = scheduled("backup", 6, newer);
    const first = value(await client.backup(fence));
    assert.ok(first.bytes);
    assert.equal(first.digest, value(await client.backup()).digest);
    const text = Buffer.from(first.bytes).toString("utf8");
    for (const secret of [unit.unit.document.unit.passwordHash, "passwordHash", "apiKeys"])
      assert.ok(!text.includes(secret));
    value(await add(9, operators("after the backup")));
    const again = value(await client.backup(fence));
    assert.equal(again.repeated, true);
    assert.deepEqual(again.bytes, first.bytes, "from the documents that are remembered");
    assert.notEqual(value(await client.backup()).digest, first.digest);
    value(await client.set("hostname", "another"));
    const gone = value(await client.backup(fence));
    assert.equal(gone.bytes, null);
    assert.equal(gone.digest, first.digest, "the evidence stays");
    assert.equal(value(await client.backup(scheduled("next", 6, newer))).repeated, false);
  });

  test("[CH22] [CE3] a reboot is answered, and its run has a result once the unit is back", async () => {
    const fence = scheduled("reboot", 6, newer);
    value(await client.reboot(fence));
    await waitFor("the unit is to start again", () => unit.log.some((line) => line.event === "restart"));
    assert.equal(error(await client.reboot(fence)).kind, "in-progress");
    const { stateDir } = unit.configuration;
    await unit.stop();
    unit = await startUnit(51, { stateDir, password: unit.password });
    client = unit.client();
    const again = value(await client.reboot(fence));
    assert.equal(again.message, "rebooted");
    assert.equal(again.repeated, true);
    assert.ok(!unit.log.some((line) => line.event === "restart"), "and it is not started again for that");
  });

  test("a reboot command that fails is a failed run, in words", async () => {
    const { stateDir } = unit.configuration;
    await unit.stop();
    unit = await startUnit(51, {
      stateDir,
      password: unit.password,
      rebootCommand: ["/bin/sh", "-c", "echo not today >&2; exit 3"],
    });
    client = unit.client();
    const fence = scheduled("failing reboot", 6, newer);
    for (const _time of [1, 2]) {
      const failed = error(await client.reboot(fence));
      assert.ok(failed.kind === "refused" && failed.code === 500);
      assert.match(failed.message, /not today/);
    }
    await unit.stop();
    unit = await startUnit(51, { stateDir, password: unit.password });
    client = unit.client();
  });

  test("half a fence is refused with what is missing", async () => {
    const whole = { runid: "0".repeat(64), epoch: 9, epochunit: newer, dueat: 1 };
    for (const [left, words] of [
      ["runid", "runid: String Value missing"],
      ["epoch", "epoch: String Value missing"],
      ["epochunit", "epochunit: String Value missing"],
      ["dueat", "dueat: String Value missing"],
    ] as const) {
      const { [left]: _out, ...rest } = whole;
      const refused = error(await client.call("delvs", { vs: "1", ...rest }));
      assert.ok(refused.kind === "refused" && refused.code === 400);
      assert.ok(refused.message.startsWith(words), refused.message);
    }
  });

  test("any text in the parameters of a fence is answered in words, and changes nothing", async () => {
    const before = disk();
    const name = fc.constantFrom("runid", "epoch", "epochunit", "dueat", "baserevision");
    const wild = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constantFrom("0".repeat(64), "c".repeat(16), "9007199254740993", "1e3", "-1"),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, wild, { minKeys: 1 }), async (parameters) => {
        const answer = await client.call("delvs", { vs: "4711", ...parameters });
        assert.ok(!answer.ok);
        assert.notEqual(answer.error.kind, "malformed");
        if (answer.error.kind === "refused") assert.ok(answer.error.code < 500, answer.error.message);
      }),
      { numRuns: 40 },
    );
    assert.equal(disk(), before);
  });

  test("[CH22] the memory outlives the process; one that cannot be read is put aside and nothing old performed", async () => {
    const fence = scheduled("before the restart", 7, newer);
    const first = value(await add(7, fence));
    const { stateDir } = unit.configuration;
    await unit.stop();
    unit = await startUnit(51, { stateDir, password: unit.password });
    client = unit.client();
    assert.equal(value(await add(7, fence)).Index, first.Index);
    assert.equal(error(await add(8, scheduled("old", 6, newer))).kind, "fenced");
    await unit.stop();
    writeFileSync(join(stateDir, "actions.json"), "{");
    unit = await startUnit(51, { stateDir, password: unit.password });
    client = unit.client();
    assert.ok(unit.log.some((line) => line.event === "actions-unreadable"));
    const refused = error(await add(7, fence));
    assert.ok(refused.kind === "too-old" && refused.oldest > Date.UTC(2026, 10, 25));
    value(await add(8, scheduled("due later", 8, newer, refused.oldest)));
  });
});

describe("two units of a pair", { skip }, () => {
  let one: TestUnit;
  let two: TestUnit;
  const shared = loopback(70);

  before(async () => {
    one = await startUnit(71);
    two = await startUnit(72);
    await pairUp(one, two, shared);
    one.carp.become("master");
    await waitFor("both are connected", () =>
      [one, two].every(({ unit }) => unit.partnerState.kind === "up"),
    );
  });
  after(async () => {
    await one?.remove();
    await two?.remove();
  });

  /** Something that each unit does at its own address. */
  const rename = (unit: TestUnit, fence: Fence, name = "renamed") =>
    unit.client().call("set", { param: "hostname", value: name }, fence);

  test("[CH22] run and epoch are on the partner's disk before the action starts, and its result after it", async () => {
    const fence = scheduled("rename", 3);
    assert.deepEqual(value(await rename(one, fence)).run, { kept: "both" });
    const onPartner = JSON.parse(readFileSync(join(two.configuration.stateDir, "actions.json"), "utf8"));
    assert.deepEqual(onPartner.greatest.epoch, fence.epoch);
    assert.equal(onPartner.runs[0].runId, fence.runId);
    assert.equal(onPartner.runs[0].stage.result.ok, true);
    const refused = error(await rename(two, scheduled("late", 2)));
    assert.ok(refused.kind === "fenced", refused.message);
  });

  test("[CH22] both are asked for a run at the same time, and one performs it", async () => {
    for (let round = 0; round < 5; round += 1) {
      const fence = scheduled(`round ${round}`, 3);
      const answers = await Promise.all([one, two].map((unit) => rename(unit, fence, `round-${round}`)));
      const performed = answers.filter((each) => each.ok && each.value.repeated !== true);
      assert.equal(performed.length, 1, JSON.stringify(answers));
    }
  });

  test("[CH22] [CH9] after a failover the partner answers a known run with its first result", async () => {
    const fence = scheduled("before the failover", 3);
    const first: Answer = value(await rename(one, fence, "by-the-first"));
    await one.stop();
    two.carp.become("master");
    const again = value(await rename(two, fence, "by-the-second"));
    assert.equal(again.repeated, true);
    assert.equal(again.revision, first.revision);
    assert.notEqual(two.unit.document.unit.hostname, "by-the-second");
    assert.equal(error(await rename(two, scheduled("outdated", 2))).kind, "fenced");
    const alone = value(await rename(two, scheduled("alone", 4, newer), "alone"));
    assert.deepEqual(alone.run, { kept: "this unit only" });
  });

  test("[CH22] a unit that returns learns what it has missed", async () => {
    one = await startUnit(71, { stateDir: one.configuration.stateDir, password: one.password });
    await waitFor("the first knows the newer epoch", () => one.unit.fence.ledger.greatest?.epoch.n === 4);
    await waitFor("and the run", () =>
      one.unit.fence.ledger.runs.some((run) => run.runId === scheduled("alone", 4, newer).runId),
    );
    const again = value(await rename(one, scheduled("alone", 4, newer), "again"));
    assert.equal(again.repeated, true);
  });
});
