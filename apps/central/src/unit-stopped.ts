/**
 * A unit whose state can no longer be kept refuses everything that is under way. Its owner has been told; whoever
 * works in the background just ends, so that the process can stand still and go on once the disk takes writes again.
 */
export class UnitStopped extends Error {
  override name = "UnitStopped";
  /** Why it stopped. */
  override readonly cause: Error;

  constructor(cause: Error) {
    super(`this unit has stopped: ${cause.message}`);
    this.cause = cause;
  }
}

/** Lets work go on that nobody waits for. Only a unit that has stopped may end it; anything else is the program's fault. */
export function inBackground(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!(error instanceof UnitStopped)) throw error;
  });
}
