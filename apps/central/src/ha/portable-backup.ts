/**
 * A backup that another unit can read (SPEC ML5): the shared rows with their secrets, vector, clock and pair, under a
 * pass phrase. Not in it: identity, HA settings, own licence and licensing key, the ledger of what this unit has
 * licensed, users, what is not synchronised. Who wrote it and when can be read without the pass phrase.
 */
import { Readable } from "node:stream";
import { buffer as collected } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { createGunzip, createGzip } from "node:zlib";
import { assert } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { ListReader } from "@tandem/replica/list-reader";
import type { Loading, Replica } from "@tandem/replica/replica";
import type { Delta } from "@tandem/replica/version";
import { type DeltaHead, decodeDeltaHead, deltaText, ItemsDecoder, itemsPlace } from "@tandem/replica/wire";
import { isWhole, sealed, unsealed } from "@tandem/signed-documents/sealed-file";
import type { SavedState, Writer } from "./backup.ts";
import {
  faultOfFormat,
  faultOfLoading,
  noBackup,
  notWhole,
  passPhraseFault,
  portableFormat,
  unreadable,
} from "./backup-faults.ts";

/** Unpacked; only what was opened with its pass phrase is unpacked. */
const contentMaxBytes = 400 * 1024 * 1024;
/** Of it, looked at in one turn. */
const pieceBytes = 128 * 1024;

const Unit = Type.String({ pattern: "^[0-9a-f]{16}$" });
const nothingElse = { additionalProperties: false } as const;

const AboutSchema = Type.Object(
  {
    unit: Unit,
    name: Type.String({ maxLength: 253 }),
    at: Type.Integer({ minimum: 0 }),
    pairId: Type.Union([Type.Null(), Type.String({ pattern: "^[0-9a-f]{32}$" })]),
  },
  nothingElse,
);
/** Which unit wrote it, when, and the pair that it belonged to. */
export type About = Static<typeof AboutSchema>;

const SeenSchema = Type.Object({
  n: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  unit: Type.String({ pattern: "^([0-9a-f]{16})?$" }),
});
const ContentSchema = Type.Object(
  {
    seen: SeenSchema,
    delta: Type.Unknown(),
  },
  nothingElse,
);

/** `delta`: the whole state, from the empty vector. */
export async function portableBackup(
  writer: Writer,
  at: number,
  delta: Delta,
  passPhrase: string,
): Promise<Buffer> {
  const { unit, name, pairId, seen } = writer;
  const content = await collected(Readable.from(contentText(seen, delta)).pipe(createGzip()));
  return sealed(content, passPhrase, {
    format: portableFormat,
    about: { unit, name, at, pairId } satisfies About as Json,
  });
}

/** Its reader counts on the order of the members. */
function* contentText(seen: Writer["seen"], delta: Delta): Generator<string> {
  yield `{"seen":${JSON.stringify(seen)},"delta":`;
  yield* deltaText(delta);
  yield "}";
}

/** The one JSON object that a file is. */
export function objectIn(file: Buffer): Result<{ readonly [member: string]: unknown }, FieldError> {
  const text = file.toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return ok(value as { readonly [member: string]: unknown });
  } catch {
    if (text.startsWith("{")) return err(notWhole());
  }
  return err(noBackup());
}

/** Who wrote a portable backup. Errors: no such file, not whole, of a later version. */
export function aboutPortable(file: { readonly [member: string]: unknown }): Result<About, FieldError> {
  const fault = faultOfFormat(file.format);
  if (fault !== null) return err(fault);
  if (!isWhole(file)) return err(notWhole());
  const [first] = schemaFaults(AboutSchema, file.about, { whole: "about" });
  return first === undefined ? ok(file.about as About) : err(notWhole());
}

/**
 * Its content, which is whole and unchanged when the pass phrase opens it. `loading`: a replica that is being made of it.
 */
export async function openPortable(
  file: { readonly [member: string]: unknown },
  passPhrase: string | undefined,
  loading: Loading,
): Promise<Result<SavedState, FieldError>> {
  const about = aboutPortable(file);
  if (!about.ok) return about;
  const opened = await unsealed(file, passPhrase);
  if (!opened.ok) return err(opened.error === "not-whole" ? notWhole() : passPhraseFault(opened.error));
  const read = new ContentReading(loading);
  try {
    await read.all(opened.value);
  } catch (error) {
    return err(unreadable((error as Error).message));
  }
  if (!read.outcome.ok) return read.outcome;
  const { replica, seen } = read.outcome.value;
  const { unit, name, at, pairId } = about.value;
  return ok({ replica, at, writer: { unit, name, pairId, seen } });
}

type Content = { readonly replica: Replica; readonly seen: Static<typeof SeenSchema> };

class ContentReading {
  readonly #loading: Loading;
  #head: DeltaHead | undefined;
  #items: ItemsDecoder | undefined;
  /** The first reason is the right one. */
  outcome: Result<Content, FieldError> = err(unreadable("its content is not whole"));

  constructor(loading: Loading) {
    this.#loading = loading;
  }

  async all(packed: Buffer): Promise<void> {
    const reader = new ListReader(itemsPlace, {
      begin: (around) => this.#begin((around as { delta?: unknown }).delta),
      take: (items) => this.#take(items),
      end: (around) => this.#end(around),
    });
    const text = new TextDecoder();
    let bytes = 0;
    for await (const piece of Readable.from([packed]).pipe(createGunzip({ chunkSize: pieceBytes }))) {
      bytes += piece.length;
      if (bytes > contentMaxBytes) throw new Error(`it has more than ${contentMaxBytes} bytes`);
      if (!reader.push(text.decode(piece, { stream: true }))) return;
      await setImmediate();
    }
    reader.end();
  }

  #refuse(fault: FieldError): false {
    this.outcome = err(fault);
    return false;
  }

  #begin(delta: unknown): boolean {
    const head = decodeDeltaHead(delta);
    if (!head.ok) return this.#refuse(unreadable(`${head.error.path} ${head.error.message}`));
    this.#head = head.value;
    this.#items = new ItemsDecoder(head.value);
    return true;
  }

  #take(items: readonly unknown[]): boolean {
    assert(this.#items !== undefined, "items come after what stands before them");
    const versions = this.#items.decode(items);
    if (!versions.ok) return this.#refuse(unreadable(`${versions.error.path} ${versions.error.message}`));
    const taken = this.#loading.take(versions.value);
    return taken.ok || this.#refuse(faultOfLoading(taken.error));
  }

  #end(around: unknown): boolean {
    const [fault] = schemaFaults(ContentSchema, around, { whole: "the content" });
    if (fault !== undefined || this.#head === undefined)
      return this.#refuse(unreadable(fault?.message ?? "it has no beginning"));
    const { claim, clock } = this.#head;
    const loaded = this.#loading.end({ vector: claim, clock });
    if (!loaded.ok) return this.#refuse(faultOfLoading(loaded.error));
    this.outcome = ok({ replica: loaded.value, seen: (around as Static<typeof ContentSchema>).seen });
    return true;
  }
}
