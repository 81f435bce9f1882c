/**
 * Deltas as JSON for the peer link. Contexts are interned: each distinct one is sent once, as its difference from
 * the one before it, since neighbours in clock order differ little. Decoding is total: whatever it is given, it
 * answers with a delta within the bounds of `constants.ts` or with what is wrong and where.
 */
import type { Json } from "@tandem/base/canonical-json";
import type { Result } from "@tandem/base/result";
import { err, ok } from "@tandem/base/result";
import {
  authorMaxLength,
  clockMax,
  clockOnWireMax,
  contextEntriesMax,
  counterMax,
  deltaItemsMax,
  lifeOnWireMax,
  nameMaxLength,
  rowKeyMaxLength,
  vectorEntriesMax,
} from "./constants.ts";
import { admitJson, isText } from "./json-value.ts";
import { type Delta, emptyVector, knows, type Vector, type Version } from "./version.ts";

export type MalformedDelta = {
  readonly code: "malformed-delta";
  readonly path: string;
  readonly message: string;
};

/** One version: table, row, field, incarnation, seq, life, clock, index of its context, author, unit, at, value. */
type WireItem = readonly [
  string,
  string,
  string,
  string,
  number,
  number,
  number,
  number,
  string,
  string,
  number,
  Json,
];

export type WireDelta = {
  readonly base: Vector;
  readonly claim: Vector;
  readonly clock: number;
  /** What changes against the context before; 0: the incarnation is not in it. */
  readonly contexts: readonly Vector[];
  readonly items: readonly WireItem[];
};

export function encodeDelta(delta: Delta): WireDelta {
  const { contexts, encode } = encoderOf(delta);
  return {
    base: delta.base,
    claim: delta.claim,
    clock: delta.clock,
    contexts,
    items: delta.items.map(encode),
  };
}

/** Where the items are in an object whose member the delta is. */
export const itemsPlace = { opening: '"items":[', depth: 3 } as const;

/** Items of one piece of text. */
const itemsPerPiece = 256;

/** The JSON of `encodeDelta`, in pieces, of which each is made only when it is asked for: a snapshot is long. */
export function* deltaText(delta: Delta): Generator<string> {
  const { contexts, encode } = encoderOf(delta);
  const { base, claim, clock, items } = delta;
  yield `${JSON.stringify({ base, claim, clock, contexts }).slice(0, -1)},"items":[`;
  for (let from = 0; from < items.length; from += itemsPerPiece) {
    const piece = JSON.stringify(items.slice(from, from + itemsPerPiece).map(encode)).slice(1, -1);
    yield from === 0 ? piece : `,${piece}`;
  }
  yield "]}";
}

function encoderOf({ items }: Delta): {
  readonly contexts: readonly Vector[];
  encode(version: Version): WireItem;
} {
  const contexts: Vector[] = [];
  const indices = new Map<Vector, number>();
  let previous = emptyVector;
  for (const { context } of items) {
    if (indices.has(context)) continue;
    indices.set(context, contexts.length);
    contexts.push(differenceOf(previous, context));
    previous = context;
  }
  return {
    contexts,
    encode: (v) => [
      v.table,
      v.row,
      v.field,
      v.incarnation,
      v.seq,
      v.life,
      v.clock,
      indices.get(v.context)!,
      v.author,
      v.unit,
      v.at,
      v.value,
    ],
  };
}

function differenceOf(before: Vector, after: Vector): Vector {
  const difference: { [incarnation: string]: number } = {};
  for (const incarnation in before) if (after[incarnation] === undefined) difference[incarnation] = 0;
  for (const incarnation in after)
    if (after[incarnation] !== before[incarnation]) difference[incarnation] = after[incarnation]!;
  return difference;
}

const incarnationPattern = /^[0-9a-f]{16}$/;
/** Field names and the life register; names of tables likewise. */
const namePattern = /^@?[a-zA-Z0-9]+$/;

