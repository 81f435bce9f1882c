import type { SharedContent } from "../state/document.ts";

/** What the pair shares that is no traffic; all else may be, also what is new there. */
const apart: ReadonlySet<string> = new Set<keyof SharedContent>([
  "ha",
  "nextServiceIndex",
  "nextServerIndex",
  "sharedAddresses",
  "sharedAddresses6",
]);

/** Whether there may be another file for HAProxy, or other rules for the kernel. */
export function trafficDiffers(before: SharedContent, next: SharedContent): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(next)]) as Set<keyof SharedContent>;
  return [...names].some((name) => !apart.has(name) && before[name] !== next[name]);
}

/** Whether something differs that services are made for HAProxy from, beside the services themselves. */
export const besideServicesDiffers = (before: SharedContent, next: SharedContent): boolean =>
  trafficDiffers({ ...before, services: next.services }, next);
