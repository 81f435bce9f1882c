import type { Vector, Version } from "@tandem/replica/version";

/** What a checker does when it sees what must not be. */
export type Report = (message: string) => void;

/** A disk as checkers look at it. */
export type Kept = {
  readonly name: string;
  readonly vector: Vector;
  version(table: string, row: string, field: string): Version | undefined;
  versions(): Iterable<Version>;
};
