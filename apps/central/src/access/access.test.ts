import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import { CentralClient } from "@tandem/central-api/client";
import { FingerprintMismatch, readFingerprint } from "@tandem/central-api/pinned-https";
import { csrfHeader, routes } from "@tandem/central-api/routes";
import { Database } from "@tandem/storage/database";
import { DocumentStore, documentMigrations } from "@tandem/storage/document-store";
import { refused, startCentral } from "../central-on-loopback.ts";

const json = { "content-type": "application/json" };
const signInBody = (password: string): string => JSON.stringify({ user: "admin", password });

test("[CE4] nothing but signing in, /about and what LoadMasters ask of licences answers without a session or an API key", async (t) => {
  const { raw } = await startCentral(t, "central1", "127.0.0.1");
  const open = new Set([
    ...["about", "signIn"],
    // Their requests are signed by the LoadMaster.
    ...["licenceTypes", "activateLicence", "checkLicence", "releaseLicence"],
  ]);
  for (const [name, route] of Object.entries(routes)) {
    const answer = await raw(
      route.method,
      `/api/v1${route.path.replace(/:[a-z]+/g, "x")}`,
      json,
      "body" in route ? "{}" : undefined,
    );
    if (open.has(name)) assert.notEqual(answer.status, 401, name);
    else {
      assert.equal(answer.status, 401, name);
      assert.match(answer.body, /"code":"not-signed-in"/);
    }
  }
});

test("[CE4] the first password stands in a file of mode 0600 until it has been used once, and works on", async (t) => {
  const { stateDir, firstPassword, client, restart, server, ...rest } = await startCentral(
    t,
    "central1",
    "127.0.0.1",
    {
      keepFirstPassword: true,
    },
  );
  const file = join(stateDir, "first-password");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(await refused(client.signIn("admin", "wrong")), ["401 password credentials-wrong"]);
  assert.ok(existsSync(file), "a wrong password does not remove it");
  await client.signIn("admin", firstPassword);
  assert.ok(!existsSync(file));
  await restart();
  assert.ok(!existsSync(file), "no other is made at the next start");
  const { fingerprint } = rest.central.pair.identity;
  const again = new CentralClient({ ...server, fingerprint });
  t.after(() => again.close());
  await again.signIn("admin", firstPassword);
  for (const name of readdirSync(stateDir, { recursive: true, encoding: "utf8" })) {
    const path = join(stateDir, name);
    if (statSync(path).isFile())
      assert.ok(!readFileSync(path).includes(firstPassword), `${name} holds the password in the clear`);
  }
});

