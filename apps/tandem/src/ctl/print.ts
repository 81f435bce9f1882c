/** Answers for people's eyes. */
import type { Device } from "@tandem/central-api/devices";
import type { HaDifferences, HaEvent, HaStatus, SettingCheck } from "@tandem/central-api/ha";
import type { RestoreDifference } from "@tandem/central-api/ha-backups";
import type { Conflict } from "@tandem/central-api/ha-conflicts";
import type { HaGroup } from "@tandem/central-api/ha-groups";
import type { HaFiles, HaSynchronised } from "@tandem/central-api/synchronised";
import type { Tree } from "@tandem/central-api/tree";

/** Columns as wide as what is in them; nothing but its heading when there are no rows. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** One fact per line, names padded to the same width. */
export const facts = (entries: readonly (readonly [name: string, value: string])[]): string => {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries
    .map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd())
    .map((line) => `${line}\n`)
    .join("");
};

const yesNo = (value: boolean | null): string => (value === null ? "not known" : value ? "yes" : "no");
const withReason = (state: string, reason: string): string =>
  reason === "" ? state : `${state} (${reason})`;

export function printHaStatus(status: HaStatus): string {
  const { heartbeats, epoch } = status;
  const missed =
    heartbeats.missed === 0
      ? "none"
      : `${heartbeats.missed}${heartbeats.error ? `: ${heartbeats.error}` : ""}`;
  const waiting = status.waitingFor.map(({ unit, what }) => `${what} on ${unit}`).join("; ");
  return facts([
    ["Our State", withReason(`${status.ourState} on ${status.ourName}`, status.ourReason)],
    [
      "Peer State",
      status.peerState === null
        ? "no peer"
        : withReason(
            `${status.peerState}${status.peerName ? ` on ${status.peerName}` : ""}`,
            status.peerReason,
          ),
    ],
    ["Heartbeats", heartbeats.flowing ? "flowing" : "not flowing"],
    ["Last sent", heartbeats.lastSent ?? "never"],
    ["Last received", heartbeats.lastReceived ?? "never"],
    ["Missed", missed],
    ["Our sequence", String(status.ourSequence)],
    ["Peer's sequence", status.peerSequence === null ? "not known" : String(status.peerSequence)],
    ["In step", yesNo(status.inStep)],
    ["Digests equal", yesNo(status.digestEqual)],
    ["Epoch", epoch === null ? "none" : `${epoch.number} of ${epoch.unit}`],
    ...(waiting === "" ? [] : [["Waiting for", waiting] as const]),
    ["Executes", status.acting ? "yes" : "no"],
    ...(status.handover === null
      ? []
      : [["Handover", `${status.handover.phase}: ${status.handover.waitsFor}`] as const]),
    ...(status.clockDifferenceMs === null
      ? []
      : [["Peer's clock", `${(status.clockDifferenceMs / 1_000).toFixed(1)} s ahead of ours`] as const]),
    ...(status.unacknowledged === 0
      ? []
      : [["On this unit only", `${status.unacknowledged} changes`] as const]),
    ...status.onlyHere.map(({ at, author, summary }) => ["", `${at}  ${author}: ${summary}`] as const),
    ...(status.withheld.length === 0
      ? []
      : [["Until the peer is upgraded", `${status.withheld.join(", ")}: on this unit only`] as const]),
    ["Knows", `${Object.keys(status.vector).length} incarnations, digest ${status.digest.slice(0, 16)}`],
    ...(status.overwrittenBackup === null
      ? []
      : [["Overwritten, saved as", status.overwrittenBackup] as const]),
    ...status.configurationErrors.map(
      ({ message, remedy }) => ["To be corrected", `${message}: ${remedy}`] as const,
    ),
    ...status.checks.map((check) => [check.setting, checked(check)] as const),
  ]);
}

const fitting = { yes: "fits", no: "DOES NOT FIT", unknown: "not known" } as const;
const checked = ({ fits, message, remedy }: SettingCheck): string =>
  `${fitting[fits]}: ${message}${remedy === "" ? "" : `: ${remedy}`}`;

export const printEvents = (events: readonly HaEvent[]): string =>
  table(
    ["AT", "UNIT", "SEVERITY", "WHAT"],
    events.map(({ at, unit, severity, text }) => [at, unit, severity, text]),
  );

/** One entry of a timeline that is followed. */
export const printEvent = ({ at, unit, severity, text }: HaEvent): string =>
  `${at}  ${unit}  ${severity.padEnd(7)}  ${text}\n`;

const shownValue = (secret: boolean, value: unknown): string => (secret ? "(secret)" : JSON.stringify(value));

export const printConflicts = (conflicts: readonly Conflict[]): string =>
  table(
    ["ID", "WHAT", "LOST", "STANDS", "AUTHOR", "UNIT", "AT", "RESOLVED"],
    conflicts.map(({ id, secret, lost, stands, author, unit, at, resolution, ...place }) => [
      id,
      `${place.field} of ${place.row} in ${place.table}`,
      shownValue(secret, lost),
      place.rowExists ? shownValue(secret, stands) : "(row is gone)",
      author,
      unit,
      at,
      resolution === null ? "no" : `${resolution.how} by ${resolution.author}`,
    ]),
  );

export const printRestore = (differences: readonly RestoreDifference[]): string =>
  table(
    ["TABLE", "ROW", "WHAT", "NOW", "SAVED"],
    differences.map(({ table: name, row, column, what, secret, now, saved }) => [
      name,
      row,
      column === null ? what : `${column} ${what}`,
      column === null ? "" : shownValue(secret, now),
      column === null ? "" : shownValue(secret, saved),
    ]),
  );

