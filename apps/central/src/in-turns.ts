/** Work on a large state is done in bounded pieces, between which the process does what else it has to: heartbeats. */
import { setImmediate } from "node:timers/promises";

/** A few milliseconds' work each. */
const versionsPerTurn = 1_000;

/** What comes in the meantime has its turn between two pieces. */
export async function* inTurns<Item>(
  items: Iterable<Item>,
  perTurn = versionsPerTurn,
): AsyncGenerator<Item[]> {
  let piece: Item[] = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length < perTurn) continue;
    yield piece;
    await setImmediate();
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
