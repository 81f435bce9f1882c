/** HA Configuration and HA Status over the API (SPEC CH14, CH15). What it all means is decided by `HighAvailability`. */
import type { ServerResponse } from "node:http";
import { isIP } from "node:net";
import { Readable } from "node:stream";
import type { FieldError } from "@tandem/base/result";
import type { Static } from "@tandem/base/schema";
import { second, type WallMillis } from "@tandem/base/time";
import {
  type HaAnswer,
  type HaApply,
  type HaConfiguration,
  type HaDifferences,
  type HaEvents,
  type HaEventsQuery,
  type HaStatus,
  peerPortDefault,
} from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { applyFields } from "@tandem/pair/pairing";
import { formatHaKey, parseHaKey } from "@tandem/peer-link/ha-key";
import type { Table } from "@tandem/replica/schema";
import type { RouteRegistry } from "../api/route-registry.ts";
import { Refusal } from "../refusal.ts";
import { type BackupPorts, downloadBackup, listBackups, saveByCommand, uploadBackup } from "./backups.ts";
import { listConflicts, resolveConflict } from "./conflicts.ts";
import { Restoring } from "./going-back.ts";
import type { Positions } from "./merged-logs.ts";
import type { PeerQuestion } from "./peer-question.ts";
import type { HighAvailability } from "./shell.ts";

/** What these routes use of the pair. */
export type PairSurface = Pick<
  HighAvailability,
  | "haKey"
  | "settings"
  | "status"
  | "apply"
  | "refresh"
  | "timeline"
  | "clockDifferenceMs"
  | "onChange"
  | "conflicts"
  | "row"
  | "write"
  | "unitName"
  | "removeFromPair"
  | "isActing"
  | "handover"
  | "act"
  | "note"
  | "rows"
  | "present"
  | "faultOfReplacing"
  | "replaceBy"
  | "settingChecks"
>;
type Question = Pick<PeerQuestion, "ask" | "answer">;

const eventsDefault = 100;
/** A refresh is answered once the peer has been heard or could not be: at the latest after this. */
const refreshWaitMs = 2 * second;

const iso = (at: WallMillis): string => new Date(at).toISOString();
const isoOrNull = (at: WallMillis | null): string | null => (at === null ? null : iso(at));

function configurationOf({ haKey, settings }: PairSurface): HaConfiguration {
  const { peer } = settings;
  return {
    haKeyForThisPeer: haKey,
    haKeyForTheOtherPeer: peer === null ? "" : formatHaKey(peer.fingerprint),
    ipAddressForTheOtherPeer: peer?.address ?? "",
    peerPort: peer?.port ?? peerPortDefault,
    preferredMaster: settings.preferredMaster,
    disable: settings.disabled,
    heartbeatSeconds: settings.heartbeatMs / second,
    holdDownSeconds: settings.holdDownMs / second,
  };
}

function statusOf(pair: PairSurface, question: Question): HaStatus {
  const status = pair.status();
  return {
    at: iso(Date.now()),
    ourUnit: status.ourUnit,
    ourName: status.ourName,
    ourState: status.ourState,
    ourReason: status.ourReason,
    peerUnit: status.peerUnit,
    peerName: status.peerName,
    peerState: status.peerState,
    peerReason: status.peerReason,
    heartbeats: {
      ...status.heartbeats,
      lastSent: isoOrNull(status.heartbeats.lastSent),
      lastReceived: isoOrNull(status.heartbeats.lastReceived),
    },
    ourSequence: status.ourSequence,
    peerSequence: status.peerSequence,
    inStep: status.inStep,
    digestEqual: status.digestEqual,
    waitingFor: [...status.waitingFor],
    epoch: status.epoch && { number: status.epoch.n, unit: status.epoch.unit },
    overwrittenBackup: status.overwrittenBackup,
    licensingMismatches: [...status.licensingMismatches],
    acting: pair.isActing,
    handover: status.handover && { ...status.handover, since: iso(status.handover.since) },
    onlyHere: status.onlyHere.newest.map((change) => ({ ...change, at: iso(change.at) })),
    withheld: [...status.withheld],
    clockDifferenceMs: pair.clockDifferenceMs,
    vector: { ...status.vector },
    digest: status.digest,
    unacknowledged: status.onlyHere.count,
    configurationErrors: [...status.configurationErrors],
    checks: [...pair.settingChecks(question.answer)],
  };
}

