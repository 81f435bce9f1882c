/** A Master's term of office (SPEC CH22): named by a number that grows, and the unit that alone may use it. */
import type { UnitId } from "./ids.ts";

export type Epoch = { readonly n: number; readonly unit: UnitId };

/** Negative, zero or positive: by number, then by unit. */
export const compareEpochs = (a: Epoch, b: Epoch): number =>
  a.n - b.n || (a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : 0);
