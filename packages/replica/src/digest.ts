/**
 * Digests prove equality (SPEC CH17). A row's digest is an HMAC over the versions in its slots; a table's is the
 * exclusive-or of its rows', so that a change costs its row alone and order does not matter. The key belongs to the
 * pair: it keeps secrets from being guessed from a digest. Rows are distinct, so none cancels another out.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { hmacSha256Hex } from "@tandem/base/digest";
import type { RowStore, Slots } from "./rows.ts";
import type { Vector } from "./version.ts";

const words = 8;

type TableDigest = {
  readonly total: Uint32Array;
  readonly rows: Map<string, Uint32Array>;
  /** Rows changed since their digest was taken; theirs is no longer in `total`. */
  readonly dirty: Map<string, Slots>;
};

const fromHex = (hex: string): Uint32Array =>
  Uint32Array.from({ length: words }, (_, word) => Number.parseInt(hex.slice(word * 8, word * 8 + 8), 16));
const toHex = (digest: Uint32Array): string =>
  Array.from(digest, (word) => word.toString(16).padStart(8, "0")).join("");
const toggle = (total: Uint32Array, digest: Uint32Array): void => {
  for (let word = 0; word < words; word++) total[word]! ^= digest[word]!;
};

export class DigestIndex {
  #key: string;
  readonly #tables = new Map<string, TableDigest>();
  /** Contexts are shared by many versions; their text is made once. */
  readonly #contextTexts = new WeakMap<Vector, string>();

  constructor(key: string) {
    this.#key = key;
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
    return new Map(Array.from(table.rows, ([row, digest]) => [row, toHex(digest)]));
  }

  #settle(table: TableDigest): void {
    for (const [row, slots] of table.dirty) {
      // A transaction that was taken back may leave a row that never came to be.
      if (slots.fields.size === 0) continue;
      const digest = fromHex(hmacSha256Hex(this.#key, this.#rowText(slots)));
      table.rows.set(row, digest);
      toggle(table.total, digest);
    }
    table.dirty.clear();
  }

  #rowText(slots: Slots): string {
    const versions: Json[] = [...slots.fields.values()]
      .sort((a, b) => (a.field < b.field ? -1 : 1))
      .map((version) => [
        version.field,
        version.incarnation,
        version.seq,
        version.life,
        version.clock,
        this.#contextText(version.context),
        version.author,
        version.unit,
        version.at,
        version.value,
      ]);
    return canonicalJson([slots.table.name, slots.key, versions]);
  }

  #contextText(context: Vector): string {
    let text = this.#contextTexts.get(context);
    if (text === undefined) {
      text = canonicalJson(context);
      this.#contextTexts.set(context, text);
    }
    return text;
  }
}
