/** One process at a time: a lock that the kernel lets go of when its holder ends, however it ends. */
import { closeSync, openSync } from "node:fs";
import { lockDescriptor } from "./libc.ts";

export type FileLock = { release(): void };

/** Locks `path` (made with mode 0600 where it is absent, never removed); undefined while another process holds it. */
export function lockFile(path: string): FileLock | undefined {
  const descriptor = openSync(path, "a", 0o600);
  if (lockDescriptor(descriptor)) return { release: () => closeSync(descriptor) };
  closeSync(descriptor);
  return undefined;
}
