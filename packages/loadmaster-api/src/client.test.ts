import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadOrCreateIdentity } from "@tandem/peer-link/identity";
import { callsPerWindow, interpret, LoadMasterClient, windowMs } from "./client.ts";

const directory = mkdtempSync(join(tmpdir(), "tandem-client-"));

const certificate = async (name: string): Promise<{ key: string; cert: string }> => {
  const identity = await loadOrCreateIdentity(join(directory, name), {
    commonName: name,
    addresses: ["127.0.0.1"],
  });
  return { key: identity.privateKeyPem, cert: identity.certificatePem };
};

describe("the client of the LoadMaster API", () => {
  let server: Server;
  let other: Server;
  const bodies: string[] = [];
  let answer = (): { http: number; body: string } => ({ http: 200, body: '{"code":200,"status":"ok"}' });

  const listen = async (name: string): Promise<Server> => {
    const made = createServer(await certificate(name), (request, response) => {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        bodies.push(body);
        const { http, body: text } = answer();
        if (http !== 0) response.writeHead(http).end(text);
      });
    });
    return new Promise((resolve) => made.listen(0, "127.0.0.1", () => resolve(made)));
  };
  const clientOf = (of: Server, options: object = {}): LoadMasterClient =>
    new LoadMasterClient({
      address: "127.0.0.1",
      port: (of.address() as AddressInfo).port,
      credentials: { kind: "password", user: "bal", password: "a password" },
      ...options,
    });

  before(async () => {
    server = await listen("one");
    other = await listen("two");
  });

  after(() => {
    for (const each of [server, other]) {
      each.close();
      each.closeAllConnections();
    }
    rmSync(directory, { recursive: true });
  });

  test("[CE6] it sends command, parameters and credentials in the body, never in the address", async () => {
    bodies.length = 0;
    assert.ok((await clientOf(server).call("showvs", { vs: 1 })).ok);
    assert.deepEqual(JSON.parse(bodies[0] ?? ""), {
      vs: 1,
      cmd: "showvs",
      apiuser: "bal",
      apipass: "a password",
    });
  });

  test("[CE6] it pins the first key it sees, and tells nothing to another one", async () => {
    let seen = "";
    const first = clientOf(server, { onFirstUse: (fingerprint: string) => (seen = fingerprint) });
    assert.ok((await first.call("listvs")).ok);
    assert.match(seen, /^[0-9a-f]{64}$/);
    assert.equal(first.fingerprint, seen);
    bodies.length = 0;
    const answered = await clientOf(other, { fingerprint: seen }).call("listvs");
    assert.ok(!answered.ok && answered.error.kind === "wrong-certificate");
    assert.equal(answered.error.expected, seen);
    assert.deepEqual(bodies, [], "no password was sent");
  });

  test("[CE6] status and body both have to say that it went well", () => {
    const kinds = (http: number, body: string): string => {
      const read = interpret(http, body);
      return read.ok ? "ok" : read.error.kind === "refused" ? `refused ${read.error.code}` : read.error.kind;
    };
    assert.equal(kinds(200, '{"code":200,"status":"ok"}'), "ok");
    assert.equal(kinds(200, '{"code":422,"message":"Unknown VS","status":"fail"}'), "refused 422");
    assert.equal(kinds(200, '{"code":200,"status":"fail"}'), "refused 500");
    assert.equal(kinds(422, '{"status":"ok"}'), "refused 422");
    assert.equal(kinds(401, "<html>Unauthorized</html>"), "unauthorised");
    assert.equal(kinds(401, '{"code":401,"status":"fail"}'), "unauthorised");
    assert.equal(kinds(200, "<html>"), "malformed");
    assert.equal(kinds(200, "[]"), "malformed");
  });

  test("[CE6] a unit that does not answer, or is not there, is an error with words", async () => {
    answer = () => ({ http: 0, body: "" });
    const silent = await clientOf(server, { timeoutMs: 100 }).call("listvs");
    assert.ok(!silent.ok && silent.error.kind === "timeout");
    answer = () => ({ http: 200, body: '{"code":200,"status":"ok"}' });
    const closed = await listen("three");
    const client = clientOf(closed);
    await new Promise((resolve) => closed.close(resolve));
    const refused = await client.call("listvs");
    assert.ok(!refused.ok && refused.error.kind === "unreachable");
    assert.match(refused.error.message, /127\.0\.0\.1:\d+ cannot be reached/);
  });

  test("[CE6] more calls than a unit bears wait for their turn", async () => {
    const client = clientOf(server);
    const began = performance.now();
    const ends: number[] = [];
    await Promise.all(
      Array.from({ length: callsPerWindow + 2 }, async () => {
        assert.ok((await client.call("listvs")).ok);
        ends.push(performance.now() - began);
      }),
    );
    assert.equal(ends.filter((at) => at < windowMs).length, callsPerWindow);
    assert.ok(ends.every((at) => at < 3 * windowMs));
  });
});
