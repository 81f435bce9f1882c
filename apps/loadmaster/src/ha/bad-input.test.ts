/** Every input of the pair that is wrong: the answer names the field, the value and the remedy, and nothing is changed. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Fields } from "@tandem/loadmaster-api/parameters";
import { loopback, pairSecret, startUnit, type TestUnit } from "../unit.fixture.ts";
import { linkVersion, type PartnerStatus } from "./partner-messages.ts";
import { haProblems } from "./report.ts";

const skip = existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed";
const [own, further, partner, shared] = [51, 52, 53, 54].map(loopback) as [string, string, string, string];
const outside = "192.0.2.1";

type Case = {
  readonly id: string;
  readonly title: string;
  readonly command: string;
  readonly parameters: Fields;
  readonly field: RegExp;
  readonly value: string;
  readonly remedy: RegExp;
};

const set = (param: string, given: number | string) => ({
  command: "set",
  parameters: { param, value: given },
  field: new RegExp(`^${param}\\b`),
  value: String(given),
});
const interfaceAddress = (name: "partner" | "shared", given: string, id = 0) => ({
  command: "modiface",
  parameters: { interface: id, [name]: given },
  field: new RegExp(`^${name}\\b`),
  value: given,
});

const cases: readonly Case[] = [
  { id: "LH8", title: "VHID 0", ...set("havhid", 0), remedy: /1 to 255/ },
  { id: "LH8", title: "VHID 256", ...set("havhid", 256), remedy: /1 to 255/ },
  { id: "LH8", title: "a VHID that is no number", ...set("havhid", "seven"), remedy: /1 to 255/ },
  { id: "LH2", title: "timeout 7", ...set("hatimeout", 7), remedy: /1 to 5/ },
  { id: "LH2", title: "timeout 0", ...set("hatimeout", 0), remedy: /1 to 5/ },
  { id: "LH3", title: "preferred host 3", ...set("haprefered", 3), remedy: /0 to 2|0, 1, 2/ },
  {
    id: "LH5",
    title: "an interface for inter-HA traffic that does not exist",
    ...set("haif", 7),
    remedy: /there are 0, 1/,
  },
  {
    id: "LH5",
    title: "an interface for inter-HA traffic without addresses",
    ...set("haif", 1),
    remedy: /modiface shared.*modiface partner.*set it first/,
  },
  {
    id: "LH1",
    title: "a CARP password that is too long",
    command: "set",
    parameters: { param: "carppassword", value: "12345678901234567890" },
    field: /^carppassword/,
    // A secret is never repeated.
    value: "",
    remedy: /1 to 19/,
  },
  {
    id: "LH1",
    title: "a partner secret that is too short",
    command: "setpartnersecret",
    parameters: { secret: "short" },
    field: /^secret/,
    value: "",
    remedy: /8 to 127/,
  },
  {
    id: "LH6",
    title: "the shared address twice, as the partner's",
    ...interfaceAddress("partner", shared),
    remedy: /three different ones/,
  },
  {
    id: "LH6",
    title: "the shared address twice, on another interface",
    ...interfaceAddress("shared", shared, 1),
    remedy: /every address is given once/,
  },
  {
    id: "LH6",
    title: "the unit's own address as the shared one",
    ...interfaceAddress("shared", own),
    remedy: /a third one/,
  },
  {
    id: "LH6",
    title: "the own address of another interface as the partner's",
    ...interfaceAddress("partner", further),
    remedy: /the other unit's own address/,
  },
  {
    id: "LH6",
    title: "a shared address outside the subnet",
    ...interfaceAddress("shared", outside),
    remedy: /use an address in 127\.0\.0\.0\/8/,
  },
  {
    id: "LH6",
    title: "a partner outside the subnet",
    ...interfaceAddress("partner", outside),
    remedy: /use an address in 127\.0\.0\.0\/8/,
  },
  {
    id: "LH6",
    title: "the network's broadcast address as the shared one",
    ...interfaceAddress("shared", "127.255.255.255"),
    remedy: /use one from 127\.0\.0\.1/,
  },
  {
    id: "LH6",
    title: "what is no address as the shared one",
    ...interfaceAddress("shared", "10.0.0"),
    remedy: /allowed: .*address/,
  },
  {
    id: "LH6",
    title: "an interface that does not exist",
    command: "modiface",
    parameters: { interface: 7, shared },
    field: /^interface/,
    value: "7",
    remedy: /there are 0, 1/,
  },
  {
    id: "LH7",
    title: "a check of an interface that does not exist",
    command: "modiface",
    parameters: { interface: 9, hacheck: "1" },
    field: /^interface/,
    value: "9",
    remedy: /there are 0, 1/,
  },
  {
    id: "LH7",
    title: "a gateway outside the subnet",
    command: "modiface",
    parameters: { interface: 0, hagateway: outside },
    field: /^hagateway/,
    value: outside,
    remedy: /use an address in 127\.0\.0\.0\/8/,
  },
];

describe("bad input for the pair", { skip }, () => {
  let unit: TestUnit;
  const stored = (): string =>
    readFileSync(join(unit.configuration.stateDir, "configuration.json"), "utf8") +
    JSON.stringify(unit.unit.document);

  before(async () => {
    unit = await startUnit(51, { furtherHosts: [52] });
    const client = unit.client();
    for (const made of [
      await client.set("havhid", 42),
      await client.modifyInterface(0, "shared", shared),
      await client.set("hostname", "kept"),
    ])
      assert.ok(made.ok, made.ok ? "" : made.error.message);
  });
  after(() => unit?.remove());

  for (const { id, title, command, parameters, field, value, remedy } of cases)
    test(`[${id}] ${title} is refused by field, value and remedy, and nothing is changed`, async () => {
      const was = stored();
      const answer = await unit.client().call(command as "set", parameters as never);
      assert.ok(!answer.ok && answer.error.kind === "refused", JSON.stringify(answer));
      const { message } = answer.error;
      assert.match(message, field);
      assert.ok(message.includes(value), message);
      assert.match(message, remedy);
      assert.equal(stored(), was);
    });

  test("[LH6] fewer than three addresses make no pair, and what is missing is said with its command", async () => {
    const client = unit.client();
    const report = async (): Promise<string> => {
      const answer = await client.get("hareport");
      assert.ok(answer.ok);
      return String(answer.value);
    };
    for (const made of [await client.setPartnerSecret(pairSecret), await client.set("hamode", 1)])
      assert.ok(made.ok, made.ok ? "" : made.error.message);
    assert.match(await report(), /still missing: the partner address \(modiface partner\)$/);
    assert.equal(unit.carp.configuration, undefined, "no role is asked for");
    const status = await client.get("hastatus");
    assert.ok(status.ok && status.value === "HA not configured");
    for (const made of [
      await client.modifyInterface(0, "shared", ""),
      await client.modifyInterface(0, "partner", partner),
    ])
      assert.ok(made.ok, made.ok ? "" : made.error.message);
    assert.match(await report(), /still missing: the shared address \(modiface shared\)$/);
    assert.equal(unit.carp.configuration, undefined);
  });
});

describe("a partner that does not fit", () => {
  const ours: PartnerStatus = {
    type: "status",
    version: linkVersion,
    name: "lm1",
    hamode: 1,
    vhid: 7,
    timeout: 3,
    sharedAddress: "10.0.0.20",
    role: "master",
    revision: 4,
    digest: "ours",
  };
  const problems = (theirs: Partial<PartnerStatus>): string =>
    haProblems({
      setup: {
        kind: "pair",
        mode: 1,
        own: { id: 0, device: "eth0", address: "10.0.0.21", prefix: 24 },
        partner: "10.0.0.22",
        sharedAddress: "10.0.0.20",
        carpd: {
          vhid: 7,
          advbase: 3,
          advskew: 0,
          preempt: false,
          password: "x",
          device: "eth0",
          ownAddress: "10.0.0.21",
          sharedAddresses: ["10.0.0.20/24"],
          serviceAddresses: [],
        },
      },
      carp: { role: "master", since: 0, reason: "" },
      own: ours,
      partner: { kind: "up", status: { ...ours, hamode: 2, role: "backup", ...theirs } },
      now: 0,
      trouble: [],
    }).join("; ");

  for (const [id, title, theirs, words] of [
    [
      "LH11",
      "an earlier version",
      { version: 2, digest: "theirs" },
      new RegExp(`program is older \\(version 2 of the link, ${linkVersion} here\\).*update it`),
    ],
    [
      "LH4",
      "a version that knows nothing of IPv6",
      { version: 3, digest: "theirs" },
      new RegExp(`program is older \\(version 3 of the link, ${linkVersion} here\\).*update it`),
    ],
    ["LH8", "another VHID", { vhid: 8 }, /Virtual ID differs: 7 here, 8 on the partner; set havhid/],
    [
      "LH2",
      "another timeout",
      { timeout: 1 },
      /timeout differs: 9 s here, 3 s on the partner; set hatimeout/,
    ],
    [
      "LH6",
      "another shared address",
      { sharedAddress: "10.0.0.19" },
      /shared address differs: 10\.0\.0\.20 here, 10\.0\.0\.19 on the partner; .*modiface shared/,
    ],
    ["LH3", "the same HA mode", { hamode: 1 }, /both units are set to HA mode 1 .*set hamode 2/],
  ] as const)
    test(`[${id}] a partner with ${title} is reported with both values and the remedy`, () => {
      assert.match(problems(theirs), words);
    });

  test("[LH1] a partner that fits, of a later version too, is nothing to report", () => {
    assert.equal(problems({}), "");
    assert.equal(problems({ version: linkVersion + 1 }), "");
  });
});
