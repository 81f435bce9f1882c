/**
 * For tests: a network namespace of the process's own, which ends with it.
 */
import koffi from "koffi";
import { errorName } from "./libc.ts";

const CLONE_NEWNET = 0x4000_0000;

/** Why a test that needs network namespaces and raw sockets is skipped; false when it can run. */
export const needsRoot = (): string | false =>
  process.getuid?.() === 0 ? false : "needs root for network namespaces and raw sockets";

/**
 * unshare(2): moves the calling thread, and the threads and processes it starts from now on, into a new and empty
 * network namespace. Call it in a test file's process, which the test runner gives to that file alone.
 */
export function enterOwnNetworkNamespace(): void {
  const unshare = koffi.load("libc.so.6").func("int unshare(int)") as (flags: number) => number;
  if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: ${errorName(koffi.errno())}`);
}
