/** What the fleet needs of the pair: its shared rows, and edits of them. `HighAvailability` is one, tests have another. */
import type { FieldError, Result } from "@tandem/base/result";
import type { Acknowledged } from "@tandem/central-api/errors";
import type { Edit, WriteConflict } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import type { Columns, Table } from "@tandem/replica/schema";

export type SharedRows = {
  rows<C extends Columns>(table: Table<C>): readonly RowView<C>[];
  row<C extends Columns>(table: Table<C>, key: string): RowView<C> | undefined;
  /** All edits or none; resolves when they are on this unit's disk and, while connected, the peer's (SPEC CH21). */
  write(
    edits: readonly Edit[],
    author: string,
    summary: string,
  ): Promise<Result<Acknowledged, WriteConflict | FieldError>>;
  /** `data`: rows changed, here or by the peer. Answers what takes the listener off. */
  onChange(listener: (what: "data" | "status") => void): () => void;
};
