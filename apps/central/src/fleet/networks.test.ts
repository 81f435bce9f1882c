import assert from "node:assert/strict";
import { test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { refusalOf, refused, startCentral } from "../central-on-loopback.ts";

test("[CE1] networks are added, listed as a tree, changed and removed, and are there after a restart", async (t) => {
  const here = await startCentral(t, "central1", "127.0.0.1");
  for (const cidr of ["10.1.0.0/16", "10.0.0.0/8", "10.1.2.0/24"])
    await here.client.call(routes.addNetwork, { body: { cidr, name: `net ${cidr}` } });
  const added = await here.client.call(routes.addNetwork, { body: { cidr: "192.0.2.0/24" } });
  assert.deepEqual(
    { ...added, tag: "" },
    { cidr: "192.0.2.0/24", name: "", description: "", tag: "", acknowledged: "this unit only" },
  );
  const params = { cidr: "10.1.2.0/24" };
  const changed = await here.client.call(routes.changeNetwork, { params, body: { description: "web" } });
  assert.equal(changed.name, "net 10.1.2.0/24");
  await here.client.call(routes.removeNetwork, { params: { cidr: "192.0.2.0/24" } });

  await here.restart();
  await here.client.signIn("admin", here.firstPassword);
  const { networks } = await here.client.call(routes.tree);
  assert.deepEqual(
    networks.map(({ cidr, parent, depth, description }) => [cidr, parent, depth, description]),
    [
      ["10.0.0.0/8", null, 0, ""],
      ["10.1.0.0/16", "10.0.0.0/8", 1, ""],
      ["10.1.2.0/24", "10.1.0.0/16", 2, "web"],
    ],
  );
});

test("[CE1] bad networks are answered with the field, the value and the remedy, and nothing changes", async (t) => {
  const { client } = await startCentral(t, "central1", "127.0.0.1");
  await client.call(routes.addNetwork, { body: { cidr: "10.213.0.0/24", name: "lab" } });
  const before = await client.call(routes.listNetworks);
  const add = (cidr: string) => client.call(routes.addNetwork, { body: { cidr } });

  assert.deepEqual(await refusalOf(add("10.213.0.5/24")), {
    status: 400,
    errors: [
      {
        code: "cidr-host-bits",
        field: "cidr",
        value: "10.213.0.5/24",
        message: 'cidr "10.213.0.5/24" has host bits set beyond its prefix length',
        remedy: "did you mean 10.213.0.0/24?",
      },
    ],
  });
  for (const malformed of ["10.213.0.0", "10.213.0.0/33", "10.213.0/24", "10.0.0.256/32", "lab", "fe80::/10"])
    assert.deepEqual(await refused(add(malformed)), ["400 cidr cidr-malformed"], malformed);
  assert.deepEqual(await refused(add("")), ["400 cidr not-allowed"]);
  assert.deepEqual(await refused(add("10.213.0.0/24")), ["409 cidr network-exists"]);
  const unknown = { cidr: "10.9.0.0/24" };
  assert.deepEqual(await refused(client.call(routes.removeNetwork, { params: unknown })), [
    "404 cidr network-unknown",
  ]);
  assert.deepEqual(
    await refused(client.call(routes.changeNetwork, { params: unknown, body: { name: "x" } })),
    ["404 cidr network-unknown"],
  );
  assert.deepEqual(await client.call(routes.listNetworks), before);
});

test("[CH20] a change based on a version that has moved on is refused with what stands now", async (t) => {
  const { client } = await startCentral(t, "central1", "127.0.0.1");
  const read = await client.call(routes.addNetwork, { body: { cidr: "10.0.0.0/24", name: "first" } });
  const params = { cidr: read.cidr };
  await client.call(routes.changeNetwork, { params, body: { name: "second" }, tag: read.tag });
  const late = client.call(routes.changeNetwork, { params, body: { name: "third" }, tag: read.tag });
  const { status, errors } = await refusalOf(late);
  assert.equal(status, 409);
  assert.equal(errors[0]?.code, "moved-on");
  assert.equal(errors[0]?.field, "name");
  assert.equal(errors[0]?.value, "third");
  assert.match(errors[0]?.message ?? "", /changed by admin at .* it is now "second"/);
  // Another field of the same row has not moved on.
  await client.call(routes.changeNetwork, { params, body: { description: "text" }, tag: read.tag });
  assert.deepEqual(await refused(client.call(routes.removeNetwork, { params, tag: read.tag })), [
    "409 name moved-on",
    "409 description moved-on",
  ]);
  const [network] = (await client.call(routes.listNetworks)).networks;
  assert.deepEqual([network?.name, network?.description], ["second", "text"]);
});