const answerOf = (pair: PairSurface, question: Question): HaAnswer => ({
  configuration: configurationOf(pair),
  status: statusOf(pair, question),
});

const severities = ["info", "warning", "error"] as const;

/** Opaque to clients: where in each log the next page begins. */
const cursorOf = (positions: Positions): string =>
  Buffer.from(JSON.stringify(positions)).toString("base64url");
function positionsOf(cursor: string): Positions {
  try {
    const positions: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    const isRight =
      typeof positions === "object" &&
      positions !== null &&
      Object.values(positions).every((number) => Number.isSafeInteger(number));
    if (isRight) return positions as Positions;
  } catch {
    // The same as for what is JSON and no cursor.
  }
  throw new Refusal(400, {
    code: "cursor-malformed",
    field: "query/before",
    value: cursor,
    message: "this is not where a page of the timeline begins",
    remedy: "send `next` of an earlier answer, or leave it out to begin with the newest",
  });
}

function differencesOf(pair: PairSurface): HaDifferences {
  const { inStep, digestEqual, digests, differences } = pair.status();
  const rows = differences?.rows ?? [];
  return {
    inStep,
    digestEqual,
    tables: Object.entries(digests).map(([table, digest]) => ({
      table,
      digest,
      differing: rows.filter((row) => row.table === table).length,
    })),
    found: differences && {
      at: iso(differences.at),
      count: differences.count,
      repaired: differences.repaired,
      rows: rows.map(({ table, row, fields }) => ({ table, row, fields: [...fields] })),
    },
  };
}

function eventsOf(pair: PairSurface, query: Static<typeof HaEventsQuery> | undefined): HaEvents {
  const { ourUnit, peerUnit } = pair.status();
  const unit = query?.unit === undefined ? undefined : query.unit === "this" ? ourUnit : (peerUnit ?? "none");
  const least = query?.severity === undefined ? 0 : severities.indexOf(query.severity);
  const { entries, next } = pair.timeline({
    limit: query?.limit === undefined ? eventsDefault : Number(query.limit),
    ...(query?.before === undefined ? {} : { positions: positionsOf(query.before) }),
    ...(unit === undefined ? {} : { unit }),
    severities: new Set(severities.slice(least)),
  });
  return {
    events: entries.map(({ source, number, event }) => ({
      id: `${source}.${number}`,
      at: iso(event.at),
      unit: event.unitName,
      severity: event.severity,
      code: event.code,
      text: event.message,
    })),
    next: next && cursorOf(next),
    clockDifferenceMs: pair.clockDifferenceMs,
  };
}

/** What is wrong with key and address in themselves, both at once, before anybody is asked. */
function faultsOfPeer(key: string, address: string): readonly FieldError[] {
  const faults: FieldError[] = [];
  const parsed = parseHaKey(applyFields.key, key);
  if (!parsed.ok) faults.push(parsed.error);
  if (address === "")
    faults.push({
      code: "address-missing",
      field: applyFields.address,
      value: "",
      message: "the address of the other unit is missing",
      remedy: "give the other unit's IP address",
    });
  else if (isIP(address) === 0)
    faults.push({
      code: "address-malformed",
      field: applyFields.address,
      value: address,
      message: `"${address}" is not an IP address`,
      remedy: "write it as four numbers from 0 to 255, for example 192.0.2.12",
    });
  return faults;
}

async function apply(pair: PairSurface, question: Question, change: HaApply): Promise<HaAnswer> {
  const wanted = { ...configurationOf(pair), ...change };
  const key = wanted.haKeyForTheOtherPeer.trim();
  const address = wanted.ipAddressForTheOtherPeer.trim();
  const hasPeer = key !== "" || address !== "";
  const faults = hasPeer ? faultsOfPeer(key, address) : [];
  if (faults.length > 0) throw new Refusal(400, ...faults);
  const applied = await pair.apply({
    ...pair.settings,
    peer: hasPeer ? { key, address, port: wanted.peerPort } : null,
    preferredMaster: wanted.preferredMaster,
    disabled: wanted.disable,
    heartbeatMs: wanted.heartbeatSeconds * second,
    holdDownMs: wanted.holdDownSeconds * second,
  });
  if (!applied.ok) throw new Refusal(400, ...applied.error);
  return answerOf(pair, question);
}

