/** Operators say when as they like. */
import { hour, minute, second } from "@tandem/base/time";
import { UsageError } from "./command-line.ts";

const unitsMs: { readonly [unit: string]: number } = { s: second, m: minute, h: hour, d: 24 * hour };

/** A moment as the server takes it, or so long ago: `15m`, `2h`, `1d`. */
export function moment(option: "since" | "until", text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  if (ago) return new Date(Date.now() - Number(ago[1]) * (unitsMs[ago[2] as string] ?? 0)).toISOString();
  const at = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(at))
    throw new UsageError(
      `--${option} takes a moment such as 2026-11-25T14:00:00Z, or 15m, 2h, 1d; not "${text}"`,
    );
  return new Date(at).toISOString();
}
