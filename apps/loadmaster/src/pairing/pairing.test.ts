import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Parameters } from "@tandem/loadmaster-api/client";
import type { PairingCheckView, PairingView } from "@tandem/loadmaster-api/pairing";
import { digestOf } from "../state/document.ts";
import {
  fetchText,
  loopback,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  type WebServer,
  waitFor,
} from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";
const shared = loopback(90);

const call = async <View>(unit: TestUnit, command: string, parameters: Parameters = {}): Promise<View> => {
  const answer = await unit.client().call(command, parameters);
  assert.ok(answer.ok, answer.ok ? "" : answer.error.message);
  return answer.value as unknown as View;
};
const refusal = async (unit: TestUnit, command: string, parameters: Parameters = {}): Promise<string> => {
  const answer = await unit.client().call(command, parameters);
  assert.ok(!answer.ok);
  return answer.error.message;
};

describe("[LH10] a single unit, a new one, and the guided procedure", { skip }, () => {
  let one: TestUnit;
  let two: TestUnit;
  let web: WebServer;
  const vs = { address: loopback(93), port: portFor(5) };

  beforeEach(async () => {
    one = await startUnit(91);
    two = await startUnit(92);
    web = await startWebServer(95, "web");
    const service = await one.client().addVirtualService(vs.address, vs.port, "tcp");
    assert.ok(service.ok);
    const server = await one.client().addRealServer(vs, loopback(95), web.port);
    assert.ok(server.ok);
    await waitFor("it serves", () =>
      fetchText(vs.address, vs.port).then(
        () => true,
        () => false,
      ),
    );
  });
  afterEach(async () => {
    await web?.close();
    await one?.remove();
    await two?.remove();
  });

  const access = async (of: TestUnit, partner: TestUnit): Promise<Parameters> => {
    const { address } = partner.configuration.interfaces[0] ?? { address: "" };
    const asked = await call<PairingCheckView>(of, "hapaircheck", {
      partner: address,
      partnerport: portFor(0),
      shared,
    });
    assert.deepEqual([asked.confirmed, asked.ready, asked.checks], [false, false, []]);
    return {
      partner: address,
      partnerport: portFor(0),
      partnerpassword: partner.password,
      partnerfingerprint: asked.fingerprint,
    };
  };
  const backup = async (of: TestUnit): Promise<string> => {
    const made = await of.client().backup();
    assert.ok(made.ok);
    return made.value.digest;
  };
  const ends = async (of: TestUnit): Promise<PairingView> => {
    let view: PairingView | undefined;
    await waitFor(
      "the procedure ends",
      async () => {
        view = await call<PairingView>(of, "hapairstatus");
        return view.state !== "running";
      },
      30_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(view?.steps)}`);
    });
    assert.ok(view);
    return view;
  };
  /** The CARP of the unit that joins is heard, as soon as it is there. */
  const hearsWhenThere = (unit: TestUnit, source: string): (() => void) =>
    unit.carp.onStatus((status) => {
      if (status?.role === "backup" && status.peer === undefined)
        setImmediate(() =>
          unit.carp.hears({
            peer: { source, advbase: 1, advskew: 0, demotion: 0, heardAt: Date.now(), bowedOut: false },
          }),
        );
    });
  const pair = async (more: Parameters = {}): Promise<PairingView> => {
    hearsWhenThere(two, loopback(91));
    await call(one, "hapair", {
      ...(await access(one, two)),
      shared,
      backupdigest: await backup(one),
      ...more,
    });
    return ends(one);
  };

  test("it becomes a pair in order, is active at once, and the other one has everything", async () => {
    const before = readFileSync(join(two.configuration.stateDir, "configuration.json"), "utf8");
    assert.match(
      await refusal(one, "hapair", { ...(await access(one, two)), shared, backupdigest: "0".repeat(64) }),
      /backupdigest.*command backup/,
    );
    const roles: string[] = [];
    one.carp.onStatus((status) => roles.push(status?.role ?? "none"));
    const view = await pair({ vhid: 7, timeout: 2 });
    assert.deepEqual([view.state, view.kind], ["done", "pair"], JSON.stringify(view.steps));
    assert.ok(view.steps.every(({ state }) => state === "done"));
    // Never a standby in between.
    assert.deepEqual(roles, ["master"]);
    assert.deepEqual([one.unit.haStatus, two.unit.haStatus], ["Active", "Standby"]);
    assert.deepEqual(two.unit.document.shared, one.unit.document.shared);
    assert.deepEqual([one.unit.document.unit.hamode, two.unit.document.unit.hamode], [1, 2]);
    assert.deepEqual([one.carp.configuration?.vhid, two.carp.configuration?.advbase], [7, 2]);
    assert.equal(await fetchText(vs.address, vs.port), "web -");
    // Backups: this unit's document, the other's, and on the other one its own.
    assert.equal(view.backups.length, 2);
    for (const name of view.backups) assert.ok(existsSync(join(one.configuration.stateDir, name)));
    assert.ok(before.length > 0);
    assert.equal(
      readdirSync(two.configuration.stateDir).filter((name) => name.startsWith("configuration.superseded"))
        .length,
      1,
    );
    // The other unit's password is nowhere.
    for (const name of readdirSync(one.configuration.stateDir, { recursive: true, encoding: "utf8" })) {
      const path = join(one.configuration.stateDir, name);
      if (/\.(json|backup)$/.test(name)) assert.ok(!readFileSync(path, "utf8").includes(two.password), name);
    }
    assert.ok(![...one.log, ...two.log].some((line) => JSON.stringify(line).includes(two.password)));
    assert.match(
      await refusal(one, "hapair", { ...(await access(one, two)), shared, backupdigest: await backup(one) }),
      /a pair already/,
    );
    // And back: the other one first, which is switched off; this one goes on with the shared address as well.
    const back = { ...(await access(one, two)), backupdigest: await backup(one) };
    await call(one, "haunpair", back);
    const ended = await ends(one);
    assert.equal(ended.state, "done", JSON.stringify(ended.steps));
    assert.deepEqual(one.carp.stops.at(-1), "kept");
    assert.deepEqual([one.unit.haStatus, two.unit.haStatus], ["HA not configured", "HA not configured"]);
    assert.ok(two.unit.document.shared.services.every((each) => !each.enabled));
    assert.equal(one.unit.document.unit.holdsShared, true);
    assert.equal((await one.client(shared).get("hastatus")).ok, true);
    assert.equal(await fetchText(vs.address, vs.port), "web -");
  });

  test("services of the other unit are overwritten only when that was said, and are back when it fails", async () => {
    const own = await two
      .client()
      .addVirtualService(loopback(92), portFor(7), "tcp", { NickName: "its own" });
    assert.ok(own.ok);
    const checked = await call<PairingCheckView>(one, "hapaircheck", { ...(await access(one, two)), shared });
    assert.deepEqual([checked.confirmed, checked.ready], [true, false]);
    const faults = checked.checks.filter((each) => each.ok === false);
    assert.deepEqual(
      faults.map(({ name }) => name),
      ["services there"],
    );
    assert.match(faults[0]?.remedy ?? "", /overwrite=yes/);
    const refused = await pair();
    assert.equal(refused.state, "failed");
    assert.match(refused.outcome, /nothing was changed; this unit is single/);
    assert.equal(two.unit.document.shared.services[0]?.nickname, "its own");
    // It joins, but becomes active itself, as when CARP does not pass: all of it is undone.
    two.carp.onStatus((status) => {
      if (status?.role === "backup") setImmediate(() => two.carp.become("master"));
    });
    const before = digestOf(one.unit.document.shared);
    await call(one, "hapair", {
      ...(await access(one, two)),
      shared,
      overwrite: true,
      backupdigest: await backup(one),
    });
    let middle: PairingView | undefined;
    await waitFor("the other one has joined", async () => {
      middle = await call<PairingView>(one, "hapairstatus");
      return two.unit.document.unit.hamode === 2;
    });
    assert.equal(middle?.state, "running");
    assert.match(
      await refusal(one, "haunpair", { ...(await access(one, two)), backupdigest: await backup(one) }),
      /runs on this unit already/,
    );
    const view = await waitForFailure();
    assert.match(view.steps.find((step) => step.state === "failed")?.remedy ?? "", /CARP does not pass/);
    assert.match(view.outcome, /what was set has been undone; this unit is single/);
    assert.equal(digestOf(one.unit.document.shared), before);
    assert.equal(one.unit.document.unit.hamode, 0);
    assert.deepEqual(one.carp.stops.at(-1), "kept");
    assert.equal(two.unit.document.shared.services[0]?.nickname, "its own");
    assert.equal(two.unit.document.unit.hamode, 0);
    assert.equal(await fetchText(vs.address, vs.port), "web -");
  });

  const waitForFailure = async (): Promise<PairingView> => {
    let view: PairingView | undefined;
    await waitFor(
      "the procedure fails",
      async () => {
        view = await call<PairingView>(one, "hapairstatus");
        return view.state === "failed";
      },
      30_000,
    );
    assert.ok(view);
    return view;
  };

  test("a partner that has died for good is left or replaced, one that is there is not", async () => {
    assert.equal((await pair()).state, "done");
    const secondAccess = await access(one, two);
    assert.match(
      await refusal(one, "hareplace", { ...secondAccess, backupdigest: await backup(one) }),
      /is there; end the pair first/,
    );
    await call(one, "haunpair", { gone: true, backupdigest: await backup(one) });
    assert.match(
      (await ends(one)).steps.find(({ state }) => state === "failed")?.detail ?? "",
      /still there/,
    );
    assert.equal(one.unit.haStatus, "Active");
    await two.remove();
    await waitFor("its link is down", () => one.unit.partnerState.kind !== "up");
    const key = one.unit.document.unit.partnerKey;
    two = await startUnit(94);
    hearsWhenThere(two, loopback(91));
    await call(one, "hareplace", { ...(await access(one, two)), backupdigest: await backup(one) });
    const view = await ends(one);
    assert.deepEqual([view.kind, view.state], ["replace", "done"], JSON.stringify(view.steps));
    assert.deepEqual([one.unit.haStatus, two.unit.haStatus], ["Active", "Standby"]);
    assert.equal(one.unit.document.unit.partners[0], loopback(94));
    assert.equal(two.unit.document.unit.partnerKey, key);
    assert.equal(two.unit.document.unit.hostname, "lm94");
    assert.deepEqual(two.unit.document.shared, one.unit.document.shared);
  });
});
