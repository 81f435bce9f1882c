import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { apiPrefix, routes } from "@tandem/central-api/routes";
import { eventually, startCentral } from "../central-on-loopback.ts";

const json = { "content-type": "application/json" };

test("[CE5] the OpenAPI description covers every route, with its parameters, body, answer and errors", async (t) => {
  const { raw } = await startCentral(t, "central1", "127.0.0.1");
  const answer = await raw("GET", "/openapi.json");
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers["content-type"]), /application\/json/);
  type Operation = {
    summary: string;
    parameters?: { name: string; in: string; required?: boolean }[];
    requestBody?: { content: { [type: string]: { schema: { properties?: object } } } };
    responses: { [status: string]: { content: { [type: string]: { schema: object } } } };
    security: object[];
  };
  const description = JSON.parse(answer.body) as {
    openapi: string;
    paths: { [path: string]: { [method: string]: Operation } };
  };
  assert.equal(description.openapi, "3.1.0");
  let count = 0;
  for (const route of Object.values(routes)) {
    const path = `${apiPrefix}${route.path.replace(/:([a-z]+)/g, "{$1}")}`;
    const operation = description.paths[path]?.[route.method.toLowerCase()];
    assert.ok(operation, `${route.method} ${path} is not described`);
    count += 1;
    assert.equal(operation.summary, route.summary);
    assert.equal(operation.security.length, route.access === "open" ? 0 : 2);
    for (const [, name] of route.path.matchAll(/:([a-z]+)/g))
      assert.ok(operation.parameters?.some((one) => one.name === name && one.in === "path" && one.required));
    assert.equal(operation.requestBody !== undefined, "body" in route || "accepts" in route, path);
    const answerType = "answers" in route ? "application/octet-stream" : "application/json";
    assert.ok(operation.responses[String(route.status)]?.content[answerType]?.schema);
    assert.ok(operation.responses["4XX"]?.content["application/json"]?.schema);
  }
  const described = Object.values(description.paths).flatMap((methods) => Object.keys(methods));
  assert.equal(described.length, count, "and nothing else is");
});

test("[CE5] JSON that is not JSON, unknown members and values of another type are refused with field and remedy", async (t) => {
  const { client, raw } = await startCentral(t, "central1", "127.0.0.1");
  const { key } = await client.call(routes.makeApiKey, { body: { name: "test" } });
  const authorization = `Bearer ${key}`;
  const send = async (body: string, headers: Record<string, string> = json) => {
    const answer = await raw("POST", "/api/v1/networks", { authorization, ...headers }, body);
    const { errors } = JSON.parse(answer.body) as {
      errors: { field: string; code: string; message: string; remedy: string }[];
    };
    for (const error of errors) assert.ok(error.message && error.remedy, answer.body);
    return errors.map(({ field, code }) => `${answer.status} ${field} ${code}`);
  };
  for (const body of ["{cidr:", "", '{"cidr":"10.0.0.0/24"', "<cidr/>"])
    assert.deepEqual(await send(body), ["400 body json-malformed"], body);
  for (const body of ["null", "[]", '"10.0.0.0/24"', "5"])
    assert.deepEqual(await send(body), ["400 body wrong-type"], body);
  assert.deepEqual(await send("{}"), ["400 cidr missing"]);
  assert.deepEqual(await send('{"cidr":10}'), ["400 cidr wrong-type"]);
  assert.deepEqual(await send('{"cidr":"10.0.0.0/24","nmae":"x"}'), ["400 nmae unknown-field"]);
  assert.deepEqual(await send('{"cidr":"10.0.0.0/24","name":7}'), ["400 name wrong-type"]);
  assert.deepEqual(await send('{"cidr":"10.0.0.0/24","__proto__":{"name":"x"}}'), [
    "400 body json-malformed",
  ]);
  assert.deepEqual(await send("cidr=10.0.0.0/24", { "content-type": "text/plain" }), ["415 body media-type"]);
  assert.deepEqual(await send(`{"cidr":"${"x".repeat(2_000_000)}"}`), ["413 body body-too-large"]);
  const limit = await raw("GET", "/api/v1/ha/events?limit=ten", { authorization });
  assert.equal(limit.status, 400);
  assert.match(limit.body, /"field":"limit"/);
  const nowhere = await raw("GET", "/api/v1/nowhere", { authorization });
  assert.equal(nowhere.status, 404);
  assert.match(nowhere.body, /"code":"not-found"/);
  assert.deepEqual(await client.call(routes.listNetworks), { networks: [] });
});

test("a request refused before all of it has come keeps no timer once its connection has ended", async (t) => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
  const before = timers();
  const { raw, stop } = await startCentral(t, "central1", "127.0.0.1");
  const body = `{"cidr":"${"x".repeat(2_000_000)}"}`;
  assert.equal((await raw("POST", "/api/v1/networks", json, body)).status, 401);
  await stop();
  await eventually("no timer is left", () => timers() <= before);
});

test("the web pages are served with their headers, and every page's address answers with the application", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-web-pages-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const webPages = join(folder, "dist");
  mkdirSync(join(webPages, "assets"), { recursive: true });
  writeFileSync(join(folder, "outside.txt"), "outside");
  writeFileSync(join(webPages, "index.html"), "<!doctype html><title>Tandem</title>");
  writeFileSync(join(webPages, "assets", "main-abc123.js"), "export {};");
  const { raw } = await startCentral(t, "central1", "127.0.0.1", { webPages });
  for (const path of ["/", "/settings/ha", "/syslog?device=192.0.2.1", "/index.html"]) {
    const page = await raw("GET", path);
    assert.equal(page.status, 200, path);
    assert.match(page.body, /<title>Tandem/);
    assert.match(String(page.headers["content-type"]), /text\/html/);
    assert.match(
      String(page.headers["content-security-policy"]),
      /default-src 'self'.*frame-ancestors 'none'/,
    );
    assert.equal(page.headers["x-content-type-options"], "nosniff");
    assert.equal(page.headers["cache-control"], "no-cache");
  }
  const script = await raw("GET", "/assets/main-abc123.js");
  assert.match(String(script.headers["cache-control"]), /immutable/);
  assert.match(String(script.headers["content-type"]), /javascript/);
  for (const path of ["/assets/gone.js", "/../outside.txt", "/..%2foutside.txt"]) {
    const answer = await raw("GET", path);
    assert.ok([403, 404].includes(answer.status), `${path}: ${answer.status}`);
    assert.match(answer.body, /"errors":/);
  }
  const about = await raw("GET", "/api/v1/about");
  assert.equal(about.headers["cache-control"], "no-store");
});

test("without built web pages the API works, and the start page says what to do", async (t) => {
  const { raw } = await startCentral(t, "central1", "127.0.0.1", { webPages: "/nonexistent" });
  const start = await raw("GET", "/");
  assert.equal(start.status, 200);
  assert.match(start.body, /npm run build/);
  assert.equal((await raw("GET", "/api/v1/about")).status, 200);
});
