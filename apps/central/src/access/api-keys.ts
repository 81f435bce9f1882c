/**
 * API keys: rows that are this unit's own, or the pair's while their switch is on (SPEC CH4). When a key was last used is
 * each unit's own in any case. The text of a key is kept nowhere.
 */
import { randomBytes } from "node:crypto";
import { equalBytes, sha256Hex } from "@tandem/base/digest";
import { minute, type WallMillis } from "@tandem/base/time";
import type { ApiKey, ApiKeyMade } from "@tandem/central-api/api-keys";
import { createRow, deleteRow } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import type { DocumentStore } from "@tandem/storage/document-store";
import { written } from "../refusal.ts";
import type { OptionalRows } from "../synchronisation/optional-rows.ts";
import { apiKeys } from "./tables.ts";

export const apiKeysMax = 100;
const apiKeyPattern = /^tandem_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
/** Not every use of a key is worth a write to the disk. */
const lastUsedPrecisionMs = 1 * minute;

type KeyRow = RowView<(typeof apiKeys)["columns"]>;
/** As keys were kept whole before their rows could be shared. */
type FormerDocument = {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly secretHash: string;
  readonly createdAt: WallMillis;
  readonly lastUsedAt: WallMillis | null;
};

const formerPrefix = "api-key/";
const usePrefix = "api-key-use/";
const iso = (at: WallMillis): string => new Date(at).toISOString();

export class ApiKeys {
  readonly #rows: OptionalRows;
  readonly #documents: DocumentStore;
  readonly #now: () => WallMillis;

  constructor(rows: OptionalRows, documents: DocumentStore, now: () => WallMillis) {
    this.#rows = rows;
    this.#documents = documents;
    this.#now = now;
  }

  /** Keys of a former format become rows; what a crash or a full disk leaves is left for the next start. */
  async takeOver(): Promise<void> {
    for (const { name, value } of this.#documents.list(formerPrefix)) {
      const { lastUsedAt, ...key } = value as unknown as FormerDocument;
      if (this.#rows.row(apiKeys, key.id) === undefined) {
        const kept = await this.#rows.write([createRow(apiKeys, key)], key.user, `API key ${key.name}`);
        if (!kept.ok) continue;
      }
      this.#documents.set(`${usePrefix}${key.id}`, lastUsedAt);
      this.#documents.set(name, null);
    }
  }

  /** The row of the key with this text. */
  find(text: string): KeyRow["values"] | undefined {
    const id = apiKeyPattern.exec(text)?.[1];
    const key = id === undefined ? undefined : this.#rows.row(apiKeys, id)?.values;
    if (key === undefined) return undefined;
    const given = Buffer.from(sha256Hex(text), "hex");
    if (!equalBytes(given, Buffer.from(key.secretHash, "hex"))) return undefined;
    const now = this.#now();
    if (now - (this.#lastUsed(key.id) ?? 0) >= lastUsedPrecisionMs)
      this.#documents.set(`${usePrefix}${key.id}`, now);
    return key;
  }

  /** Undefined when there are {@link apiKeysMax} already. */
  async make(user: string, author: string, name: string): Promise<ApiKeyMade | undefined> {
    if (this.#rows.rows(apiKeys).length >= apiKeysMax) return undefined;
    const id = randomBytes(8).toString("hex");
    const key = `tandem_${id}_${randomBytes(32).toString("base64url")}`;
    const createdAt = this.#now();
    const row = { id, name, user, secretHash: sha256Hex(key), createdAt };
    written(await this.#rows.write([createRow(apiKeys, row)], author, `API key ${name} made`));
    return { id, name, createdAt: iso(createdAt), key };
  }

  /** The newest first. */
  list(): readonly ApiKey[] {
    return this.#rows
      .rows(apiKeys)
      .map(({ values }) => values)
      .sort((a, b) => b.createdAt - a.createdAt)
      .map(({ id, name, createdAt }) => {
        const lastUsedAt = this.#lastUsed(id);
        return {
          id,
          name,
          createdAt: iso(createdAt),
          lastUsedAt: lastUsedAt === null ? null : iso(lastUsedAt),
        };
      });
  }

  /** False when there is no such key. */
  async remove(id: string, author: string): Promise<boolean> {
    const key = this.#rows.row(apiKeys, id);
    if (key === undefined) return false;
    const edit = deleteRow(apiKeys, id);
    written(await this.#rows.write([edit], author, `API key ${key.values.name} removed`));
    this.#documents.set(`${usePrefix}${id}`, null);
    return true;
  }

  #lastUsed(id: string): WallMillis | null {
    return (this.#documents.get(`${usePrefix}${id}`) as WallMillis | undefined) ?? null;
  }
}