test("[CE4] a session's cookie is Secure, HttpOnly and SameSite=Strict, and ends at signing out", async (t) => {
  const { raw, firstPassword } = await startCentral(t, "central1", "127.0.0.1", { keepFirstPassword: true });
  const signedIn = await raw("POST", "/api/v1/session", json, signInBody(firstPassword));
  assert.equal(signedIn.status, 201);
  const [line = ""] = signedIn.headers["set-cookie"] as string[];
  for (const attribute of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"])
    assert.ok(line.includes(attribute), line);
  const cookie = line.split(";")[0] as string;
  const { csrf } = JSON.parse(signedIn.body) as { csrf: string };
  assert.equal((await raw("GET", "/api/v1/session", { cookie })).status, 200);
  assert.equal((await raw("DELETE", "/api/v1/session", { cookie, [csrfHeader]: csrf })).status, 200);
  const after = await raw("GET", "/api/v1/session", { cookie });
  assert.equal(after.status, 401);
  assert.match(after.body, /this session has ended/);
});

test("[CE4] a change with a cookie needs the session's CSRF token; reading does not", async (t) => {
  const { raw, firstPassword } = await startCentral(t, "central1", "127.0.0.1", { keepFirstPassword: true });
  const signedIn = await raw("POST", "/api/v1/session", json, signInBody(firstPassword));
  const cookie = (signedIn.headers["set-cookie"] as string[])[0]?.split(";")[0] as string;
  const { csrf } = JSON.parse(signedIn.body) as { csrf: string };
  const add = (headers: Record<string, string>) =>
    raw("POST", "/api/v1/networks", { ...json, cookie, ...headers }, '{"cidr":"10.0.0.0/24"}');
  const unfit: Record<string, string>[] = [{}, { [csrfHeader]: "guess" }];
  for (const headers of unfit) {
    const answer = await add(headers);
    assert.equal(answer.status, 403);
    assert.match(answer.body, /csrf-header-missing/);
  }
  assert.equal(JSON.parse((await raw("GET", "/api/v1/networks", { cookie })).body).networks.length, 0);
  assert.equal((await add({ [csrfHeader]: csrf })).status, 201);
});

test("[CE4] an API key works in a header without cookie and CSRF token, is shown once, and ends when it is removed", async (t) => {
  const { client, raw, stateDir } = await startCentral(t, "central1", "127.0.0.1");
  const made = await client.call(routes.makeApiKey, { body: { name: "backup script" } });
  const authorization = `Bearer ${made.key}`;
  const add = () => raw("POST", "/api/v1/networks", { ...json, authorization }, '{"cidr":"10.0.0.0/24"}');
  assert.equal((await add()).status, 201);
  const who = JSON.parse((await raw("GET", "/api/v1/session", { authorization })).body);
  assert.deepEqual(who, { user: "admin", by: "api-key", csrf: null, expiresAt: null });
  const { apiKeys } = await client.call(routes.listApiKeys);
  assert.deepEqual(
    apiKeys.map(({ id, name }) => ({ id, name })),
    [{ id: made.id, name: "backup script" }],
  );
  assert.ok(apiKeys[0]?.lastUsedAt);
  assert.ok(!readFileSync(join(stateDir, "local.db")).includes(made.key), "the key is kept in the clear");

  const wrongSecret = `Bearer ${made.key.slice(0, -1)}${made.key.endsWith("A") ? "B" : "A"}`;
  for (const wrong of [wrongSecret, "Bearer tandem_", "Basic YTpi", "Bearer "])
    assert.equal((await raw("GET", "/api/v1/networks", { authorization: wrong })).status, 401, wrong);
  await client.call(routes.removeApiKey, { params: { id: made.id } });
  assert.equal((await raw("GET", "/api/v1/networks", { authorization })).status, 401);
  assert.deepEqual(await refused(client.call(routes.removeApiKey, { params: { id: made.id } })), [
    "404 id api-key-unknown",
  ]);
});

test("API keys as they were kept before they could be shared go on working, and keep when they were last used", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const text = `tandem_${"a".repeat(16)}_${"b".repeat(43)}`;
  await here.stop();
  const database = new Database(join(here.stateDir, "local.db"), documentMigrations);
  new DocumentStore(database).set(`api-key/${"a".repeat(16)}`, {
    id: "a".repeat(16),
    name: "former",
    user: "admin",
    secretHash: sha256Hex(text),
    createdAt: 1_700_000_000_000,
    lastUsedAt: 1_700_000_060_000,
  });
  database.close();
  for (let start = 1; start <= 2; start += 1) {
    await here.restart();
    await here.client.signIn("admin", here.firstPassword);
    const { apiKeys } = await here.client.call(routes.listApiKeys);
    assert.deepEqual(
      apiKeys.map(({ name }) => name),
      ["former"],
    );
    if (start === 1) assert.equal(apiKeys[0]?.lastUsedAt, new Date(1_700_000_060_000).toISOString());
    const answer = await here.raw("GET", "/api/v1/networks", { authorization: `Bearer ${text}` });
    assert.equal(answer.status, 200);
    await here.stop();
  }
});

test("[CE4] after five wrong passwords the address has to wait, even with the right one", async (t) => {
  const { raw, firstPassword } = await startCentral(t, "central1", "127.0.0.1", { keepFirstPassword: true });
  for (let count = 0; count < 5; count += 1)
    assert.equal((await raw("POST", "/api/v1/session", json, signInBody(`wrong ${count}`))).status, 401);
  const answer = await raw("POST", "/api/v1/session", json, signInBody(firstPassword));
  assert.equal(answer.status, 429);
  assert.match(answer.body, /wait \d+ s/);
});

test("[CE4] changing the password needs the present one, ends other sessions, and keeps this one", async (t) => {
  const { client, firstPassword, server, central } = await startCentral(t, "central1", "127.0.0.1");
  const { fingerprint } = central.pair.identity;
  const other = new CentralClient({ ...server, fingerprint });
  t.after(() => other.close());
  await other.signIn("admin", firstPassword);
  const newPassword = "correct horse battery";
  const change = (currentPassword: string, wanted: string) =>
    client.call(routes.changePassword, { body: { currentPassword, newPassword: wanted } });
  assert.deepEqual(await refused(change("wrong", newPassword)), ["400 currentPassword credentials-wrong"]);
  assert.deepEqual(await refused(change(firstPassword, "short")), ["400 newPassword not-allowed"]);
  await change(firstPassword, newPassword);
  assert.equal((await client.call(routes.whoAmI)).user, "admin");
  assert.deepEqual(await refused(other.call(routes.whoAmI)), ["401 session not-signed-in"]);
  assert.deepEqual(await refused(other.signIn("admin", firstPassword)), ["401 password credentials-wrong"]);
  await other.signIn("admin", newPassword);
});

test("the client sends nothing to a server with another key than the pinned one", async (t) => {
  const { server, central } = await startCentral(t, "central1", "127.0.0.1");
  assert.equal(await readFingerprint(server), central.pair.identity.fingerprint);
  const client = new CentralClient({ ...server, fingerprint: "0".repeat(64) });
  t.after(() => client.close());
  await assert.rejects(client.signIn("admin", "a secret"), FingerprintMismatch);
});
