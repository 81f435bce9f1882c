/** Runs as the API has them. */
import type { WallMillis } from "@tandem/base/time";
import type { Run as RunAnswer, RunsQuery } from "@tandem/central-api/schedule";
import type { Run, RunLedger } from "./run-ledger.ts";
import type { AttemptRow } from "./tables.ts";

const runsListedDefault = 100;

/** The newest first. */
export function listRuns(ledger: RunLedger, query: RunsQuery = {}): readonly RunAnswer[] {
  const { action, device, state } = query;
  return [...ledger.runs()]
    .filter(
      ({ standing: { values } }) =>
        (action === undefined || values.action === action) &&
        (device === undefined || values.device === device) &&
        (state === undefined || values.state === state),
    )
    .sort((a, b) => b.standing.values.due - a.standing.values.due || (a.id < b.id ? 1 : -1))
    .slice(0, query.limit === undefined ? runsListedDefault : Number(query.limit))
    .map(shown);
}

const shown = ({ id, standing, attempts }: Run): RunAnswer => {
  const { action, actionName, kind, device, deviceName, due, trigger, author } = standing.values;
  return {
    id,
    action,
    actionName,
    kind,
    device,
    deviceName,
    due: new Date(due).toISOString(),
    trigger,
    author,
    ...progressOf(standing),
    attempts: attempts
      .map(progressOf)
      .sort((a, b) => (a.epoch ?? 0) - (b.epoch ?? 0) || (a.claimedAt < b.claimedAt ? -1 : 1)),
  };
};

const progressOf = ({ values }: AttemptRow) => {
  const { state, unit, epoch, claimedAt, startedAt, endedAt, startedOn, evidence, message } = values;
  return {
    state,
    unit,
    epoch,
    claimedAt: new Date(claimedAt).toISOString(),
    startedAt: momentOf(startedAt),
    endedAt: momentOf(endedAt),
    startedOn,
    evidence,
    message,
  };
};

export const momentOf = (at: WallMillis | null): string | null =>
  at === null ? null : new Date(at).toISOString();
