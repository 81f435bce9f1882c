/**
 * The HA settings live in a file beside the database and outside its backups (DESIGN, "Identity"): restoring
 * a backup on another machine never makes that machine think it has this one's peer.
 */
import { readFileSync } from "node:fs";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import {
  actionWaitDefaultMs,
  heartbeatDefaultMs,
  heartbeatMaxMs,
  heartbeatMinMs,
  holdDownDefaultMs,
} from "@tandem/pair/constants";
import type { HaSettings } from "@tandem/pair/state";
import { writeFileAtomicallySync } from "@tandem/peer-link/atomic-file";
import { StateUnreadable } from "../state-unreadable.ts";

const SettingsSchema = Type.Object({
  disabled: Type.Boolean(),
  preferredMaster: Type.Boolean(),
  heartbeatMs: Type.Number({ minimum: heartbeatMinMs, maximum: heartbeatMaxMs }),
  // What Apply lets through is bounded there; this only has to understand what was kept.
  holdDownMs: Type.Number({ minimum: 0 }),
  actionWaitMs: Type.Number({ minimum: 0 }),
  peer: Type.Union([
    Type.Null(),
    Type.Object({
      unit: Type.String({ pattern: "^[0-9a-f]{16}$" }),
      fingerprint: Type.String({ pattern: "^[0-9a-f]{64}$" }),
      address: Type.String({ minLength: 1 }),
      port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    }),
  ]),
});

/** Of a unit that was never set up for HA. */
export const newSettings: HaSettings = {
  disabled: false,
  preferredMaster: false,
  heartbeatMs: heartbeatDefaultMs,
  holdDownMs: holdDownDefaultMs,
  actionWaitMs: actionWaitDefaultMs,
  peer: null,
};

/** Throws when the file is there and cannot be understood: guessing whom to pair with would be worse. */
export function loadSettings(path: string): HaSettings {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return newSettings;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StateUnreadable(`${path} is not JSON; remove it to begin without HA settings`);
  }
  const [fault] = schemaFaults(SettingsSchema, value, { whole: "the file" });
  if (fault !== undefined)
    throw new StateUnreadable(
      `${path}: ${fault.message}; ${fault.remedy}, or remove the file to begin without HA settings`,
    );
  return value as Static<typeof SettingsSchema>;
}

/** On disk when it returns. */
export const saveSettings = (path: string, settings: HaSettings): void =>
  writeFileAtomicallySync(path, `${JSON.stringify(settings, null, 2)}\n`, 0o600);
