import assert from "node:assert/strict";
import { createServer } from "node:https";
import { type TestContext, test } from "node:test";
import { routes } from "@tandem/central-api/routes";
import { monthBounds, monthOf } from "@tandem/licensing/month";
import { entitiesOf, type SampledUnit } from "@tandem/licensing/sampled-unit";
import { meteringSlotMs } from "@tandem/licensing/throughput";
import { createRow } from "@tandem/replica/edits";
import { type Sample, sampleFields } from "@tandem/storage/statistics-store";
import { eventually, type LoopbackCentral, refused } from "../central-on-loopback.ts";
import { loadMasterPassword, loadMasterUser, startLoadMaster } from "../fleet/loadmaster-on-loopback.ts";
import { pairOfCentrals, signInAgain, stateBecomes } from "../ha/two-centrals.ts";
import { deviceNumbers, licences } from "../licensing/tables.ts";
import { signatureOf } from "../notifications/deliver.ts";
import { selfSigned, startSmtp } from "../notifications/smtp-on-loopback.ts";

const unitOf = ({ central }: LoopbackCentral): string => central.pair.identity.unit;
const samplesOf = ({ central }: LoopbackCentral): readonly Sample[] => [
  ...central.metering.statistics.store.all(),
];

/** As if `central` had licensed it. */
async function licensed(
  central: LoopbackCentral,
  unit: string,
  name: string,
  device: string,
  deviceNumber: number,
): Promise<void> {
  const row = {
    unit,
    central: unitOf(central),
    number: 1,
    type: "metered",
    state: "held" as const,
    grantedAt: Date.now(),
    machine: "e".repeat(16),
    formerMachines: [],
    name,
    version: "1",
    serial: "1",
    address: "127.0.0.1",
    port: 443,
    certificateFingerprint: "f".repeat(64),
    partner: null,
    remark: "",
    device,
  };
  const written = await central.central.pair.write(
    [
      createRow(licences, row),
      createRow(deviceNumbers, { unit, central: unitOf(central), number: deviceNumber }),
    ],
    "test",
    "licensed",
  );
  assert.ok(written.ok, JSON.stringify(written));
}

test("[ML6] two Centrals: the Master samples licensed LoadMasters and no others, the other one goes on, and both hold the same", async (t) => {
  const [one, two] = await pairOfCentrals(t, ["127.0.4.61", "127.0.4.62"], { meteringSlotMs: 250 });
  const devices: string[] = [];
  for (const [index, address] of ["127.0.4.63", "127.0.4.64"].entries()) {
    const loadMaster = await startLoadMaster(t, address, `lm${index}`);
    if (index === 0)
      await one.client.call(routes.addNetwork, { body: { cidr: "127.0.4.0/24", name: "loopback" } });
    const { id } = await one.client.call(routes.addDevice, {
      body: {
        address: loadMaster.address,
        port: loadMaster.port,
        user: loadMasterUser,
        password: loadMasterPassword,
      },
    });
    devices.push(id);
  }
  const licensingId = "1".repeat(16);
  await licensed(two, licensingId, "lm0", devices[0] ?? "", 7);
  await eventually("the Slave has a few samples", () => samplesOf(two).length >= 6);
  assert.ok(samplesOf(two).every(({ epoch }) => epoch.unit === unitOf(one)));
  assert.ok(samplesOf(two).every(({ device }) => device === licensingId));
  const [sample] = samplesOf(two);
  assert.deepEqual(sample?.entities, ["", `licence metered ${unitOf(two)} 7 - lm0`]);
  const status = await two.client.call(routes.meteringStatus);
  assert.deepEqual([status.isPolling, (status.samplesKept ?? 0) > 0], [false, true]);

  await one.stop();
  await stateBecomes(two, "Master");
  await eventually("the new Master samples", () =>
    samplesOf(two).some(({ epoch }) => epoch.unit === unitOf(two)),
  );
  await one.restart();
  await signInAgain(one);
  await stateBecomes(one, "Master");
  await eventually("both hold the same", () => {
    const last = Math.min(...[one, two].map((unit) => samplesOf(unit).at(-1)?.slot ?? 0));
    const upTo = (unit: LoopbackCentral): string =>
      JSON.stringify(samplesOf(unit).filter(({ slot }) => slot <= last));
    return samplesOf(one).some(({ epoch }) => epoch.unit === unitOf(two)) && upTo(one) === upTo(two);
  });
});

