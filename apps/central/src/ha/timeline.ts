/** The timeline of this unit (CH25): what happened, in words, when by the wall clock, and on which unit. */
import type { Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import type { FieldError } from "@tandem/base/result";
import { second, type WallMillis } from "@tandem/base/time";
import type { PairEvent, Severity } from "@tandem/pair/events";
import { eventWords } from "@tandem/pair/words";
import type { Difference } from "./repair.ts";

/** What the shell itself sees, beside the events of the pair. */
export type ShellEvent =
  | { readonly code: "unknown-peer-rejected"; readonly remoteAddress: string; readonly fingerprint: string }
  | { readonly code: "message-refused"; readonly message: string }
  | { readonly code: "conflicts-found"; readonly ids: readonly string[] }
  | { readonly code: "changes-refused"; readonly message: string }
  /** V8, with names alone: what stands there may be secret. */
  | {
      readonly code: "differences-found";
      readonly count: number;
      readonly rows: readonly Difference[];
    }
  | { readonly code: "differences-repaired"; readonly rows: number; readonly conflicts: number }
  /** The peer speaks an earlier wire version: what stands in these tables, and in later columns, is not given to it. */
  | { readonly code: "peer-earlier"; readonly wire: number; readonly withheld: readonly string[] }
  | { readonly code: "peer-upgraded"; readonly wire: number }
  | { readonly code: "overwritten-saved"; readonly file: string }
  /** A backup took the place of this unit's state (ML5); `of`: the name of the unit that wrote it. */
  | {
      readonly code: "unit-replaced";
      readonly file: string;
      readonly savedAs: string;
      readonly of: string;
      readonly author: string;
    }
  /** The unit was held back by its disk, and has opened its state again. */
  | { readonly code: "disk-back"; readonly cause: string; readonly heldSeconds: number }
  | { readonly code: "rows-not-moved"; readonly message: string }
  | { readonly code: "file-broken"; readonly digest: string; readonly times: number }
  | { readonly code: "file-refused"; readonly digest: string; readonly error: FieldError }
  /** How far the other unit's clock is ahead of this one's. */
  | { readonly code: "clocks-differ" | "clocks-agree"; readonly differenceMs: number };

export type TimelineEntry = {
  readonly at: WallMillis;
  readonly unit: UnitId;
  readonly unitName: string;
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly details: Json;
};

const shellCodes: ReadonlySet<string> = new Set<ShellEvent["code"]>([
  "unknown-peer-rejected",
  "message-refused",
  "conflicts-found",
  "changes-refused",
  "differences-found",
  "differences-repaired",
  "peer-earlier",
  "peer-upgraded",
  "overwritten-saved",
  "unit-replaced",
  "disk-back",
  "rows-not-moved",
  "file-broken",
  "file-refused",
  "clocks-differ",
  "clocks-agree",
]);
const isShellEvent = (event: PairEvent | ShellEvent): event is ShellEvent => shellCodes.has(event.code);

const inWords = (differenceMs: number): string => {
  const seconds = Math.round(Math.abs(differenceMs) / second);
  const long = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return `${long} ${differenceMs > 0 ? "ahead of" : "behind"}`;
};

const describe = (
  event: ShellEvent,
  peer: string,
): { readonly severity: Severity; readonly text: string } => {
  switch (event.code) {
    case "unknown-peer-rejected":
      return {
        severity: "warning",
        text: `a unit with another key than the peer's connected from ${event.remoteAddress} and was told that it is not known here`,
      };
    case "message-refused":
      return { severity: "error", text: `a message of the peer was not understood: ${event.message}` };
    case "conflicts-found":
      return {
        severity: "warning",
        text: `${event.ids.length} change(s) lost to concurrent ones and are listed in Conflicts`,
      };
    case "changes-refused":
      return { severity: "error", text: `changes of the peer could not be taken over: ${event.message}` };
    case "differences-found": {
      const [first] = event.rows;
      const named = event.rows
        .slice(0, 3)
        .map(({ table, row, fields }) => `${table} "${row}" (${fields.join(", ")})`);
      const more = event.count > named.length ? ` and ${event.count - named.length} more` : "";
      return {
        severity: "error",
        text: `corruption: both units know the same changes and differ in ${first === undefined ? `${event.count} row(s)` : `${named.join("; ")}${more}`}; check the disks of both`,
      };
    }
    case "differences-repaired":
      return {
        severity: "warning",
        text: `the ${event.rows} row(s) that differed are the same again; ${event.conflicts} value(s) that did not prevail are listed in Conflicts`,
      };
    case "peer-earlier": {
      const held = event.withheld.length === 0 ? "" : ` (now: ${event.withheld.join(", ")})`;
      return {
        severity: "warning",
        text: `${peer} runs an earlier version of Central (wire version ${event.wire}): the pair goes on, and what that version cannot hold${held} stays on this unit alone until ${peer} is upgraded`,
      };
    }
    case "peer-upgraded":
      return {
        severity: "info",
        text: `${peer} is upgraded and gets what its earlier version could not hold`,
      };
    case "overwritten-saved":
      return {
        severity: "info",
        text: `the configuration that was overwritten is saved as ${event.file}`,
      };
    case "unit-replaced":
      return {
        severity: "warning",
        text: `this unit's configuration was replaced by the backup ${event.file} of ${event.of}, as ${event.author} ordered, and it starts anew; what was here is saved as ${event.savedAs}`,
      };
    case "clocks-differ":
      return {
        severity: "warning",
        text: `${peer}'s clock is ${inWords(event.differenceMs)} this unit's; set the time on whichever is wrong (NTP), nothing is lost by it`,
      };
    case "clocks-agree":
      return { severity: "info", text: `${peer}'s clock and this unit's agree again` };
    case "disk-back":
      return {
        severity: "warning",
        text: `this unit stood still for ${event.heldSeconds} s because ${event.cause}; its state is open again, nothing was lost`,
      };
    case "rows-not-moved":
      return {
        severity: "error",
        text: `rows could not follow the switch of their synchronisation, and stay where they are: ${event.message}`,
      };
    case "file-broken":
      return {
        severity: event.times > 1 ? "error" : "warning",
        text: `a file that came from the peer was not what its digest ${event.digest} says; it is discarded and asked for again`,
      };
    case "file-refused":
      return {
        severity: "error",
        text: `a file of the peer cannot be kept: ${event.error.message}; ${event.error.remedy}`,
      };
  }
};

/** What another concern of Central's tells, in its own words. */
export type NotedEvent = {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
};

export const notedEntry = (
  { severity, code, message }: NotedEvent,
  at: WallMillis,
  self: { readonly unit: UnitId; readonly name: string },
): TimelineEntry => ({
  at,
  unit: self.unit,
  unitName: self.name,
  severity,
  code,
  message,
  details: null,
});

/** `peer` is the other unit's name. */
export function timelineEntry(
  event: PairEvent | ShellEvent,
  at: WallMillis,
  self: { readonly unit: UnitId; readonly name: string },
  peer: string,
): TimelineEntry {
  const { severity, text } = isShellEvent(event) ? describe(event, peer) : eventWords(event, peer);
  return {
    at,
    unit: self.unit,
    unitName: self.name,
    severity,
    code: event.code,
    message: text,
    // What an event carries is JSON by its type; this drops members that are undefined.
    details: JSON.parse(JSON.stringify(event)) as Json,
  };
}
