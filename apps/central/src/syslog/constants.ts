/** Bounds of the collector. Each has its unit in its name; what happens when it is reached stands beside it. */
import { hour, minute, second } from "@tandem/base/time";

/** Lines are written together: as soon as there are so many, or so long after the first. */
export const batchLinesMax = 2_000;
export const batchWaitMs = 200;
/** While so many lines wait because they cannot be written, TCP connections are not read: their senders wait. */
export const pauseAboveLines = 10_000;
/** One more is dropped and counted. */
export const waitingLinesMax = 20_000;
/** What senders that are no device of the tree may send together; more is dropped and counted. */
export const unknownLinesPerSecondMax = 1_000;
/** Unknown senders told apart in the status; the lines of others are kept all the same. */
export const unknownSendersMax = 100;
/** One more connection is closed at once and counted. */
export const connectionsMax = 1_000;
/** Asked of the kernel for UDP, which grants no more than `net.core.rmem_max`. */
export const receiveBufferBytes = 4 * 1024 * 1024;

/** After a failure to listen, to write, or of the collector itself: doubled from the first to the last. */
export const retryFirstMs = 1 * second;
export const retryLastMs = 30 * second;

export const statusIntervalMs = 1 * second;
/** So many intervals without a word from the collector's thread, each seen by the main thread, and it is replaced. */
export const silentIntervalsMax = 15;
export const expireIntervalMs = 1 * hour;
/** Events about lines that are being dropped, at most one in so long. */
export const dropEventIntervalMs = 10 * minute;

export const retryDelayMs = (failures: number): number =>
  Math.min(retryLastMs, retryFirstMs * 2 ** Math.min(failures, 10));
