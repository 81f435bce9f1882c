/**
 * Digests prove equality (SPEC CH17). A row's digest is an HMAC over the versions in its slots; a table's is the
 * exclusive-or of its rows', so that a change costs its row alone and order does not matter. The key belongs to the
 * pair: it keeps secrets from being guessed from a digest. Rows are distinct, so none cancels another out.
 */
import { canonicalJson } from "@tandem/base/canonical-json";
import { hmacSha256Hex } from "@tandem/base/digest";
import type { RowStore, Slots } from "./rows.ts";
import type { Vector, Version } from "./version.ts";

const words = 8;
/** Distinct authors and units whose quoted form is kept. */
const quotedTextsMax = 1_000;

type TableDigest = {
  readonly total: Uint32Array;
  /** Hexadecimal: a fleet has tens of thousands of rows, and a short text takes the least memory. */
  readonly rows: Map<string, string>;
  /** Rows changed since their digest was taken; theirs is no longer in `total`. */
  readonly dirty: Map<string, Slots>;
};

function fromHex(hex: string): Uint32Array {
  const digest = new Uint32Array(words);
  for (let word = 0; word < words; word++)
    digest[word] = Number.parseInt(hex.slice(word * 8, word * 8 + 8), 16);
  return digest;
}
const toHex = (digest: Uint32Array): string =>
  Array.from(digest, (word) => word.toString(16).padStart(8, "0")).join("");
const toggle = (total: Uint32Array, digest: string): void => {
  const other = fromHex(digest);
  for (let word = 0; word < words; word++) total[word]! ^= other[word]!;
};

export class DigestIndex {
  #key: string;
  /** Which versions count; undefined when all do. */
  readonly #counts: ((version: Version) => boolean) | undefined;
  readonly #tables = new Map<string, TableDigest>();
  /** Contexts are shared by many versions; their text is made once. */
  readonly #contextTexts = new WeakMap<Vector, string>();
  readonly #quotedTexts = new Map<string, string>();

  constructor(key: string, counts?: (version: Version) => boolean) {
    this.#key = key;
    this.#counts = counts;
  }

  touch(slots: Slots): void {
    let table = this.#tables.get(slots.table.name);
    if (!table) {
      table = { total: new Uint32Array(words), rows: new Map(), dirty: new Map() };
      this.#tables.set(slots.table.name, table);
    }
    const digest = table.rows.get(slots.key);
    if (digest) {
      toggle(table.total, digest);
      table.rows.delete(slots.key);
    }
    table.dirty.set(slots.key, slots);
  }

  /** Every digest depends on the key: all are taken anew at the next question. */
  rekey(key: string, store: RowStore): void {
    this.#key = key;
    this.#tables.clear();
    for (const slots of store.allSlots()) this.touch(slots);
  }

  /** Over all tables that hold anything. */
  digest(): string {
    return hmacSha256Hex(this.#key, canonicalJson(this.tables()));
  }

  tables(): { readonly [table: string]: string } {
    const digests: { [table: string]: string } = {};
    for (const [name, table] of this.#tables) {
      this.#settle(table);
      if (table.rows.size > 0) digests[name] = toHex(table.total);
    }
    return digests;
  }

  rows(tableName: string): ReadonlyMap<string, string> {
    const table = this.#tables.get(tableName);
    if (!table) return new Map();
    this.#settle(table);
    return table.rows;
  }

  #settle(table: TableDigest): void {
    for (const [row, slots] of table.dirty) {
      const all = [...slots.fields.values()];
      const versions = this.#counts === undefined ? all : all.filter(this.#counts);
      // A transaction that was taken back may leave a row that never came to be.
      if (versions.length === 0) continue;
      const digest = hmacSha256Hex(this.#key, this.#rowText(slots, versions));
      table.rows.set(row, digest);
      toggle(table.total, digest);
    }
    table.dirty.clear();
  }

  /**
   * The canonical JSON of [table, row, [[field, incarnation, seq, life, clock, context, author, unit, at, value] …]],
   * fields sorted; written out by hand because a large fleet has half a million of them.
   */
  #rowText(slots: Slots, versions: Version[]): string {
    versions.sort((a, b) => (a.field < b.field ? -1 : 1));
    let text = "";
    for (const { field, incarnation, seq, life, clock, context, author, unit, at, value } of versions) {
      if (text !== "") text += ",";
      text += `["${field}","${incarnation}",${seq},${life},${clock},${this.#contextText(context)},`;
      text += `${this.#quoted(author)},${this.#quoted(unit)},${at},${canonicalJson(value)}]`;
    }
    return `["${slots.table.name}",${JSON.stringify(slots.key)},[${text}]]`;
  }

  /** Authors and units are few, and each writes many versions. */
  #quoted(words: string): string {
    let text = this.#quotedTexts.get(words);
    if (text === undefined) {
      if (this.#quotedTexts.size >= quotedTextsMax) this.#quotedTexts.clear();
      text = JSON.stringify(words);
      this.#quotedTexts.set(words, text);
    }
    return text;
  }

  /** The context's text as a text, quoted. */
  #contextText(context: Vector): string {
    let text = this.#contextTexts.get(context);
    if (text === undefined) {
      text = JSON.stringify(canonicalJson(context));
      this.#contextTexts.set(context, text);
    }
    return text;
  }
}
