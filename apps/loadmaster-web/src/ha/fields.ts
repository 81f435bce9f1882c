/** The parameters of HA under the names that LoadMaster's users know, in the order of the form (SPEC LH2–LH5, LH8). */
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import type { SettingField } from "../settings/field.ts";

export const haFields = (interfaces: readonly InterfaceView[]): readonly SettingField[] => [
  {
    name: "hamode",
    label: "HA Mode",
    kind: "choice",
    options: [
      ["0", "Non HA Mode"],
      ["1", "HA (First) Mode"],
      ["2", "HA (Second) Mode"],
    ],
    help: "HA Set-up makes a pair with fewer steps, and checks both units first",
  },
  {
    name: "hatimeout",
    label: "HA Timeout",
    kind: "choice",
    options: [
      ["1", "3 Seconds"],
      ["2", "6 Seconds"],
      ["3", "9 Seconds (Default)"],
      ["4", "12 Seconds"],
      ["5", "15 Seconds"],
    ],
    help: "How long the active unit is silent until the standby takes over",
  },
  {
    name: "hafast",
    label: "Fast mode",
    kind: "switch",
    help: "The standby takes over after 234 ms of silence, whatever the HA Timeout says; for two units of ours only",
  },
  {
    name: "hawait",
    label: "HA Initial Wait Time (seconds)",
    kind: "number",
    help: "0 to 200; after the machine has started, the unit takes part no earlier than this",
  },
  {
    name: "havhid",
    label: "HA Virtual ID",
    kind: "number",
    help: "1 to 255; the same on both units, and no other group on the segment may have it",
  },
  {
    name: "haprefered",
    label: "Switch to Preferred Server",
    kind: "choice",
    options: [
      ["0", "No Preferred Host"],
      ["1", "Prefer First HA"],
      ["2", "Prefer Second HA"],
    ],
    help: "With no preference a unit that comes back stays standby",
  },
  {
    name: "haif",
    label: "HA Update Interface",
    kind: "choice",
    options: interfaces.map(({ Id, IPAddress }) => [String(Id), `Interface ${Id}: ${IPAddress}`] as const),
    help: "Where the units hear each other; it needs a shared address and the partner's address",
  },
  {
    name: "macglobal",
    label: "Use broadcast instead of multicast",
    kind: "switch",
    help: "Advertisements go to 255.255.255.255 instead of 224.0.0.18",
  },
  {
    name: "vmac",
    label: "Use Virtual MAC Addresses",
    kind: "switch",
    help: "The shared addresses answer with a MAC that moves with them; for two units of ours only",
  },
  {
    name: "hal4update",
    label: "Inter HA L4 TCP Connection Updates",
    kind: "switch",
    help: "Layer-4 connections survive a failover, whatever has changed since they began; needs conntrackd on both units",
  },
  {
    name: "hal7update",
    label: "Inter HA L7 Persistence Updates",
    kind: "switch",
    help: "The partner learns at once which client belongs to which server",
  },
];

/** What a preferred host means (SPEC LH3), and leaving a pair by this parameter, before it is done; null: nothing. */
export function warningOf(name: string, value: string, isPair: boolean): string | null {
  if (name === "haprefered" && value !== "0" && value !== "")
    return "A preferred host is meant for testing failover. When it comes back it takes the role at once, so that each of its failures causes a second switch; in production that is an unexpected failback.";
  if (name === "hamode" && value === "0" && isPair)
    return "This unit leaves its pair at once and leaves the shared addresses to the other one. HA Set-up ends a pair in order, after a backup.";
  return null;
}