async function receiver(t: TestContext, address: string) {
  const identity = await selfSigned(t, address);
  const received: { readonly signature: string; readonly key: string; readonly body: string }[] = [];
  const server = createServer(
    { key: identity.privateKeyPem, cert: identity.certificatePem },
    (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const of = (name: string): string => String(request.headers[name] ?? "");
        received.push({
          signature: of("x-tandem-signature"),
          key: of("idempotency-key"),
          body: Buffer.concat(parts).toString(),
        });
        response.end();
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  return { received, url: `https://${address}:${port}/usage`, certificate: identity.certificatePem };
}

async function textOf(
  central: LoopbackCentral,
  month: string,
  kind: "metered" | "pool",
  format: "csv" | "html",
) {
  const { body } = await central.raw("GET", `/api/v1/metering/months/${month}/${kind}/${format}`, {
    authorization: `Bearer ${await keyOf(central)}`,
  });
  return body;
}
const keyOf = async ({ client }: LoopbackCentral): Promise<string> =>
  (await client.call(routes.makeApiKey, { body: { name: "reports" } })).key;

test("[ML3] [ML6] either Central gives a month's report as JSON, CSV and HTML, marks what the other licensed, and sends it by e-mail and HTTPS", async (t) => {
  const [one, two] = await pairOfCentrals(t, ["127.0.4.71", "127.0.4.72"]);
  const month = monthOf(Date.now());
  const first = Math.ceil(monthBounds(month).from / meteringSlotMs);
  const says = (central: LoopbackCentral, over: Partial<SampledUnit>): SampledUnit => ({
    type: "metered",
    central: unitOf(central),
    deviceNumber: 3,
    tierGbps: 1,
    name: "lb",
    pair: null,
    ...over,
  });
  const gbitPerSlot = (1_000_000_000 * 300) / 8;
  const sample = (unit: string, sampled: SampledUnit, slot: number, bytesIn: number): Sample => {
    const entities = ["", ...entitiesOf(sampled)];
    return {
      device: unit,
      slot,
      epoch: { n: 1, unit: unitOf(one) },
      offsetMs: 0,
      since: 1,
      entities,
      values: [0, 0, bytesIn, 0, 0, ...entities.slice(1).flatMap(() => sampleFields.map(() => 0))],
    };
  };
  const [west, east, lab] = ["1".repeat(16), "2".repeat(16), "3".repeat(16)] as const;
  one.central.metering.statistics.store.merge([
    sample(west, says(one, { name: "lb-west" }), first, 0),
    sample(west, says(one, { name: "lb-west" }), first + 1, 1.2 * gbitPerSlot),
    sample(lab, says(one, { name: "lb-lab", type: "pool-500", deviceNumber: 4 }), first, 0),
    sample(
      lab,
      says(one, { name: "lb-lab", type: "pool-500", deviceNumber: 4 }),
      first + 1,
      0.6 * gbitPerSlot,
    ),
  ]);
  // What only the other one has, as after a cut, is brought here by comparing.
  two.central.metering.statistics.store.merge([
    sample(east, says(two, { name: "lb-east" }), first, 0),
    sample(east, says(two, { name: "lb-east" }), first + 1, 0.5 * gbitPerSlot),
  ]);
  for (const { central } of [one, two]) central.metering.statistics.compareWithPeer();
  await eventually("both hold the same", () => samplesOf(one).length === 6 && samplesOf(two).length === 6);

  assert.deepEqual((await two.client.call(routes.meteringMonths)).months[0], { month, isOver: false });
  const usage = await two.client.call(routes.monthUsage, { params: { month } });
  assert.deepEqual(
    usage.metered.lines.map(({ members, peakBitsPerSecond }) => [
      members[0]?.name,
      members[0]?.isPeer,
      peakBitsPerSecond,
    ]),
    [
      ["lb-east", false, 500_000_000],
      ["lb-west", true, 1_200_000_000],
    ],
  );
  const { sumBitsPerSecond, billedGbps, beyondTierGbps } = usage.metered;
  assert.deepEqual([sumBitsPerSecond, billedGbps, beyondTierGbps], [1_700_000_000, 2, 1]);
  assert.deepEqual(
    usage.pool.lines.map(({ members, licensedMbps, slotsAboveLicence }) => [
      members[0]?.name,
      licensedMbps,
      slotsAboveLicence,
    ]),
    [["lb-lab", 500, 1]],
  );
  const csv = [await textOf(one, month, "metered", "csv"), await textOf(two, month, "metered", "csv")];
  assert.match(csv[0] ?? "", /^3,lb-west,1111111111111111,1200000000,1\.200,/m);
  assert.match(csv[0] ?? "", /^\(3\),lb-east,/m);
  assert.match(csv[1] ?? "", /^\(3\),lb-west,/m);
  const bare = (text = ""): string => text.replace(/\((\d+)\)/g, "$1");
  assert.equal(bare(csv[0]), bare(csv[1]));
  assert.match(await textOf(two, month, "pool", "html"), /<td>lb-lab<\/td>/);
  assert.deepEqual(await refused(one.client.call(routes.monthUsage, { params: { month: "2001-01" } })), [
    "404 month month-unknown",
  ]);

  const send = () => two.client.call(routes.sendReport, { body: { month } });
  assert.deepEqual(await refused(send()), ["400  destination-missing"]);
  const smtp = await startSmtp(t, "127.0.4.73", "tls");
  const hook = await receiver(t, "127.0.4.74");
  const secret = "a secret of the receiver's";
  const put = (kind: "email" | "webhook", body: object) =>
    one.client.call(routes.putReportDestination, { params: { kind }, body: body as never });
  const mail = {
    enabled: true,
    address: smtp.address,
    security: "tls",
    certificateAuthority: smtp.certificate,
    from: "central@example.com",
    to: ["billing@example.com"],
  };
  assert.deepEqual(await refused(put("email", { ...mail, to: ["nobody"] })), ["400 to mailbox-malformed"]);
  assert.equal((await put("email", mail)).acknowledged, "both");
  const written = await put("webhook", {
    enabled: true,
    address: hook.url,
    secret,
    certificateAuthority: hook.certificate,
  });
  assert.ok(written.hasSecret && !JSON.stringify(written).includes(secret));
  const { results } = await send();
  assert.deepEqual(results.map(({ kind, delivered }) => [kind, delivered]).toSorted(), [
    ["email", true],
    ["webhook", true],
  ]);
  assert.match(smtp.mails[0] ?? "", new RegExp(`metered-usage-${month}\\.csv`));
  assert.match(smtp.mails[0] ?? "", /^Subject: Usage of LoadMaster licences, \S+: 2 Gbit\/s billed/im);
  const [posted] = hook.received;
  assert.equal(posted?.signature, signatureOf(secret, posted?.body ?? ""));
  const { files, id } = JSON.parse(posted?.body ?? "{}") as {
    files: { filename: string; content: string }[];
    id: string;
  };
  assert.equal(id, posted?.key);
  assert.equal(files.find(({ filename }) => filename === `metered-usage-${month}.csv`)?.content, csv[1]);

  // A receiver that nobody vouches for gets nothing.
  await put("webhook", { enabled: true, address: hook.url, certificateAuthority: "" });
  const untrusted = (await send()).results.find(({ kind }) => kind === "webhook");
  assert.match(untrusted?.error ?? "", /is not signed by an authority that is trusted here/);
  assert.equal(hook.received.length, 1);
  await one.client.call(routes.removeReportDestination, { params: { kind: "webhook" } });
  const { destinations, deliveries } = await one.client.call(routes.listReportDestinations);
  assert.deepEqual([destinations.map(({ kind }) => kind), deliveries], [["email"], []]);
  assert.deepEqual(one.central.pair.conflicts(), []);
});
