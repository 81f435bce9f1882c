import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import { digestOf } from "../state/document.ts";
import {
  loopback,
  portFor,
  startUnit,
  startWebServer,
  type TestUnit,
  value,
  type WebServer,
  waitFor,
} from "../unit.fixture.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";

describe("access lists", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  let server: WebServer;
  const host = loopback(50);
  const port = portFor(3);
  const [first, second] = [loopback(70), loopback(71)];
  const vs = { vs: host, port, prot: "tcp" };
  const ofService = { vsip: host, vsport: port, vsprot: "tcp" };

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
    server = await startWebServer(60, "served");
    await call("addvs", { ...vs, VStype: "http", CheckType: "none" });
    await call("addrs", { ...vs, rs: loopback(60), rsport: server.port });
  });
  after(async () => {
    await server?.close();
    await unit?.remove();
  });
  beforeEach(async () => {
    await acl({ enable: 1 });
    await acl({ drop: 0 });
    for (const [list, where, remove] of [
      ["list", {}, "del"],
      ["listvs", ofService, "delvs"],
    ] as const)
      for (const name of ["allow", "block"])
        for (const addr of await listed({ [list]: name, ...where }))
          await acl({ [remove]: name, ...where, addr });
  });

  const call = async (command: string, parameters: Parameters) =>
    value(await client.call(command, parameters));
  const acl = (parameters: Parameters) => call("aclcontrol", parameters);
  const listed = async (parameters: Parameters): Promise<string[]> =>
    ((await acl(parameters)).IP as { addr: string }[]).map(({ addr }) => addr);
  const refusal = async (parameters: Parameters): Promise<string> => {
    const answer = await client.call("aclcontrol", parameters);
    assert.ok(!answer.ok, JSON.stringify(parameters));
    return answer.error.message;
  };
  /** What a client with this address meets. */
  const met = (localAddress: string): Promise<"served" | "ended"> =>
    new Promise((resolve) => {
      const asking = request({ host, port, localAddress, agent: false }, (answer) => {
        answer.resume();
        answer.once("end", () => resolve("served"));
      });
      asking.once("error", () => resolve("ended"));
      asking.end();
    });
  const meets = (who: string, what: Awaited<ReturnType<typeof met>>): Promise<void> =>
    waitFor(`${who} meets ${what}`, async () => (await met(who)) === what);

  test("[LM1] whom the list of all services blocks is refused, and let in again once he is not on it", async () => {
    await meets(first, "served");
    await acl({ add: "block", addr: first, comment: "a scanner" });
    await meets(first, "ended");
    assert.equal(await met(second), "served");
    assert.deepEqual((await acl({ list: "block" })).IP, [{ addr: `${first}/32`, comment: "a scanner" }]);
    await acl({ enable: 0 });
    await meets(first, "served");
    await acl({ enable: 1 });
    await meets(first, "ended");
    await acl({ del: "block", addr: `${first}/32` });
    await meets(first, "served");
  });

  test("[LM1] of networks that hold an address the smallest counts", async () => {
    const network = `${first.split(".").slice(0, 3).join(".")}.0/24`;
    await acl({ addvs: "block", ...ofService, addr: network });
    await acl({ addvs: "allow", ...ofService, addr: second });
    await meets(first, "ended");
    assert.equal(await met(second), "served");
    await acl({ delvs: "allow", ...ofService, addr: second });
    await meets(second, "ended");
  });

  test("[LM1] where a service has a list of whom to allow alone, everybody else is refused", async () => {
    await acl({ addvs: "allow", ...ofService, addr: second });
    await meets(first, "ended");
    assert.equal(await met(second), "served");
    await acl({ add: "block", addr: second });
    await meets(second, "ended");
  });

  test("[LM1] refused is who is to be dropped as well, and the way is kept; over loopback it is seen all the same", async () => {
    await acl({ drop: 1 });
    assert.equal((await acl({ isdrop: "" })).isdrop, true);
    await acl({ addvs: "block", ...ofService, addr: first });
    await meets(first, "ended");
    await acl({ drop: 0 });
    assert.equal((await acl({ isdrop: "" })).isdrop, false);
    await acl({ enable: 0 });
    assert.equal((await acl({ isenabled: "" })).isenabled, false);
    assert.match(await refusal({ drop: 1 }), /^drop: the access lists are not in force/);
    assert.equal((await acl({ isifblock: "" })).isifblock, "Free");
  });

  test("[LM2] what cannot be is refused with the reason, and nothing changes by it", async () => {
    await acl({ add: "block", addr: "2001:DB8::/32" });
    assert.deepEqual(await listed({ list: "black" }), ["2001:db8::/32"]);
    const before = digestOf(unit.unit.document.shared);
    assert.match(
      await refusal({ add: "block", addr: "2001:db8:0::/32" }),
      /^addr: .* in the list block already/,
    );
    assert.match(await refusal({ add: "allow", addr: "2001:db8::/32" }), /^addr: .* remove it there first/);
    assert.match(await refusal({ add: "block", addr: "10.0.0.1/8" }), /^addr: .* zeros behind its prefix/);
    assert.match(await refusal({ del: "allow", addr: "10.0.0.0/8" }), /^addr: .* is not in the list allow/);
    assert.match(await refusal({ add: "block" }), /^addr: /);
    assert.match(await refusal({}), /^list: String Value missing/);
    assert.match(await refusal({ list: "allow", add: "block", addr: first }), /^add: not together with list/);
    assert.match(await refusal({ addvs: "block", addr: first }), /^vs: Address Value missing/);
    assert.match(await refusal({ addvs: "block", vs: 99_999, addr: first }), /^Unknown VS/);
    assert.match(await refusal({ ifblock: 1 }), /^ifblock: /);
    assert.match(await refusal({ wuiblock: 1 }), /^wuiblock: /);
    const four = await client.call("addvs", {
      vs: loopback(51),
      port,
      prot: "tcp",
      VStype: "gen",
      ForceL4: 1,
    });
    assert.match(four.ok ? "" : four.error.message, /^ForceL4: there are access lists of all services/);
    assert.equal(digestOf(unit.unit.document.shared), before);
  });
});
