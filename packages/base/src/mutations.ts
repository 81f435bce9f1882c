/** Structure-aware fuzzing, for tests: a valid message with a few of its parts replaced, dropped, doubled or grown. */
import type { Prng } from "./prng.ts";

const oddNumbers = [-1, 0, 0.5, 2 ** 31, 2 ** 40, 2 ** 52, 2 ** 53, Number.MAX_SAFE_INTEGER, 1e300];
const oddTexts = [
  "",
  "__proto__",
  "constructor",
  "toString",
  "\u0000",
  "\ud800",
  "0".repeat(16),
  "x".repeat(70_000),
];
const oddValues: readonly unknown[] = [
  null,
  true,
  {},
  [],
  [[]],
  { __proto__: null },
  ...oddNumbers,
  ...oddTexts,
];

const pick = <T>(prng: Prng, from: readonly T[]): T => from[prng.below(from.length)] as T;

type Holder = { [member: string]: unknown };
type Place = { readonly holder: Holder; readonly member: string };

function placesIn(value: unknown, places: Place[] = []): Place[] {
  if (value === null || typeof value !== "object") return places;
  for (const member of Object.keys(value)) {
    places.push({ holder: value as Holder, member });
    placesIn((value as Holder)[member], places);
  }
  return places;
}

/** As JSON.parse does it: "__proto__" is a member like any other. */
const put = (holder: Holder, member: string, value: unknown): void => {
  Object.defineProperty(holder, member, { value, enumerable: true, configurable: true, writable: true });
};
const copyOf = (value: unknown): unknown =>
  value === undefined ? null : (JSON.parse(JSON.stringify(value)) as unknown);

/** A copy of a JSON value with one to three changes. */
export function mutated(message: unknown, prng: Prng): unknown {
  const copy = { message: copyOf(message) };
  for (let count = 1 + prng.below(3); count > 0; count -= 1) {
    const places = placesIn(copy);
    const { holder, member } = pick(
      prng,
      places.length === 0 ? [{ holder: copy, member: "message" }] : places,
    );
    const elsewhere = places.length === 0 ? null : pick(prng, places);
    switch (prng.below(6)) {
      case 0:
        if (holder !== copy) delete holder[member];
        break;
      case 1:
        // What stands elsewhere in the message is of the right kind more often than what is made up.
        if (elsewhere !== null) put(holder, member, copyOf(elsewhere.holder[elsewhere.member]));
        break;
      case 2:
        put(
          holder,
          member,
          typeof holder[member] === "number" ? pick(prng, oddNumbers) : pick(prng, oddTexts),
        );
        break;
      case 3:
        put(holder, pick(prng, oddTexts.slice(0, 6)), pick(prng, oddValues));
        break;
      default:
        put(holder, member, copyOf(pick(prng, oddValues)));
    }
  }
  return copyOf(copy.message);
}
