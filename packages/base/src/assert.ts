/**
 * Assertions stay on in production. They are for what the program itself does wrong; what the world does
 * wrong is a value (`result.ts`). The owner of a process that fails one lets go of its addresses and stops.
 */
export class AssertionFailure extends Error {
  override name = "AssertionFailure";
}

/** Throws {@link AssertionFailure} unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** The end of a `switch` over a union: reaching it is a fault of the program. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`);
}
