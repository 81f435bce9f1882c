import assert from "node:assert/strict";
import { test } from "node:test";
import type { Square } from "@tandem/loadmaster-api/ha-view";
import type { CarpRoleStatus } from "./carp-role.ts";
import type { PartnerState } from "./partner-link.ts";
import type { PartnerStatus } from "./partner-messages.ts";
import type { HaSetup } from "./setup.ts";
import { type SquareFacts, settlingMs, squaresFor } from "./squares.ts";

const interfaces = [{ id: 0, device: "eth0", address: "10.0.0.1", prefix: 24 }];
const now = 1_700_000_000_000;
const pair: HaSetup = {
  kind: "pair",
  mode: 1,
  own: interfaces[0] as (typeof interfaces)[0],
  partner: "10.0.0.2",
  sharedAddress: "10.0.0.100",
  carpd: {
    vhid: 7,
    advbase: 1,
    advskew: 0,
    preempt: false,
    password: "x",
    device: "eth0",
    ownAddress: "10.0.0.1",
    sharedAddresses: ["10.0.0.100/24"],
    serviceAddresses: [],
  },
};
const status = (name: string, hamode: number, more: Partial<PartnerStatus> = {}): PartnerStatus => ({
  type: "status",
  version: 3,
  name,
  hamode,
  vhid: 7,
  timeout: 1,
  sharedAddress: "10.0.0.100",
  role: hamode === 1 ? "master" : "backup",
  revision: 4,
  digest: "same",
  ...more,
});
const up = (more: Partial<PartnerStatus> = {}): PartnerState => ({
  kind: "up",
  status: status("lm2", 2, more),
});
const down: PartnerState = { kind: "connecting", reason: "10.0.0.2: no connection within 3000 ms" };
const carp = (role: CarpRoleStatus["role"], more: Partial<CarpRoleStatus> = {}): CarpRoleStatus => ({
  role,
  since: now,
  reason: "the cable is out",
  ...more,
});
const peer = (heardAt: number) => ({
  source: "10.0.0.2",
  advbase: 1,
  advskew: 1,
  demotion: 0,
  heardAt,
  bowedOut: false,
});
const fault = "eth1 has no carrier";
const failing = { device: "eth1", gateway: null, fault };

const facts = (more: Partial<SquareFacts>): SquareFacts => ({
  setup: pair,
  hamode: 1,
  interfaces,
  partners: { "0": "10.0.0.2" },
  carp: carp("master"),
  pacified: null,
  own: status("lm1", 1),
  partner: up(),
  trouble: [],
  upMs: 60_000,
  now,
  ...more,
});
const shown = ({ unit, colour, letter, state }: Square): string =>
  `${unit} ${colour}${letter === "" ? "" : ` ${letter}`}, ${state}`;

const standby = { carp: carp("backup"), own: status("lm1", 1, { role: "backup" }) } as const;
const theyLead = up({ role: "master" });
const pacifiedFact = { since: now, starts: 4, reason: "carpd ended four times" };

