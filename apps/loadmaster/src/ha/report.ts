/** HA as it is told to people and managers: the status word, and what is wrong in words. */
import type { WallMillis } from "@tandem/base/time";
import type { HaStatusWord } from "@tandem/loadmaster-api/views";
import type { NetworkInterface } from "../configuration-file.ts";
import type { SharedContent } from "../state/document.ts";
import type { CarpRoleStatus } from "./carp-role.ts";
import { uncheckedInUse } from "./checks.ts";
import { type ForeignSeen, foreignInWords, foreignNow } from "./foreign-groups.ts";
import { pacifiedInWords } from "./pacified.ts";
import type { PartnerState } from "./partner-link.ts";
import { linkVersionWithIpv6, type PartnerStatus } from "./partner-messages.ts";
import type { HaSetup } from "./setup.ts";

/** Passive is a unit of a pair that takes no part now: its link is down, or carpd does not answer. */
export function haStatusOf(setup: HaSetup, carp: CarpRoleStatus | null): HaStatusWord {
  if (setup.kind !== "pair") return "HA not configured";
  switch (carp?.role) {
    case "master":
      return "Active";
    case "backup":
      return "Standby";
    case "initial":
    case "stopped":
    case undefined:
      return "Passive";
  }
}

/** When it became active, in seconds since 1970: 0 on a standby, the time of its start on a single unit. */
export function activeTimeOf(setup: HaSetup, carp: CarpRoleStatus | null, bootTime: number): number {
  if (setup.kind !== "pair") return bootTime;
  return carp?.role === "master" ? Math.floor(carp.since / 1_000) : 0;
}

export type ReportFacts = {
  readonly setup: HaSetup;
  readonly carp: CarpRoleStatus | null;
  readonly partner: PartnerState;
  readonly own: PartnerStatus;
  /** Wall clock, milliseconds. */
  readonly now: WallMillis;
  readonly trouble: readonly string[];
};

/** Everything that keeps the pair from being one, worst first; empty when all is well or HA is off. */
export function haProblems({ setup, carp, partner, own, now, trouble }: ReportFacts): string[] {
  if (setup.kind === "single") return [...trouble];
  if (setup.kind === "incomplete")
    return [`HA mode is set, but there is still missing: ${setup.missing.join(", ")}`, ...trouble];
  const problems: string[] = [];
  if (own.pacified !== undefined) problems.push(pacifiedInWords("this unit", own.pacified));
  else if (carp === null) problems.push("carpd does not answer");
  else if (carp.role === "initial" || carp.role === "stopped")
    problems.push(`this unit takes no part in CARP: ${carp.reason}`);
  switch (partner.kind) {
    case "off":
      break;
    case "connecting":
      problems.push(`the partner link is down: ${partner.reason}`);
      break;
    case "wrong-secret":
      problems.push(`the partner link is refused: ${partner.reason}`);
      break;
    case "up":
      problems.push(...disagreements(setup.mode, own, partner.status));
      break;
  }
  for (const { fault } of carp?.checks ?? [])
    if (fault !== null) problems.push(`an HA check fails: ${fault}`);
  problems.push(...foreignReport(setup, carp, now));
  return [...problems, ...trouble];
}

function disagreements(mode: 1 | 2, own: PartnerStatus, theirs: PartnerStatus): string[] {
  const found: string[] = [];
  if (theirs.pacified !== undefined) found.push(pacifiedInWords("the partner", theirs.pacified));
  if (theirs.hamode === mode)
    found.push(`both units are set to HA mode ${mode} (HA${mode}); set hamode ${3 - mode} on one of them`);
  else if (theirs.hamode === 0) found.push("HA mode is not set on the partner");
  // Documents with what it does not know are not sent to it at all.
  if (theirs.version < linkVersionWithIpv6 && own.role === "master" && theirs.digest !== own.digest)
    found.push(
      `the partner's program is older (version ${theirs.version} of the link, ${own.version} here) and may not know all of this configuration; update it, so that both hold the same`,
    );
  if (theirs.vhid !== own.vhid)
    found.push(
      `the HA Virtual ID differs: ${own.vhid} here, ${theirs.vhid} on the partner; set havhid to one number for both`,
    );
  if (theirs.timeout !== own.timeout)
    found.push(
      `the HA timeout differs: ${own.timeout * 3} s here, ${theirs.timeout * 3} s on the partner; set hatimeout to one value for both`,
    );
  if (theirs.sharedAddress !== own.sharedAddress)
    found.push(
      `the shared address differs: ${own.sharedAddress} here, ${theirs.sharedAddress || "none"} on the partner; give both the same one (modiface shared)`,
    );
  if (own.role === "master" && theirs.role === "master")
    found.push(
      "both units are active: they do not hear each other's CARP; look at the network between them and at the points above",
    );
  return found;
}

/** Other groups with our number that are heard now, in words. */
export function foreignReport(setup: HaSetup, carp: CarpRoleStatus | null, now: WallMillis): string[] {
  if (setup.kind !== "pair") return [];
  const seen: readonly ForeignSeen[] = carp?.foreign ?? [];
  return foreignNow(seen, now).map((group) => foreignInWords(group, setup.carpd.vhid, setup.partner));
}

/** Packets that carpd did not heed, by reason; those that are 0 are left out. */
export const rejectsReport = (carp: CarpRoleStatus | null): string =>
  Object.entries(carp?.rejects ?? {})
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason}: ${count}`)
    .join(", ");

/** What works as it is set but should be known (SPEC LH3, LH7). `routes`: devices of default routes. */
export function haNotices(
  setup: HaSetup,
  shared: SharedContent,
  interfaces: readonly NetworkInterface[],
  routes: readonly string[],
  carp: CarpRoleStatus | null = null,
): string[] {
  if (setup.kind !== "pair") return [];
  return [
    ...(shared.ha.preferred === 0 ? [] : [preferredNotice(shared.ha.preferred)]),
    ...(carp?.realtimeRefused === undefined
      ? []
      : [
          `carpd runs without real-time priority (${carp.realtimeRefused}): on a busy machine advertisements may be late, and in fast mode the role may move; grant it CAP_SYS_NICE`,
        ]),
    ...interfaces
      .filter((on) => on.address6 === undefined && shared.sharedAddresses6?.[on.id] !== undefined)
      .map(
        (on) =>
          `interface ${on.id} (${on.device}) is to carry the shared address ${shared.sharedAddresses6?.[on.id]} and has no IPv6 address of its own on this unit; give it one in the unit's configuration file (address6)`,
      ),
    ...uncheckedInUse(shared, interfaces, routes).map(
      ({ on, uses }) =>
        `interface ${on.id} (${on.device}) has no HA check, though it leads to ${uses.join(" and ")}: its loss would move nothing; set modiface hacheck on it`,
    ),
  ];
}

export const preferredNotice = (preferred: number): string =>
  `HA${preferred} is the preferred host: this is meant for testing failover; in production it causes unexpected failbacks, each with an outage of its own; set haprefered 0 when the test is over`;
