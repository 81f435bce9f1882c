import assert from "node:assert/strict";
import { test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { refused, startCentral } from "../central-on-loopback.ts";

test("[CH4] no switch is on by default; turning one is told by its list, and what is no switch says so", async (t) => {
  const { client } = await startCentral(t, "central1", "127.0.0.1");
  const before = await client.call(routes.haSynchronised);
  assert.deepEqual(
    before.switches.map(({ name, on, available }) => `${name} ${on ? "on" : "off"}${available ? "" : " -"}`),
    ["repository off", "profiles off", "targetEnvironments off", "users off", "notifications off"],
  );
  const tableOf = (list: typeof before, name: string) => list.tables.find(({ table }) => table === name);
  assert.equal(tableOf(before, "networks")?.synchronised, true);
  assert.equal(tableOf(before, "users")?.synchronised, false);
  assert.deepEqual(
    [tableOf(before, "repositoryFiles")?.synchronised, tableOf(before, "repositoryFiles")?.switch],
    [false, "repository"],
  );

  const after = await client.call(routes.changeSynchronised, { body: { repository: true } });
  assert.equal(after.acknowledged, "this unit only");
  assert.equal(tableOf(after, "repositoryFiles")?.synchronised, true);
  assert.match(tableOf(after, "repositoryFiles")?.effect ?? "", /switch is on/);
  assert.equal(tableOf(after, "profiles")?.synchronised, false);

  const other = await client.call(routes.changeSynchronised, { body: { profiles: true }, tag: after.tag });
  assert.deepEqual(
    await refused(
      client.call(routes.changeSynchronised, {
        body: { repository: false, profiles: false },
        tag: after.tag,
      }),
    ),
    ["409 profiles moved-on"],
  );
  const off = await client.call(routes.changeSynchronised, { body: { repository: false }, tag: other.tag });
  assert.equal(tableOf(off, "repositoryFiles")?.synchronised, false);

  const all = await client.call(routes.changeSynchronised, { body: { users: true, notifications: true } });
  for (const name of ["apiKeys", "notificationTargets"]) assert.equal(tableOf(all, name)?.synchronised, true);
  assert.deepEqual(
    await refused(client.call(routes.changeSynchronised, { body: { networks: true } as object })),
    ["400 networks unknown-field"],
  );
});