const cases: readonly (readonly [string, Partial<SquareFacts>, string, string])[] = [
  ["active, with a ready standby", {}, "HA1 green A, active", "HA2 green, standby, ready"],
  ["standby", { ...standby, partner: theyLead }, "HA1 green, standby, ready", "HA2 green A, active"],
  ["the link is down, and this unit is active", { partner: down }, "HA1 green A, active", "HA2 red, down"],
  [
    "the link is down, and the partner's CARP is heard",
    { ...standby, carp: carp("backup", { peer: peer(now - 900) }), partner: down },
    "HA1 yellow, not ready",
    "HA2 yellow A, active",
  ],
  [
    "the link is down, and CARP was heard too long ago",
    { ...standby, carp: carp("backup", { peer: peer(now - 3_100) }), partner: down },
    "HA1 yellow, not ready",
    "HA2 red, down",
  ],
  [
    "just started",
    { carp: null, partner: down, upMs: settlingMs - 1 },
    "HA1 grey, unknown",
    "HA2 grey, unknown",
  ],
  ["carpd does not answer", { carp: null }, "HA1 red, down", "HA2 green, standby, ready"],
  ["the own link is down", { carp: carp("initial") }, "HA1 red, down", "HA2 green, standby, ready"],
  [
    "the partner's link is down",
    { partner: up({ role: "initial" }) },
    "HA1 green A, active",
    "HA2 red, down",
  ],
  [
    "the partner's carpd is gone",
    { partner: up({ role: "stopped" }) },
    "HA1 green A, active",
    "HA2 red, down",
  ],
  ["both are active", { partner: theyLead }, "HA1 grey, unknown", "HA2 grey, unknown"],
  [
    "the secrets differ",
    { ...standby, partner: { kind: "wrong-secret", reason: "the partner secret of the two units differs" } },
    "HA1 red, not paired",
    "HA2 red, not paired",
  ],
  ["both are set to be HA1", { partner: up({ hamode: 1 }) }, "HA1 green A, active", "HA2 red, not paired"],
  [
    "the partner has no HA mode",
    { partner: up({ hamode: 0 }) },
    "HA1 green A, active",
    "HA2 red, not paired",
  ],
  [
    "this unit is pacified",
    { carp: null, pacified: pacifiedFact, partner: theyLead },
    "HA1 blue, pacified",
    "HA2 green A, active",
  ],
  [
    "the partner is pacified",
    { partner: up({ role: "stopped", pacified: pacifiedFact }) },
    "HA1 green A, active",
    "HA2 blue, pacified",
  ],
  [
    "a check of the standby fails",
    { partner: up({ demotion: 1, checks: [failing] }) },
    "HA1 green A, active",
    "HA2 yellow, not ready",
  ],
  [
    "a check of this standby fails",
    {
      ...standby,
      carp: carp("backup", { demotion: 1, checks: [{ device: "eth1", fault }] }),
      partner: theyLead,
    },
    "HA1 yellow, not ready",
    "HA2 green A, active",
  ],
  [
    "the standby has another configuration",
    { partner: up({ digest: "other" }) },
    "HA1 green A, active",
    "HA2 yellow, not ready",
  ],
  ["the Virtual IDs differ", { partner: up({ vhid: 8 }) }, "HA1 green A, active", "HA2 yellow, not ready"],
  [
    "HAProxy does not run on the standby",
    { ...standby, trouble: ["HAProxy: it does not start"], partner: theyLead },
    "HA1 yellow, not ready",
    "HA2 green A, active",
  ],
  [
    "half set up",
    { setup: { kind: "incomplete", missing: ["the partner secret"] }, carp: null, partner: { kind: "off" } },
    "HA1 red, not paired",
    "HA2 red, not paired",
  ],
];

for (const [what, given, first, second] of cases)
  test(`[LH9] the squares when ${what}`, () => {
    const squares = squaresFor(facts(given));
    assert.deepEqual(squares?.map(shown), [first, second]);
    for (const { colour, reasons, unit } of squares ?? [])
      if (colour !== "green") assert.ok(reasons.length > 0, `${unit} is ${colour} and does not say why`);
  });

test("[LH9] HA1 stands first on either unit, each with its own address", () => {
  const seen = squaresFor(
    facts({
      hamode: 2,
      own: status("lm2", 2, { role: "backup" }),
      carp: carp("backup"),
      partner: { kind: "up", status: status("lm1", 1) },
    }),
  );
  assert.deepEqual(
    seen?.map(({ unit, name, address, self }) => [unit, name, address, self]),
    [
      ["HA1", "lm1", "10.0.0.2", false],
      ["HA2", "lm2", "10.0.0.1", true],
    ],
  );
});

test("[LH9] a unit without HA mode shows no squares", () => {
  assert.equal(squaresFor(facts({ setup: { kind: "single" }, hamode: 0 })), null);
});
