import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import { routes } from "@tandem/central-api/routes";
import { fileMaxBytes } from "@tandem/storage/file-store";
import { refusalOf, refused, startCentral } from "../central-on-loopback.ts";
import { repositoryFiles } from "./tables.ts";

const apiPath = "/api/v1/repository/files";

test("[CE3] an entry of the repository is added, filled, read back, changed and removed", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const { client } = here;
  const added = await client.call(routes.addRepositoryFile, {
    body: { name: "lm-7.2.60", kind: "firmware" },
  });
  assert.deepEqual([added.digest, added.size, added.here, added.author], [null, null, false, "admin"]);
  const { id } = added;
  assert.deepEqual(await refused(client.download(routes.downloadRepositoryFile, { params: { id } })), [
    "404 content content-missing",
  ]);

  const content = Buffer.alloc(3_000_000, "firmware ");
  const filled = await client.upload(
    routes.uploadRepositoryFile,
    { params: { id }, tag: added.tag },
    Readable.from([content.subarray(0, 10), content.subarray(10)]),
  );
  assert.deepEqual([filled.digest, filled.size, filled.here], [sha256Hex(content), content.length, true]);
  assert.ok(
    content.equals(await buffer(await client.download(routes.downloadRepositoryFile, { params: { id } }))),
  );

  const renamed = await client.call(routes.changeRepositoryFile, {
    params: { id },
    body: { description: "tested in the lab" },
    tag: filled.tag,
  });
  assert.equal(renamed.description, "tested in the lab");
  const stale = await refusalOf(
    client.call(routes.changeRepositoryFile, {
      params: { id },
      body: { description: "other" },
      tag: filled.tag,
    }),
  );
  assert.equal(stale.status, 409);
  assert.match(stale.errors[0]?.message ?? "", new RegExp(`description of "${id}" was changed by admin`));

  await here.restart();
  const [kept] = here.central.optional.rows(repositoryFiles);
  assert.equal(kept?.values.digest, filled.digest);
  assert.ok(here.central.files.store.has(filled.digest ?? ""));
});

test("[CE3] what the repository refuses, it refuses with a remedy and without keeping anything", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  const { client, central } = here;
  const { id, tag } = await client.call(routes.addRepositoryFile, { body: { name: "x", kind: "backup" } });
  const nothing = () => Readable.from([Buffer.from("content")]);
  assert.deepEqual(
    await refused(client.upload(routes.uploadRepositoryFile, { params: { id: "0".repeat(16) } }, nothing())),
    ["404 id entry-unknown"],
  );
  await client.upload(routes.uploadRepositoryFile, { params: { id }, tag }, nothing());
  assert.deepEqual(
    await refused(
      client.upload(
        routes.uploadRepositoryFile,
        { params: { id }, tag },
        Readable.from([Buffer.from("another")]),
      ),
    ),
    ["409 content moved-on"],
  );
  assert.deepEqual(
    await refused(client.call(routes.addRepositoryFile, { body: { name: "", kind: "backup" } })),
    ["400 name not-allowed"],
  );
  assert.deepEqual(
    await refused(client.call(routes.addRepositoryFile, { body: { name: "x", kind: "song" as "backup" } })),
    ["400 kind not-allowed"],
  );
  const { key } = await client.call(routes.makeApiKey, { body: { name: "test" } });
  const bearer = { authorization: `Bearer ${key}` };
  const large = await here.raw("PUT", `${apiPath}/${id}/content`, {
    ...bearer,
    "content-type": "application/octet-stream",
    "content-length": String(fileMaxBytes + 1),
  });
  assert.equal(large.status, 413);
  const json = await here.raw(
    "PUT",
    `${apiPath}/${id}/content`,
    { ...bearer, "content-type": "application/json" },
    "{}",
  );
  assert.equal(json.status, 415);
  const bytes = await here.raw(
    "POST",
    apiPath,
    { ...bearer, "content-type": "application/octet-stream" },
    "x",
  );
  assert.equal(bytes.status, 415);
  const nobody = await here.raw(
    "PUT",
    `${apiPath}/${id}/content`,
    { "content-type": "application/octet-stream" },
    "x",
  );
  assert.equal(nobody.status, 401);

  const broken = new Readable({ read() {} });
  broken.push(Buffer.alloc(100_000));
  setTimeout(() => broken.destroy(new Error("the cable was pulled")), 50);
  await assert.rejects(client.upload(routes.uploadRepositoryFile, { params: { id } }, broken));
  assert.equal([...central.files.store.files()].length, 2, "content and another; nothing of what broke off");
});

test("[CE3] profiles and target environments keep the settings and variables they are given", async (t) => {
  const { client } = await startCentral(t, "central1", "127.0.0.1");
  const profile = await client.call(routes.addProfile, {
    body: { name: "web", settings: { port: 443, tls: { ciphers: ["a", "b"] } } },
  });
  const changed = await client.call(routes.changeProfile, {
    params: { id: profile.id },
    body: { settings: { port: 80 } },
    tag: profile.tag,
  });
  assert.deepEqual(changed.settings, { port: 80 });
  assert.equal(
    (await refusalOf(client.call(routes.removeProfile, { params: { id: profile.id }, tag: profile.tag })))
      .status,
    409,
  );
  await client.call(routes.removeProfile, { params: { id: profile.id }, tag: changed.tag });
  assert.deepEqual((await client.call(routes.listProfiles)).profiles, []);

  const environment = await client.call(routes.addTargetEnvironment, {
    body: { name: "staging", variables: { gateway: "10.0.0.1" } },
  });
  const { targetEnvironments, synchronised } = await client.call(routes.listTargetEnvironments);
  assert.deepEqual(
    targetEnvironments.map(({ name, variables }) => [name, variables]),
    [["staging", { gateway: "10.0.0.1" }]],
  );
  assert.equal(synchronised, false);
  assert.deepEqual(
    await refused(
      client.call(routes.changeTargetEnvironment, {
        params: { id: environment.id },
        body: { variables: { gateway: 5 as unknown as string } },
      }),
    ),
    ["400 variables/gateway wrong-type"],
  );
});
