/** How many files a process that this one starts may have open: the hard limit of proc(5), `/proc/self/limits`. */
import { readFileSync } from "node:fs";

/** Infinity when there is none. */
export function openFilesMax(path = "/proc/self/limits"): number {
  try {
    return parseOpenFilesMax(readFileSync(path, "utf8"));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export function parseOpenFilesMax(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  return hard === undefined ? Number.POSITIVE_INFINITY : Number(hard);
}
