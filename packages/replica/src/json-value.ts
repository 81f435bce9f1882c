import type { Json } from "@tandem/base/canonical-json";
import { valueDepthMax, valueMembersMax, valueStringMaxLength } from "./constants.ts";

/** Text that survives every encoding on its way: no lone surrogates, and within the bound. */
export const isText = (value: unknown, maxLength: number): value is string =>
  typeof value === "string" && value.length <= maxLength && value.isWellFormed();

/**
 * A frozen copy of `value` when it is plain JSON within the bounds of `constants.ts`, else undefined. What a
 * replica holds is shared with its readers, so nobody may be able to change it afterwards.
 */
export function admitJson(value: unknown): Json | undefined {
  let members = 0;
  const admit = (part: unknown, depth: number): Json | undefined => {
    switch (typeof part) {
      case "boolean":
        return part;
      case "number":
        return Number.isFinite(part) ? part : undefined;
      case "string":
        return isText(part, valueStringMaxLength) ? part : undefined;
      case "object":
        break;
      default:
        return undefined;
    }
    if (part === null) return null;
    if (depth >= valueDepthMax) return undefined;
    if (Array.isArray(part)) {
      members += part.length;
      if (members > valueMembersMax) return undefined;
      const copy: Json[] = [];
      for (const element of part) {
        const admitted = admit(element, depth + 1);
        if (admitted === undefined) return undefined;
        copy.push(admitted);
      }
      return Object.freeze(copy);
    }
    const prototype: unknown = Object.getPrototypeOf(part);
    if (prototype !== Object.prototype && prototype !== null) return undefined;
    const entries: [string, Json][] = [];
    for (const [name, member] of Object.entries(part)) {
      if (++members > valueMembersMax || !isText(name, valueStringMaxLength)) return undefined;
      const admitted = admit(member, depth + 1);
      if (admitted === undefined) return undefined;
      entries.push([name, admitted]);
    }
    return Object.freeze(Object.fromEntries(entries));
  };
  return admit(value, 0);
}
