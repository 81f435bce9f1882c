/** What this unit knows of a device from contacting it (SPEC CE1): up, or down after three failed attempts in a row. Pure. */
import type { WallMillis } from "@tandem/base/time";
import type { DeviceStatus, PairOfDevice } from "@tandem/central-api/devices";

export const attemptsBeforeDown = 3;

export type DeviceRole = DeviceStatus["haRole"];
/** What a device answered, or why it did not. */
export type Contacted =
  | {
      readonly kind: "answered";
      readonly version: string | null;
      readonly haRole: DeviceRole;
      readonly name: string | null;
      /** Absent: it did not say. */
      readonly pair?: PairOfDevice | null;
    }
  | { readonly kind: "failed"; readonly error: string };

export const neverContacted: DeviceStatus = {
  state: "unknown",
  failedAttempts: 0,
  lastAttempt: null,
  lastSeen: null,
  error: null,
  version: null,
  haRole: "unknown",
};

/** The status after one more attempt. Of a device that does not answer the role is unknown at once. */
export function afterContact(status: DeviceStatus, contacted: Contacted, now: WallMillis): DeviceStatus {
  const at = new Date(now).toISOString();
  switch (contacted.kind) {
    case "answered":
      return {
        state: "up",
        failedAttempts: 0,
        lastAttempt: at,
        lastSeen: at,
        error: null,
        version: contacted.version ?? status.version,
        haRole: contacted.haRole,
        ...whatItSaid(contacted.pair === undefined ? status.pair : contacted.pair),
      };
    case "failed": {
      const failedAttempts = status.failedAttempts + 1;
      return {
        ...status,
        state: failedAttempts >= attemptsBeforeDown ? "down" : status.state,
        failedAttempts,
        lastAttempt: at,
        error: contacted.error,
        haRole: "unknown",
      };
    }
  }
}

const whatItSaid = (pair: DeviceStatus["pair"]): Pick<DeviceStatus, "pair"> =>
  pair === undefined ? {} : { pair };
