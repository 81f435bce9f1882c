/** What the routes of the repository, of profiles and of target environments do. */
import type { Readable } from "node:stream";
import type { FieldError } from "@tandem/base/result";
import type { World } from "@tandem/base/world";
import type {
  EntryRemoved,
  RepositoryFile,
  RepositoryFileChange,
  RepositoryFileNew,
  RepositoryFileWritten,
} from "@tandem/central-api/repository";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import type { Columns, Table } from "@tandem/replica/schema";
import { type FileStore, fileMaxBytes, fileTooLarge, putStream } from "@tandem/storage/file-store";
import { streamOf } from "../files/file-stream.ts";
import { Refusal, type RefusalStatus, written } from "../refusal.ts";
import type { OptionalRows } from "../synchronisation/optional-rows.ts";
import { repositoryFiles } from "./tables.ts";

export type RepositoryParts = {
  readonly world: World;
  readonly rows: OptionalRows;
  readonly store: FileStore;
};

/** Of each of the three. */
export const entriesMax = 5_000;

type FileRow = RowView<(typeof repositoryFiles)["columns"]>;

export const newId = (world: World): string => world.randomHex(8);

/** The row, or throws the refusal that says that there is none. */
export function knownEntry<C extends Columns>(
  rows: OptionalRows,
  table: Table<C>,
  noun: string,
  id: string,
): RowView<C> {
  const row = rows.row(table, id);
  if (row) return row;
  throw new Refusal(404, {
    code: "entry-unknown",
    field: "id",
    value: id,
    message: `there is no ${noun} "${id}"`,
    remedy: "read the list; it may have been removed",
  });
}

export function refuseMoreThanMax<C extends Columns>(
  rows: OptionalRows,
  table: Table<C>,
  noun: string,
): void {
  if (rows.rows(table).length < entriesMax) return;
  throw new Refusal(409, {
    code: "too-many-entries",
    field: "name",
    message: `there are ${entriesMax} ${noun}s already`,
    remedy: "remove one that is not needed",
  });
}

export async function removeEntry<C extends Columns>(
  rows: OptionalRows,
  table: Table<C>,
  noun: string,
  id: string,
  tag: string | undefined,
  author: string,
): Promise<EntryRemoved> {
  knownEntry(rows, table, noun, id);
  const acknowledged = written(
    await rows.write([deleteRow(table, id, tag)], author, `${noun} ${id} removed`),
  );
  return { id, acknowledged };
}

const noun = "repository entry";

const shown = (store: FileStore, { values, tag }: FileRow): RepositoryFile => {
  const { id, name, kind, description, digest, size, author, at } = values;
  const here = digest !== null && store.has(digest);
  return { id, name, kind, description, digest, size, here, author, at: new Date(at).toISOString(), tag };
};

export const listRepositoryFiles = ({ rows, store }: RepositoryParts): readonly RepositoryFile[] =>
  rows.rows(repositoryFiles).map((row) => shown(store, row));

const writtenFile = async (
  { rows, store }: RepositoryParts,
  id: string,
  writing: ReturnType<OptionalRows["write"]>,
): Promise<RepositoryFileWritten> => {
  const acknowledged = written(await writing);
  return { ...shown(store, knownEntry(rows, repositoryFiles, noun, id)), acknowledged };
};

export async function addRepositoryFile(
  parts: RepositoryParts,
  wanted: RepositoryFileNew,
  author: string,
): Promise<RepositoryFileWritten> {
  const { rows, world } = parts;
  refuseMoreThanMax(rows, repositoryFiles, noun);
  const id = newId(world);
  const edit = createRow(repositoryFiles, { ...wanted, id, author, at: world.wall() });
  return writtenFile(parts, id, rows.write([edit], author, `${noun} ${wanted.name} added`));
}

export async function changeRepositoryFile(
  parts: RepositoryParts,
  id: string,
  change: RepositoryFileChange,
  tag: string | undefined,
  author: string,
): Promise<RepositoryFileWritten> {
  knownEntry(parts.rows, repositoryFiles, noun, id);
  const edit = updateRow(repositoryFiles, id, change, tag);
  return writtenFile(parts, id, parts.rows.write([edit], author, `${noun} ${id} changed`));
}

const statusOf: { readonly [code: string]: RefusalStatus } = {
  "file-too-large": 413,
  "too-many-uploads": 503,
  "disk-full": 507,
  "disk-failed": 507,
};
const refuseFile = (error: FieldError): Refusal => new Refusal(statusOf[error.code] ?? 400, error);

/** The file is on this unit's disk before its row names it. */
export async function uploadRepositoryFile(
  parts: RepositoryParts,
  id: string,
  content: { readonly stream: Readable; readonly declaredBytes: number | undefined },
  tag: string | undefined,
  author: string,
): Promise<RepositoryFileWritten> {
  const { rows, store, world } = parts;
  const { name } = knownEntry(rows, repositoryFiles, noun, id).values;
  if ((content.declaredBytes ?? 0) > fileMaxBytes) throw refuseFile(fileTooLarge());
  const stored = await putStream(store, content.stream).catch((error: Error) => {
    throw new Refusal(400, {
      code: "upload-broken",
      field: "content",
      message: `the file did not arrive whole (${error.message})`,
      remedy: "upload it again",
    });
  });
  if (!stored.ok) throw refuseFile(stored.error);
  const edit = updateRow(repositoryFiles, id, { ...stored.value, author, at: world.wall() }, tag);
  return writtenFile(parts, id, rows.write([edit], author, `content of ${noun} ${name} stored`));
}

export function downloadRepositoryFile(
  { rows, store }: RepositoryParts,
  id: string,
): { readonly stream: Readable; readonly size: number; readonly digest: string } {
  const { name, digest } = knownEntry(rows, repositoryFiles, noun, id).values;
  if (digest === null)
    throw new Refusal(404, {
      code: "content-missing",
      field: "content",
      message: `"${name}" has no content yet`,
      remedy: "upload its content",
    });
  const size = store.size(digest);
  if (size === undefined)
    throw new Refusal(404, {
      code: "content-elsewhere",
      field: "content",
      message: `the content of "${name}" is not on this unit`,
      remedy:
        "download it from the other unit; it comes here by itself while the switch of the repository is on and the units are connected",
    });
  return { stream: streamOf(store, digest, size), size, digest };
}
