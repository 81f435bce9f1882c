import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { issue } from "../certificates/issue.fixture.ts";
import { digestOf } from "../state/document.ts";
import {
  fetchText,
  loopback,
  pairSecret,
  pairUp,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  value,
  type WebServer,
  waitFor,
} from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

const report = async (unit: TestUnit): Promise<string> => String(value(await unit.client().get("hareport")));

describe("two units of a pair, with CARP as the test says", { skip }, () => {
  let one: TestUnit;
  let two: TestUnit;
  let web: WebServer;
  const shared = loopback(20);
  const vs = { address: shared, port: portFor(5) };
  let atShared: LoadMasterClient;

  before(async () => {
    one = await startUnit(21);
    two = await startUnit(22);
    web = await startWebServer(60, "web");
    // What each was before the pair: a service of its own on the future standby, which must not vanish in silence.
    value(
      await two.client().addVirtualService(loopback(22), portFor(7), "tcp", { NickName: "before the pair" }),
    );
    value(await two.client().set("hostname", "second"));
  });

  after(async () => {
    await web?.close();
    await one?.remove();
    await two?.remove();
  });

  test("[LH2] [LH3] [LH10] set up in the API's old order, carpd is given the pair's parameters, without a reboot", async () => {
    assert.equal(value(await one.client().get("hastatus")), "HA not configured");
    await pairUp(one, two, shared, { hatimeout: 1 });
    const [first, second] = [one.carp.configuration, two.carp.configuration];
    assert.ok(first && second);
    assert.deepEqual([first.advskew, second.advskew], [0, 1]);
    assert.deepEqual([first.advbase, first.preempt, first.vhid], [1, false, 1]);
    assert.deepEqual(first.sharedAddresses, [`${shared}/8`]);
    assert.equal(first.password.length, 19);
    assert.equal(first.password, second.password);
    assert.ok(!first.password.includes(pairSecret));
    // Two units on one loopback network cannot both listen on the shared address in turn, so the second never gets it.
    one.carp.become("master");
    assert.equal(value(await one.client().get("hastatus")), "Active");
    assert.equal(value(await two.client().get("hastatus")), "Standby");
    assert.ok(Number(value(await one.client().get("activetime"))) > 0);
    assert.equal(value(await two.client().get("activetime")), 0);
    atShared = one.client(shared);
  });

  test("[LH11] the active's document replaces the standby's, which is kept as a backup and reported", async () => {
    await waitFor("the standby has the active's document, and both know it", () =>
      [one, two].every(({ unit }) => unit.document.agreedDigest === digestOf(one.unit.document.shared)),
    );
    assert.deepEqual(two.unit.document.shared, one.unit.document.shared);
    const event = two.log.find((line) => line.event === "configuration-superseded");
    assert.ok(event);
    const kept = readdirSync(two.configuration.stateDir).filter((name) =>
      name.startsWith("configuration.superseded-"),
    );
    assert.equal(kept.length, 1);
    assert.match(readFileSync(join(two.configuration.stateDir, kept[0] ?? ""), "utf8"), /before the pair/);
  });

  test("[LH6] services are configured at the shared address, and refused at both own addresses with its name", async () => {
    for (const unit of [one, two]) {
      const before = JSON.stringify(unit.unit.document);
      for (const [command, parameters] of [
        ["addvs", { vs: shared, port: 80, prot: "tcp" }],
        ["delvs", { vs: 1 }],
        ["set", { param: "havhid", value: 9 }],
        ["modiface", { interface: 0, shared: loopback(29) }],
      ] as const) {
        const answer = await unit.client().call(command, parameters);
        assert.ok(!answer.ok && answer.error.kind === "refused", command);
        assert.match(
          answer.error.message,
          new RegExp(`own address.*shared address ${shared.replaceAll(".", "\\.")}`),
        );
      }
      assert.equal(JSON.stringify(unit.unit.document), before);
      value(await unit.client().listVirtualServices());
    }
    value(
      await atShared.addVirtualService(vs.address, vs.port, "tcp", { VStype: "http", CheckType: "none" }),
    );
    value(await atShared.addRealServer(vs, loopback(60), web.port));
    // On one loopback network both HAProxies listen on the shared address, and the kernel may choose either.
    await waitFor("both know the server", () => two.unit.document.revision === one.unit.document.revision);
    assert.match(await fetchText(vs.address, vs.port), /^web /);
  });

  test("[LH2] fast mode is set for both at the shared address, and refused beside a partner of another kind", async () => {
    value(await atShared.set("hafast", true));
    await waitFor("both carpds are told", () =>
      [one, two].every(({ carp }) => carp.configuration?.advbase === 0),
    );
    assert.deepEqual([one.carp.configuration?.advskew, two.carp.configuration?.advskew], [10, 20]);
    const foreign = await one.client().set("carppassword", "foreign");
    assert.ok(!foreign.ok && /fast mode is on/.test(foreign.error.message));
    value(await atShared.set("hafast", false));
    await waitFor("both are slow again", () =>
      [one, two].every(({ carp }) => carp.configuration?.advbase === 1),
    );
    assert.equal(
      "fast" in one.unit.document.shared.ha,
      false,
      "a document without it is the one that earlier versions know",
    );
    value(await one.client().set("carppassword", "foreign"));
    const refused = await atShared.set("hafast", true);
    assert.ok(!refused.ok && /two units of ours.*carppassword/.test(refused.error.message));
    value(await one.client().set("carppassword", ""));
  });

  test("[LH3] a preferred host is warned of in the answer, and by a notice that stays", async () => {
    const answer = value(await atShared.call("set", { param: "haprefered", value: 1 }));
    assert.match(String(answer.warning), /meant for testing failover.*unexpected failbacks/);
    assert.match(String(value(await one.client().get("hanotice"))), /HA1 is the preferred host/);
    await waitFor("the standby has it", () => two.unit.document.shared.ha.preferred === 1);
    assert.match(String(value(await two.client().get("hanotice"))), /HA1 is the preferred host/);
    const back = value(await atShared.call("set", { param: "haprefered", value: 0 }));
    assert.equal(back.warning, undefined);
    assert.equal(value(await one.client().get("hanotice")), "");
  });

  test("[LH7] the last HA check cannot be cleared, a gateway is one of the network, and it is changed at the shared address", async () => {
    const shown = value(await one.client().call("showiface", {}));
    assert.equal((shown.Interface as { HACheck: boolean }[])[0]?.HACheck, true);
    for (const [parameters, words] of [
      [{ interface: 0, hacheck: "0" }, /last one that is checked/],
      [{ interface: 7, hacheck: "1" }, /there is no interface 7; there are 0/],
      [{ interface: 0, hagateway: "192.0.2.1" }, /not in the network of interface 0/],
      [{ interface: 0, hagateway: shared }, /an address of the pair itself/],
      [{ interface: 0, hacheck: "maybe" }, /hacheck.*Y or N/],
      [{ interface: 0, hacheck: "1", shared }, /exactly one/],
    ] as const) {
      const answer = await atShared.call("modiface", parameters);
      assert.ok(!answer.ok && words.test(answer.error.message), JSON.stringify(parameters));
    }
    const own = await one.client().call("modiface", { interface: 0, hacheck: "1" });
    assert.ok(!own.ok && /own address/.test(own.error.message));
    value(await atShared.call("modiface", { interface: 0, hagateway: loopback(99) }));
    assert.deepEqual(one.carp.configuration?.checks, [
      { device: "lo", ownAddress: loopback(21), gateway: loopback(99) },
    ]);
    value(await atShared.call("modiface", { interface: 0, hagateway: "" }));
    assert.equal(one.carp.configuration?.checks, undefined);
  });

  test("[LH4] vmac puts the addresses under the virtual MAC of their interface on both units, not beside a foreign partner", async () => {
    value(await atShared.set("vmac", true));
    await waitFor("both carpds are told", () =>
      [one, two].every(({ carp }) => carp.configuration?.virtualInterface === 0),
    );
    const foreign = await one.client().set("carppassword", "foreign");
    assert.ok(!foreign.ok && /virtual MAC is in use/.test(foreign.error.message));
    value(await atShared.set("vmac", false));
    assert.equal(one.carp.configuration?.virtualInterface, undefined);
    await waitFor("the standby, too", () => two.carp.configuration?.virtualInterface === undefined);
  });

  test("[LH5] haif has to be an interface that both units have addresses on; macglobal makes the adverts broadcast", async () => {
    assert.equal(value(await one.client().get("haif")), 0);
    const none = await atShared.set("haif", 7);
    assert.ok(!none.ok && /there is no interface 7; there are 0/.test(none.error.message));
    value(await atShared.set("haif", 0));
    value(await atShared.set("macglobal", true));
    assert.equal(one.carp.configuration?.broadcast, true);
    value(await atShared.set("macglobal", false));
    assert.equal(one.carp.configuration?.broadcast, undefined);
  });

  test("[LH8] another group with the same virtual ID is an event, stands in the report, and its packets are counted", async () => {
    const now = Date.now();
    one.carp.hears({
      foreign: [{ source: "192.0.2.66", reason: "vrrp3", firstAt: now, lastAt: now, count: 4 }],
      rejects: { vrrp3: 4, hmac: 0 },
    });
    assert.equal(one.log.filter((line) => line.event === "ha-foreign-group").length, 1);
    assert.match(await report(one), /HA Virtual ID 1: a VRRPv3 router, such as keepalived, at 192\.0\.2\.66/);
    assert.match(String(value(await one.client().get("haforeign"))), /192\.0\.2\.66/);
    assert.equal(value(await one.client().get("harejects")), "vrrp3: 4");
    one.carp.hears({ foreign: [], rejects: {} });
    assert.equal(
      one.log.some((line) => line.event === "ha-foreign-group-gone"),
      true,
    );
    assert.equal(value(await one.client().get("haforeign")), "");
  });

  test("[LH1] a real-time priority that was refused is told with what it means and the remedy", async () => {
    one.carp.hears({ realtimeRefused: "EPERM" });
    assert.match(
      String(value(await one.client().get("hanotice"))),
      /without real-time priority \(EPERM\).*grant it CAP_SYS_NICE/,
    );
    one.carp.hears({ realtimeRefused: undefined });
    assert.equal(value(await one.client().get("hanotice")), "");
  });

  test("[LH11] a carpd of an earlier version is started anew on the standby; on the active it is told, until the role moves", async () => {
    const before = two.carp.spawned;
    two.carp.refuse("virtualInterface is not known");
    await waitFor("it is another one", () => two.carp.spawned === before + 1);
    // Both units of one loopback network want the shared address for their API, so there is always something.
    const goesByLast = (): boolean => two.unit.haProblems.some((each) => /last configuration/.test(each));
    await waitFor("it is well", () => !goesByLast() && two.carp.status?.role === "backup");

    const began = one.carp.spawned;
    one.carp.refuse("virtualInterface is not known");
    assert.match(
      await report(one),
      /goes by its last configuration.*\(virtualInterface is not known\).*earlier version.*hahandover/,
    );
    assert.equal(one.carp.spawned, began, "the role is not moved for it");
    one.carp.become("backup");
    await waitFor("it is another one", () => one.carp.spawned === began + 1);
    one.carp.become("master");
    await waitFor("it is well again", async () => !/last configuration/.test(await report(one)));

    two.carp.refusesAtStart = "still not known";
    two.carp.refuse("still not known");
    await waitFor("it is told", async () => /refuses it still: look at carpd\.log/.test(await report(two)));
    assert.equal(two.carp.spawned, before + 2, "once is enough");
    two.carp.refusesAtStart = undefined;
    two.carp.refusal = undefined;
    two.carp.become("backup");
    await waitFor("it is over", () => !goesByLast());
  });

  test("[LM1] a service on the own address of either unit is refused in a pair", async () => {
    for (const [host, words] of [
      [21, /this unit's own address.*would not move/],
      [22, /partner's own address/],
    ] as const) {
      const answer = await atShared.addVirtualService(loopback(host), 80, "tcp");
      assert.ok(!answer.ok);
      assert.match(answer.error.message, words);
      assert.match(
        answer.error.message,
        new RegExp(`use the shared address ${shared.replaceAll(".", "\\.")}`),
      );
    }
  });

  test("[LH11] a change reaches the standby at once; what is per unit is not overwritten", async () => {
    const hashes = [one, two].map((unit) => unit.unit.document.unit.passwordHash);
    value(await atShared.modifyVirtualService(vs, { NickName: "shop" }));
    await waitFor(
      "the standby has the name",
      () => two.unit.document.shared.services[0]?.nickname === "shop",
    );
    assert.equal(two.unit.document.revision, one.unit.document.revision);
    assert.equal(two.unit.document.unit.hostname, "second");
    assert.deepEqual(
      [one, two].map((unit) => unit.unit.document.unit.hamode),
      [1, 2],
    );
    assert.deepEqual(
      [one, two].map((unit) => unit.unit.document.unit.passwordHash),
      hashes,
    );
    const onDisk = JSON.parse(readFileSync(join(two.configuration.stateDir, "configuration.json"), "utf8"));
    assert.equal(onDisk.document.shared.services[0].nickname, "shop");
  });

  test("[LH11] certificates are added at the shared address alone, and the standby has them with their keys, its HAProxy as well", async () => {
    const data = Buffer.from((await issue("shop.example.org")).pem).toString("base64");
    const own = await one.client().call("addcert", { cert: "shop", data });
    assert.ok(!own.ok && /own address/.test(own.error.message));
    value(await atShared.call("addcert", { cert: "shop", data }));
    await waitFor("the standby has it", () => two.unit.document.shared.certificates?.[0]?.name === "shop");
    assert.deepEqual(two.unit.document.shared.certificates, one.unit.document.shared.certificates);
    assert.match(JSON.stringify(value(await two.client().call("listcert")).cert), /"name":"shop"/);
    const files = (unit: TestUnit): string[] =>
      readdirSync(join(unit.configuration.stateDir, "haproxy/files"));
    value(await atShared.modifyVirtualService(vs, { SSLAcceleration: 1, CertFile: "shop" }));
    await waitFor(
      "the standby has accepted it",
      () => one.unit.document.agreedDigest === digestOf(one.unit.document.shared),
    );
    assert.deepEqual(files(two).sort(), files(one).sort());
    assert.equal(files(two).length, 2, "for its HAProxy: the certificate, and the list that it stands in");
    value(await atShared.modifyVirtualService(vs, { SSLAcceleration: 0, CertFile: "" }));
    value(await atShared.call("delcert", { cert: "shop" }));
    await waitFor("it is gone there too", () => two.unit.document.shared.certificates === undefined);
  });

  test("[LH11] Force Partner Update sends the document to a standby that says it has it, and says what kept it from going", async () => {
    const received = (): number => two.log.filter((line) => line.event === "configuration-received").length;
    await waitFor("the standby has what the active has, and has said so", () =>
      two.log.some(
        ({ event, details }) =>
          event === "configuration-received" &&
          (details as { revision: number }).revision === one.unit.document.revision,
      ),
    );
    const before = received();
    const { digest, revision } = value(await one.client(shared).forcePartnerUpdate());
    assert.equal(digest, digestOf(one.unit.document.shared));
    assert.equal(revision, one.unit.document.revision);
    assert.equal(received(), before + 1);
    const refused = await two.client().forcePartnerUpdate();
    assert.ok(!refused.ok && /not updated: this unit is not active/.test(refused.error.message));
    value(await two.client().setPartnerSecret("another secret altogether"));
    await waitFor("the link is refused", async () => /partner link is refused/.test(await report(one)));
    const cut = await one.client(shared).forcePartnerUpdate();
    assert.ok(!cut.ok && /not updated: .*secret/.test(cut.error.message));
    value(await two.client().setPartnerSecret(pairSecret));
    await waitFor("nothing is left to report", async () => (await report(one)) === "");
  });

  test("[LH11] [LH13] what the partner has taken counts at once as what it has, so that the role may move", async () => {
    for (const name of ["first", "second", "third", "fourth"]) {
      value(await atShared.call("modvs", { vs: vs.address, port: vs.port, prot: "tcp", NickName: name }));
      value(await one.client().call("forcepartnerupdate"));
      const { partnerState, document } = one.unit;
      assert.ok(partnerState.kind === "up");
      assert.equal(partnerState.status.digest, digestOf(document.shared));
    }
  });

  test("[LH13] hahandover gives the role away at the active's own address, and is refused at the standby's and while it is not ready", async () => {
    const refused = async (unit: TestUnit): Promise<string> => {
      const answer = await unit.client().handOver();
      assert.ok(!answer.ok && answer.error.kind === "refused");
      return answer.error.message;
    };
    assert.match(await refused(two), /this unit is not active/);
    two.carp.hears({ demotion: 3 });
    await waitFor("the active knows that its partner is worse off", () => {
      const { partnerState } = one.unit;
      return partnerState.kind === "up" && partnerState.status.demotion === 3;
    });
    assert.match(await refused(one), /worse off than this unit \(demotion 3 against 0\)/);
    assert.equal(value(await one.client().get("hastatus")), "Active");
    two.carp.hears({ demotion: 0 });
    await waitFor("the active knows that its partner is well", () => {
      const { partnerState } = one.unit;
      return partnerState.kind === "up" && partnerState.status.demotion === 0;
    });
    const handedOver = one.client().handOver();
    await waitFor("the role is given up", () => one.carp.status?.role === "backup");
    two.carp.become("master");
    const { from, to, at, warning } = value(await handedOver);
    assert.deepEqual([from, to, warning, typeof at], ["HA1", "HA2", undefined, "number"]);
    two.carp.become("backup");
    one.carp.become("master");
  });

  test("roles change: the new active accepts, and the old one takes its document", async () => {
    one.carp.become("backup");
    two.carp.become("master");
    assert.equal(value(await two.client().get("hastatus")), "Active");
    assert.ok(
      two.log.some(
        (line) => line.event === "ha-role" && JSON.stringify(line.details).includes('"to":"master"'),
      ),
    );
    const author = { user: "bal", client: "127.0.0.1", command: "set" };
    const made = await two.unit.change(author, (document) => ({
      ok: true,
      value: {
        document: {
          ...document,
          revision: document.revision + 1,
          shared: { ...document.shared, ha: { ...document.shared.ha, vhid: 42 } },
        },
        value: {},
      },
    }));
    assert.ok(made.ok);
    await waitFor("the old active has it", () => one.unit.document.shared.ha.vhid === 42);
    assert.equal(one.carp.configuration?.vhid, 42);
    assert.equal(
      one.log.some((line) => line.event === "configuration-superseded"),
      false,
    );
    one.carp.become("master");
    two.carp.become("backup");
  });

  test("[LH9] a pacified unit and its partner say so with the remedy; it takes no document until haresume or a reboot", async () => {
    two.carp.pacify("carpd ended too often");
    two.carp.hears({});
    two.carp.pacify("carpd ended too often");
    const told = two.log.filter(({ event }) => event === "ha-pacified");
    assert.deepEqual([told.length, told[0]?.level], [1, "error"]);
    assert.match(await report(two), /^this unit is pacified since .*carpd ended too often.*haresume.*reboot/);
    assert.equal(value(await two.client().get("hastatus")), "Passive");
    await waitFor("its partner says so", async () =>
      /^the partner is pacified since .*haresume/.test(await report(one)),
    );
    const { length } = one.log;
    value(await atShared.modifyVirtualService(vs, { NickName: "while pacified" }));
    const forced = await one.client(shared).forcePartnerUpdate();
    assert.ok(!forced.ok && /not updated: the partner is pacified/.test(forced.error.message));
    const later = one.log.slice(length).map(({ event }) => event);
    assert.deepEqual(
      later.filter((event) => event === "configuration-sent" || event === "configuration-not-accepted"),
      [],
    );
    const { shared: content } = one.unit.document;
    const refused = await two.unit.receive(1_000, digestOf(content), content);
    assert.ok(!refused.accepted && /this unit is pacified/.test(refused.reason));

    const handOver = await one.client().handOver();
    assert.ok(!handOver.ok && /the partner is pacified/.test(handOver.error.message));
    const well = await one.client().call("haresume");
    assert.ok(!well.ok && /this unit is not pacified/.test(well.error.message));
    value(await two.client().call("haresume"));
    assert.ok(two.log.some(({ event }) => event === "ha-resumed"));
    await waitFor("it has what it missed", () => digestOf(two.unit.document.shared) === digestOf(content));
    await waitFor("nothing is left to report", async () => (await report(one)) === "");
    assert.equal(two.carp.resumesAtRestart, false);
    value(await two.client().call("reboot"));
    assert.equal(two.carp.resumesAtRestart, true);
  });

  test("both active: nobody's document is overwritten, and it is reported", async () => {
    two.carp.become("master");
    await waitFor("it is reported", async () => /both units are active/.test(await report(one)));
    const refused = await two.unit.receive(
      1_000,
      digestOf(one.unit.document.shared),
      one.unit.document.shared,
    );
    assert.deepEqual(refused, { accepted: false, reason: "this unit is active itself" });
    two.carp.become("backup");
    await waitFor("it is over", async () => !/both units are active/.test(await report(one)));
  });

  test("a wrong partner secret is refused, named in the log, and in the report", async () => {
    value(await two.client().setPartnerSecret("another secret altogether"));
    await waitFor("it is reported", async () =>
      /partner link is refused.*setpartnersecret/.test(await report(one)),
    );
    assert.ok(two.log.some((line) => line.event === "partner-secret-wrong" && line.level === "warn"));
    const before = digestOf(two.unit.document.shared);
    value(await atShared.modifyVirtualService(vs, { NickName: "meanwhile" }));
    assert.equal(digestOf(two.unit.document.shared), before);
    assert.ok(
      ![...one.log, ...two.log].some((line) => JSON.stringify(line).includes("another secret altogether")),
    );
    value(await two.client().setPartnerSecret(pairSecret));
    await waitFor(
      "the standby has caught up",
      () => two.unit.document.shared.services[0]?.nickname === "meanwhile",
    );
    await waitFor("nothing is left to report", async () => (await report(one)) === "");
  });

  test("[LH3] two units of the same mode are recognised, reported, and still do not tie", async () => {
    value(await two.client().set("hamode", 1));
    await waitFor("it is reported", async () =>
      /both units are set to HA mode 1.*set hamode 2/.test(await report(one)),
    );
    await waitFor(
      "one stands back",
      () => one.carp.configuration?.advskew !== two.carp.configuration?.advskew,
    );
    value(await two.client().set("hamode", 2));
    await waitFor("it is over", async () => (await report(one)) === "");
    assert.deepEqual([one.carp.configuration?.advskew, two.carp.configuration?.advskew], [0, 1]);
  });

  test("[LH3] a preferred host pre-empts, and the other one has the greater skew", async () => {
    value(await atShared.set("haprefered", 2));
    await waitFor("both know", () => two.carp.configuration?.preempt === true);
    assert.deepEqual([one.carp.configuration?.advskew, two.carp.configuration?.advskew], [1, 0]);
    assert.equal(one.carp.configuration?.preempt, false);
    value(await atShared.set("haprefered", 0));
    await waitFor("both know", () => two.carp.configuration?.preempt === false);
  });

  test("[LH9] hamode 0 ends the pair on this unit, and its services are its own again; it is pacified no more", async () => {
    two.carp.pacify("carpd ended too often");
    value(await two.client().set("hamode", 0));
    assert.equal(two.carp.pacified, null);
    assert.equal(two.log.findLast(({ event }) => /^ha-(pacified|resumed)$/.test(event))?.event, "ha-resumed");
    assert.equal(value(await two.client().get("hastatus")), "HA not configured");
    assert.equal(two.carp.status, null);
    value(await two.client().addVirtualService(loopback(22), portFor(8), "tcp"));
    const { shared: content } = one.unit.document;
    const late = await two.unit.receive(1_000, digestOf(content), content);
    assert.deepEqual(late, { accepted: false, reason: "this unit is in no pair" });
    assert.notEqual(digestOf(two.unit.document.shared), digestOf(content));
  });
});

test("[LH11] two units that began equal have nothing to keep a backup of", { skip }, async () => {
  const one = await startUnit(31);
  const two = await startUnit(32);
  try {
    await pairUp(one, two, loopback(30), { hatimeout: 1 });
    one.carp.become("master");
    await waitFor("both know that they are equal", () =>
      [one, two].every((unit) => unit.unit.document.agreedDigest === digestOf(one.unit.document.shared)),
    );
    value(await one.client(loopback(30)).addVirtualService(loopback(30), portFor(9), "tcp"));
    await waitFor("the standby has it", () => two.unit.document.shared.services.length === 1);
    assert.ok(!two.log.some((line) => line.event === "configuration-superseded"));
  } finally {
    await one.remove();
    await two.remove();
  }
});
