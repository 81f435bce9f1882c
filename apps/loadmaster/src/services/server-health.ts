/**
 * Whether a real server is up that the unit checks itself: one of a layer-4 service, which HAProxy does not see, or one
 * that is checked in a way that HAProxy cannot.
 * A server is up until as many checks in a row have failed as its service allows, and again with the first that succeeds.
 *
 *     up   -- check failed, `retries` in a row --> down
 *     down -- check succeeded -------------------> up
 */
export type ServerHealth = {
  readonly up: boolean;
  /** Checks that failed in a row. */
  readonly failed: number;
  /** As HAProxy would say it: INI before the first check. */
  readonly check: string;
};

export const healthAtFirst: ServerHealth = { up: true, failed: 0, check: "INI" };

/** What one check found. `check` in a few letters, such as L4OK or L7STS. */
export type Verdict = { readonly alive: boolean; readonly check: string };

export function healthAfter(health: ServerHealth, verdict: Verdict, retries: number): ServerHealth {
  const { check } = verdict;
  if (verdict.alive) return { up: true, failed: 0, check };
  const failed = health.failed + 1;
  return { up: health.up && failed < retries, failed, check };
}

/** While checks fail and the server still counts as up, the next one comes soon. */
export const nextCheckMs = (health: ServerHealth, intervalSeconds: number): number =>
  health.up && health.failed > 0 ? 1_000 : intervalSeconds * 1_000;