const isCount = (value: unknown, max: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max;
const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string => isText(value, nameMaxLength) && namePattern.test(value);
const isIncarnation = (value: unknown): value is string =>
  typeof value === "string" && incarnationPattern.test(value);

const malformed = (path: string, message: string): Result<never, MalformedDelta> =>
  err({ code: "malformed-delta", path, message });

/** Never throws. The delta it gives is frozen throughout and claims all its items. */
export function decodeDelta(input: unknown): Result<Delta, MalformedDelta> {
  const head = decodeDeltaHead(input);
  if (!head.ok) return head;
  const { base, claim, clock } = head.value;
  const items = new ItemsDecoder(head.value).decode((input as { readonly items?: unknown }).items);
  if (!items.ok) return items;
  return ok(Object.freeze({ base, claim, clock, items: Object.freeze(items.value) }));
}

/** What a delta says before its items. */
export type DeltaHead = Omit<Delta, "items"> & { readonly contexts: readonly Vector[] };

export function decodeDeltaHead(input: unknown): Result<DeltaHead, MalformedDelta> {
  if (!isRecord(input)) return malformed("", "a delta is an object");
  const base = decodeVector("base", input.base);
  if (!base.ok) return base;
  const claim = decodeVector("claim", input.claim);
  if (!claim.ok) return claim;
  const { clock } = input;
  if (!isCount(clock, clockOnWireMax)) return malformed("clock", "must be a whole number within its bound");
  const contexts = decodeContexts(input.contexts);
  if (!contexts.ok) return contexts;
  return ok({ base: base.value, claim: claim.value, clock, contexts: contexts.value });
}

/** The items of one delta, all at once or some after the others. */
export class ItemsDecoder {
  readonly #head: DeltaHead;
  readonly #shared = sharedTexts();
  #count = 0;

  constructor(head: DeltaHead) {
    this.#head = head;
  }

  decode(items: unknown): Result<Version[], MalformedDelta> {
    if (!Array.isArray(items) || this.#count + items.length > deltaItemsMax)
      return malformed("items", `must be an array of at most ${deltaItemsMax}`);
    const versions: Version[] = [];
    for (const item of items) {
      const path = `items.${this.#count}`;
      const version = decodeItem(item, this.#head.contexts, this.#shared);
      if (typeof version === "string") return malformed(path, version);
      if (!knows(this.#head.claim, version)) return malformed(path, "is not covered by the claim");
      versions.push(version);
      this.#count += 1;
    }
    return ok(versions);
  }
}

/** The version, or what is wrong with it. */
function decodeItem(item: unknown, contexts: readonly Vector[], shared: Shared): Version | string {
  if (!Array.isArray(item) || item.length !== 12) return "must be an array of 12";
  const [table, row, field, incarnation, seq, life, clock, contextIndex, author, unit, at, rawValue] =
    item as readonly unknown[];
  if (!isName(table)) return "table is not a name";
  if (!isText(row, rowKeyMaxLength) || row === "") return "row is not a key";
  if (!isName(field)) return "field is not a name";
  if (!isIncarnation(incarnation)) return "incarnation must be 16 hexadecimal digits";
  if (!isCount(seq, counterMax) || seq === 0) return "seq must be a whole number from 1";
  if (!isCount(life, lifeOnWireMax) || life === 0) return "life must be a whole number from 1";
  if (!isCount(clock, clockOnWireMax)) return "clock must be a whole number";
  const context = isCount(contextIndex, contexts.length) ? contexts[contextIndex] : undefined;
  if (!context) return "context is not in the list";
  if (!isText(author, authorMaxLength)) return "author must be text";
  if (!isText(unit, authorMaxLength)) return "unit must be text";
  if (!isCount(at, clockMax)) return "at must be milliseconds since 1970";
  const value = admitJson(rawValue);
  if (value === undefined) return "value is not JSON within its bounds";
  return Object.freeze({
    table: shared(table),
    row: shared(row),
    field: shared(field),
    incarnation: shared(incarnation),
    seq,
    life,
    clock,
    context,
    author: shared(author),
    unit: shared(unit),
    at,
    value,
  });
}

/** One object per text: the versions of a delta say the same few over and over, and a snapshot has half a million. */
type Shared = (text: string) => string;
function sharedTexts(): Shared {
  const texts = new Map<string, string>();
  return (text) => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
}

/** A vector from a message; the heartbeat's may be read with it as well. */
export function decodeVector(path: string, input: unknown): Result<Vector, MalformedDelta> {
  if (!isRecord(input)) return malformed(path, "a vector is an object");
  const entries = Object.entries(input);
  if (entries.length > vectorEntriesMax)
    return malformed(path, `has more than ${vectorEntriesMax} incarnations`);
  for (const [incarnation, seq] of entries)
    if (!isIncarnation(incarnation) || !isCount(seq, counterMax) || seq === 0)
      return malformed(path, "maps incarnations of 16 hexadecimal digits to whole numbers from 1");
  return ok(Object.freeze(Object.fromEntries(entries)) as Vector);
}

function decodeContexts(input: unknown): Result<readonly Vector[], MalformedDelta> {
  if (!Array.isArray(input) || input.length > deltaItemsMax)
    return malformed("contexts", `must be an array of at most ${deltaItemsMax}`);
  const contexts: Vector[] = [];
  let current = new Map<string, number>();
  let total = 0;
  for (let index = 0; index < input.length; index++) {
    const path = `contexts.${index}`;
    const difference: unknown = input[index];
    if (!isRecord(difference)) return malformed(path, "a context is an object");
    current = new Map(current);
    for (const [incarnation, seq] of Object.entries(difference)) {
      if (!isIncarnation(incarnation) || !isCount(seq, counterMax))
        return malformed(path, "maps incarnations of 16 hexadecimal digits to whole numbers");
      if (seq === 0) current.delete(incarnation);
      else current.set(incarnation, seq);
    }
    total += current.size;
    if (current.size > vectorEntriesMax || total > contextEntriesMax)
      return malformed(path, "contexts grow too large");
    contexts.push(Object.freeze(Object.fromEntries(current)));
  }
  return ok(contexts);
}
