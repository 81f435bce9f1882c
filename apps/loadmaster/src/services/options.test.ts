import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { LoadMasterClient, Parameters } from "@tandem/loadmaster-api/client";
import type { StatisticsView, VirtualServiceView } from "@tandem/loadmaster-api/views";
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

type Asked = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

describe("options of services", { skip }, () => {
  let unit: TestUnit;
  let client: LoadMasterClient;
  let teller: Server;
  let sorry: WebServer;
  const host = loopback(50);
  const port = portFor(3);
  const vs = { vs: host, port, prot: "tcp" };

  before(async () => {
    unit = await startUnit(1);
    client = unit.client();
    sorry = await startWebServer(61, "sorry");
    teller = createServer((incoming, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ headers: incoming.headers, filler: "a".repeat(5_000) }));
    });
    await new Promise<void>((resolve) => teller.listen(0, loopback(60), resolve));
  });
  after(async () => {
    teller?.close();
    teller?.closeAllConnections();
    await sorry?.close();
    await unit?.remove();
  });
  beforeEach(async () => {
    await client.call("delvs", vs);
  });

  const call = async (command: string, parameters: Parameters) =>
    value(await client.call(command, parameters)) as unknown as VirtualServiceView;
  const addService = async (parameters: Parameters): Promise<void> => {
    await call("addvs", { ...vs, VStype: "http", CheckType: "none", ...parameters });
  };
  const addServer = () =>
    call("addrs", { ...vs, rs: loopback(60), rsport: (teller.address() as AddressInfo).port });
  const ask = (headers: { readonly [name: string]: string } = {}, at = port, path = "/"): Promise<Asked> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host, port: at, path, headers, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  const listening = (at = port): Promise<void> =>
    waitFor("the service is in force", () =>
      ask({}, at).then(
        () => true,
        () => false,
      ),
    );
  const statistics = async () => (await call("stats", {})) as unknown as StatisticsView;

  test("[LM1] while no server is available clients are sent elsewhere, with host and path, or told a status", async () => {
    await addService({ ErrorUrl: "https://%h%s#100%" });
    await listening();
    const elsewhere = await ask({ host: `www.example:${port}` }, port, "/a/b?c=1");
    assert.equal(elsewhere.status, 302);
    assert.equal(elsewhere.headers.location, "https://www.example/a/b?c=1#100%");
    assert.equal((await call("showvs", vs)).Status, "Redirect");
    await call("modvs", { ...vs, ErrorCode: 301 });
    await waitFor("301", async () => (await ask()).status === 301);
    await call("modvs", { ...vs, ErrorUrl: "", ErrorCode: 503 });
    await waitFor("503 without a place", async () => (await ask()).headers.location === undefined);
    await call("modvs", { ...vs, ErrorCode: 404 });
    await waitFor("404", async () => (await ask()).status === 404);
    await addServer();
    await waitFor("the server", async () => (await ask()).status === 200);
    await call("modvs", { ...vs, ErrorCode: "" });
    assert.equal((await call("showvs", vs)).ErrorCode, "0");
  });

  test("[LM1] the sorry server is used while no other one can be, and gives back", async () => {
    await addService({ StandbyAddr: loopback(61), StandbyPort: sorry.port });
    await listening();
    assert.match((await ask()).body.toString(), /^sorry/);
    assert.equal((await call("showvs", vs)).Status, "Sorry");
    await addServer();
    await waitFor("the server", async () => (await ask()).body.toString().startsWith("{"));
    await call("disablers", { rs: loopback(60) });
    await waitFor("the sorry server", async () => (await ask()).body.toString().startsWith("sorry"));
    const shown = await call("modvs", { ...vs, StandbyAddr: "" });
    assert.equal(shown.StandbyAddr, undefined);
    await waitFor("nobody", async () => (await ask()).status === 503);
  });

  test("[LM1] a service answers at its further ports too", async () => {
    await addService({ ExtraPorts: `${port + 1}, ${port + 2}-${port + 3}` });
    await addServer();
    for (const each of [0, 1, 2, 3]) {
      await listening(port + each);
      assert.equal((await ask({}, port + each)).status, 200);
    }
    assert.equal((await call("showvs", vs)).ExtraPorts, `${port + 1} ${port + 2}-${port + 3}`);
    const clash = await client.call("addvs", { ...vs, port: port + 3, Enable: "N" });
    assert.ok(!clash.ok);
    assert.match(clash.error.message, /already belongs to virtual service/);
  });

  test("[LM1] texts are compressed for clients that take it, and headers are written into requests", async () => {
    await addService({
      Compress: "Y",
      CopyHdrFrom: "User-Agent",
      CopyHdrTo: "X-Agent",
      ExtraHdrKey: "X-Site",
      ExtraHdrValue: "50% 'more'",
    });
    await addServer();
    await listening();
    const squeezed = await ask({ "accept-encoding": "gzip", "user-agent": "a, b" });
    assert.equal(squeezed.headers["content-encoding"], "gzip");
    assert.ok(squeezed.body.length < 1_000);
    const { headers } = JSON.parse(gunzipSync(squeezed.body).toString());
    assert.equal(headers["x-agent"], "a, b");
    assert.equal(headers["x-site"], "50% 'more'");
    assert.equal((await ask()).headers["content-encoding"], undefined);
  });

  test("[LM1] what goes beyond a limit is refused and counted", async () => {
    await addService({ MaxConnsLimit: 2 });
    await addServer();
    await listening();
    const held: Socket[] = [];
    // One of the first may be refused itself, while the last request's connection still counts.
    await waitFor("one too many is refused", () => {
      held.push(connect({ host, port }).on("error", () => {}));
      return ask().then(
        () => false,
        () => true,
      );
    });
    for (const each of held) each.destroy();
    await listening();
    await waitFor("it is counted", async () => ((await statistics()).Vs[0]?.MaxConnsBlocked ?? 0) > 0);
    await call("modvs", { ...vs, MaxConnsLimit: 0, RequestsPerSecLimit: 3 });
    await waitFor("too many requests", async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask()));
      const refused = answers.filter(({ status }) => status === 429).length;
      return refused > 0 && refused < answers.length;
    });
    await waitFor("they are counted", async () => ((await statistics()).Vs[0]?.RequestsRateBlocked ?? 0) > 0);
  });

  test("[LM2] what an option cannot be is refused and changes nothing", async () => {
    await addService({ Enable: "N" });
    const refused: readonly [Parameters, RegExp][] = [
      [{ ErrorCode: 506 }, /ErrorCode/],
      [{ ErrorUrl: "a b" }, /ErrorUrl/],
      [{ ErrorCode: 404, ErrorUrl: "https://a/" }, /404 is no redirect/],
      [{ StandbyAddr: loopback(61) }, /StandbyPort/],
      [{ StandbyAddr: "sorry.example", StandbyPort: 80 }, /StandbyAddr/],
      [{ StandbyPort: 80 }, /StandbyAddr/],
      [{ ExtraPorts: "80-70" }, /80-70/],
      [{ ExtraPorts: "1-60000" }, /allowed are 510/],
      [{ ExtraPorts: "99999" }, /99999/],
      [{ MaxConnsLimit: 1_000_001 }, /MaxConnsLimit/],
      [{ VStype: "gen", Compress: "Y" }, /Compress.*VStype http/],
      [{ VStype: "gen", ErrorCode: 503 }, /ErrorCode.*VStype http/],
      [{ ExtraHdrKey: "X A" }, /ExtraHdrKey/],
      [{ ExtraHdrKey: "X-A", ExtraHdrValue: "a\nb" }, /ExtraHdrValue/],
      [{ VStype: "gen", ForceL4: "Y", MaxConnsLimit: 5 }, /MaxConnsLimit.*layer 4/],
    ];
    for (const [parameters, words] of refused) {
      const digest = digestOf(unit.unit.document.shared);
      const answer = await client.call("modvs", { ...vs, ...parameters });
      assert.ok(!answer.ok, `${JSON.stringify(parameters)} is not refused`);
      assert.match(answer.error.message, words);
      assert.equal(digestOf(unit.unit.document.shared), digest);
    }
  });
});