async function refresh(pair: PairSurface, question: Question): Promise<HaAnswer> {
  const asked = question.ask();
  const heard = (): string => {
    const { lastReceived, missed, error } = pair.status().heartbeats;
    return JSON.stringify([lastReceived, missed, error]);
  };
  const before = heard();
  pair.refresh();
  const isAsked = pair.settings.peer !== null && !pair.settings.disabled;
  if (isAsked && heard() === before) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, refreshWaitMs);
    const unfollow = pair.onChange(() => {
      if (heard() !== before) resolve();
    });
    await promise;
    clearTimeout(timer);
    unfollow();
  }
  await asked;
  return answerOf(pair, question);
}

/** What ends the server waits for the answer to be on its way, or for nobody to be there to get it. */
function afterAnswer(response: ServerResponse, next: () => void): void {
  if (response.closed || response.destroyed) next();
  else response.once("close", next);
}

export function registerHaRoutes(
  { route }: RouteRegistry,
  pair: PairSurface,
  question: Question,
  tables: readonly Table[],
  backups: Omit<BackupPorts, "pair"> & { readonly onReplaced: () => void },
  isOver: (table: string, row: string) => boolean,
): void {
  route(routes.ha, () => answerOf(pair, question));
  route(routes.applyHa, ({ body }) => apply(pair, question, body));
  route(routes.refreshHa, () => refresh(pair, question));
  route(routes.haEvents, ({ query }) => eventsOf(pair, query));
  route(routes.handOver, () => {
    const ordered = pair.handover();
    if (!ordered.ok) throw new Refusal(409, ...ordered.error);
    return { ...answerOf(pair, question), note: ordered.value.note };
  });
  route(routes.actHa, (_call, { caller }) => {
    const wasActing = pair.isActing;
    const errors = pair.act();
    if (errors.length > 0) throw new Refusal(409, ...errors);
    if (!wasActing)
      pair.note({
        severity: "warning",
        code: "told-to-act",
        message: `${caller.author} let this unit execute polling and scheduled actions while it stands alone`,
      });
    return answerOf(pair, question);
  });
  route(routes.haDifferences, () => differencesOf(pair));
  const ports = { ...backups, pair };
  const restoring = new Restoring(ports);
  route(routes.listBackups, () => ({ backups: listBackups(ports) }));
  route(routes.saveBackup, async () => ({ name: await saveByCommand(ports) }));
  route(routes.downloadBackup, async ({ body }, { reply }) => {
    const file = await downloadBackup(ports, body);
    reply.header("content-length", file.length).header("content-disposition", "attachment");
    return Readable.from([file]);
  });
  route(routes.uploadBackup, (_call, { request }) => uploadBackup(ports, request.body as Readable));
  route(routes.restoreOverwritten, async ({ body }, { caller, reply }) => {
    const restored = await restoring.restore(body, caller.author);
    if (restored.savedAs !== null) afterAnswer(reply.raw, backups.onReplaced);
    return restored;
  });
  route(routes.removeHa, async ({ body }, { caller }) => {
    const as = body.removes === "this unit" ? "leaves" : "stays";
    const removed = await pair.removeFromPair(as, body.confirm);
    if (!removed.ok) throw new Refusal(409, removed.error);
    if (as === "stays" && !removed.value.peerTold && body.confirm !== undefined)
      pair.note({
        severity: "warning",
        code: "removed-untold",
        message: `${caller.author} confirmed that ${body.confirm}, which could not be told of its removal, is off or will never serve again`,
      });
    return { ...answerOf(pair, question), peerTold: removed.value.peerTold };
  });
  route(routes.listConflicts, ({ query }) => listConflicts(pair, tables, query?.state));
  for (const [each, how] of [
    [routes.restoreConflict, "restore"],
    [routes.dismissConflict, "dismiss"],
  ] as const)
    route(each, ({ params, tag }, { caller }) =>
      resolveConflict(pair, tables, params.id, how, tag, caller.author, isOver),
    );
}
