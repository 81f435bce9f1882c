/** EX_CONFIG of sysexits(3): the service manager does not start the process again by itself. */
const exitNeedsOperator = 78;

/**
 * What this unit keeps is there and cannot be understood: damaged, of a later version, or sealed with another key.
 * Trying again does not help and nothing is changed; an operator has to act. The message says which file, why,
 * and what to do.
 */
export class StateUnreadable extends Error {
  override name = "StateUnreadable";
  readonly exitCode = exitNeedsOperator;
}
