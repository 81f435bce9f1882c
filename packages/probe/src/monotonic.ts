/** Milliseconds of CLOCK_MONOTONIC, the same for every thread and process of the machine. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