export function printDifferences({ inStep, digestEqual, tables, found }: HaDifferences): string {
  const list = table(
    ["TABLE", "DIGEST", "ROWS THAT DIFFERED"],
    tables.map(({ table: name, digest, differing }) => [name, digest, String(differing)]),
  );
  const rows = (found?.rows ?? []).map(({ table: name, row, fields }) => [name, row, fields.join(", ")]);
  return [
    facts([
      ["In step", yesNo(inStep)],
      ["Digests equal", yesNo(digestEqual)],
      [
        "Rows that differed",
        found === null
          ? "none"
          : `${found.count} at ${found.at}, ${found.repaired ? "repaired" : "not repaired yet"}`,
      ],
    ]),
    list,
    ...(rows.length === 0 ? [] : [table(["TABLE", "ROW", "FIELDS"], rows)]),
  ].join("\n");
}

export const printSynchronised = (list: HaSynchronised): string =>
  [
    table(
      ["SWITCH", "", "OF"],
      list.switches.map(({ name, on, available, moving, title }) => [
        name,
        available ? (on ? "on" : "off") : "not available yet",
        moving ? `${title} (rows are moving)` : title,
      ]),
    ),
    table(
      ["TABLE", "COLUMN", "SYNCHRONISED", "", "EFFECT"],
      list.tables.flatMap(({ table: name, columns, effect }) =>
        columns.map(({ column, sync, secret }) => [
          name,
          column,
          sync,
          secret ? "secret" : "",
          sync === "shared" ? effect : "each unit has its own",
        ]),
      ),
    ),
    table(
      ["KEPT OTHERWISE", "EFFECT"],
      list.otherwise.map(({ what, effect }) => [what, effect]),
    ),
  ].join("\n");

export const printFiles = (files: HaFiles): string =>
  facts([
    ["Missing here", `${files.missing} files, ${files.missingBytes} bytes`],
    ["Not on the peer either", String(files.notOnPeer)],
    ["Received", `${files.receivedBytes} bytes`],
    ["Sent", `${files.sentBytes} bytes`],
    ["Not what their digest said", `${files.broken} files, ${files.damagedPieces} pieces`],
    ["Trouble", files.error ?? "none"],
  ]);

export const printDevices = (devices: readonly Device[]): string =>
  `${table(
    ["ID", "NAME", "ADDRESS", "STATE", "ROLE", "LAST SEEN", "NETWORK"],
    devices.map(({ id, name, address, port, status, network }) => [
      id,
      name,
      `${address}:${port}`,
      status.state,
      status.haRole,
      status.lastSeen ?? "never",
      network ?? "none",
    ]),
  )}${devices
    .flatMap(({ name, id, problems = [] }) => problems.map((problem) => `\n${name || id}: ${problem}\n`))
    .join("")}`;

export const printGroups = (groups: readonly HaGroup[], devices: readonly Device[]): string => {
  const nameOf = (id: string | null): string =>
    devices.find((device) => device.id === id)?.name ?? id ?? "none";
  return table(
    ["ID", "NAME", "SHARED ADDRESS", "STATE", "ACTIVE", "MEMBERS"],
    groups.map(({ id, name, sharedAddress, state, active, members }) => [
      id,
      name,
      sharedAddress,
      state,
      nameOf(active),
      members.map(nameOf).join(", "),
    ]),
  );
};

export function printGroup(group: HaGroup, devices: readonly Device[]): string {
  const { name, id, sharedAddress, state, origin, active, activeSince, members, roleChanges } = group;
  const of = (member: string) => devices.find((device) => device.id === member);
  const nameOf = (member: string): string => of(member)?.name || member;
  const lines: [string, string][] = [
    ["Group", `${name} (${id}), ${origin === "units" ? "as its units say" : "grouped by an operator"}`],
    ["Shared", sharedAddress],
    ["State", state],
    [
      "Active",
      active === null ? "none" : `${nameOf(active)}${activeSince === null ? "" : ` since ${activeSince}`}`,
    ],
    ...members.map((member, index): [string, string] => {
      const device = of(member);
      return [
        `HA${index + 1}`,
        device
          ? `${nameOf(member)}  ${device.address}:${device.port}  ${device.status.state}  ${device.status.haRole}`
          : member,
      ];
    }),
    ...group.warnings.map((warning): [string, string] => ["Warning", warning]),
    ...roleChanges.map(({ at, from, to }): [string, string] => [
      "Role",
      `${at}  ${nameOf(from)} -> ${nameOf(to)}`,
    ]),
  ];
  return lines.map(([term, text]) => `${term.padEnd(9)}${text}\n`).join("");
}

export function printTree(tree: Tree): string {
  const lines: string[] = [];
  const device = (id: string, indent: string): void => {
    const found = tree.devices.find((one) => one.id === id);
    if (found)
      lines.push(`${indent}${found.name || found.id}  ${found.address}:${found.port}  ${found.status.state}`);
  };
  for (const network of tree.networks) {
    const indent = "  ".repeat(network.depth);
    lines.push(`${indent}${network.cidr}${network.name ? `  ${network.name}` : ""}`);
    for (const id of network.haGroups) {
      const group = tree.haGroups.find((one) => one.id === id);
      if (group) lines.push(`${indent}  [${group.name}]  ${group.sharedAddress}  ${group.state}`);
    }
    for (const id of network.devices) device(id, `${indent}  `);
  }
  if (tree.unplaced.length > 0) lines.push("in no network");
  for (const id of tree.unplaced) device(id, "  ");
  return lines.map((line) => `${line}\n`).join("");
}
