/**
 * A backup that another unit can read (SPEC ML5): the shared rows with their secrets, vector, clock and pair, under a
 * pass phrase. Not in it: identity, HA settings, own licence and licensing key, the ledger of what this unit has
 * licensed, users, what is not synchronised. Who wrote it and when can be read without the pass phrase.
 */
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Json } from "@tandem/base/canonical-json";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import type { Delta } from "@tandem/replica/version";
import { decodeDelta, deltaText } from "@tandem/replica/wire";
import { isWhole, sealed, unsealed } from "@tandem/signed-documents/sealed-file";
import { backupFormat, type SavedState, type Writer } from "./backup.ts";

const formatOf = (version: number): string => `tandem-central-portable-${version}`;
const formatVersion = 1;

export const portableMaxBytes = 256 * 1024 * 1024;
/** Unpacked; only what was opened with its pass phrase is unpacked. */
const contentMaxBytes = 400 * 1024 * 1024;

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

const ContentSchema = Type.Object(
  {
    seen: Type.Object({
      n: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      unit: Type.String({ pattern: "^([0-9a-f]{16})?$" }),
    }),
    delta: Type.Unknown(),
  },
  nothingElse,
);

const zipped = promisify(gzip);
const unzipped = promisify(gunzip);

/** `delta`: the whole state, from the empty vector. */
export async function portableBackup(
  writer: Writer,
  at: number,
  delta: Delta,
  passPhrase: string,
): Promise<Buffer> {
  const { unit, name, pairId, seen } = writer;
  const pieces = [`{"seen":${JSON.stringify(seen)},"delta":`, ...deltaText(delta), "}"];
  const content = await zipped(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
  return sealed(content, passPhrase, {
    format: formatOf(formatVersion),
    about: { unit, name, at, pairId } satisfies About as Json,
  });
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

/** Its content, which is whole and unchanged when the pass phrase opens it. */
export async function openPortable(
  file: { readonly [member: string]: unknown },
  passPhrase: string | undefined,
): Promise<Result<SavedState, FieldError>> {
  const about = aboutPortable(file);
  if (!about.ok) return about;
  const opened = await unsealed(file, passPhrase);
  if (!opened.ok) return err(opened.error === "not-whole" ? notWhole() : passPhraseFault(opened.error));
  let content: unknown;
  try {
    content = JSON.parse((await unzipped(opened.value, { maxOutputLength: contentMaxBytes })).toString());
  } catch (error) {
    return err(unreadable((error as Error).message));
  }
  const [fault] = schemaFaults(ContentSchema, content, { whole: "the content" });
  if (fault !== undefined) return err(unreadable(fault.message));
  const { seen, delta } = content as Static<typeof ContentSchema>;
  const decoded = decodeDelta(delta);
  if (!decoded.ok) return err(unreadable(`${decoded.error.path} ${decoded.error.message}`));
  const { items, claim, clock } = decoded.value;
  const { unit, name, at, pairId } = about.value;
  return ok({
    stored: { versions: items, vector: claim, clock },
    at,
    writer: { unit, name, pairId, seen },
  });
}

const field = "backup";

function faultOfFormat(format: unknown): FieldError | null {
  if (format === formatOf(formatVersion)) return null;
  if (format === backupFormat)
    return {
      code: "backup-not-portable",
      field,
      message: "this is a backup as a unit keeps it for itself: its secrets open on that unit alone",
      remedy: "download it from the unit that wrote it, which seals it under a pass phrase",
    };
  const later = /^tandem-central-portable-(\d{1,6})$/.exec(String(format));
  return later === null ? noBackup() : laterVersion(`format ${later[1]}`);
}

export const laterVersion = (what: string): FieldError => ({
  code: "backup-of-later-version",
  field,
  message: `the backup was written by a later version of Central (${what})`,
  remedy: "upgrade this unit to that version first",
});

const notWhole = (): FieldError => ({
  code: "backup-not-whole",
  field,
  message: "the backup is not whole",
  remedy: "look whether the file was cut off on its way, and send it again",
});

const noBackup = (): FieldError => ({
  code: "not-a-backup",
  field,
  message: "the file is no backup of a Central",
  remedy: "send the file that downloading a backup gave",
});

const unreadable = (why: string): FieldError => ({
  code: "backup-unreadable",
  field,
  message: `the backup cannot be read: ${why}`,
  remedy: "download it anew from the unit that wrote it",
});

const passPhraseFault = (fault: "pass-phrase-missing" | "not-opened"): FieldError => ({
  code: fault === "not-opened" ? "pass-phrase-wrong" : fault,
  field: "passPhrase",
  message:
    fault === "not-opened" ? "the pass phrase does not open the backup" : "the backup is under a pass phrase",
  remedy: "give the pass phrase that it was downloaded with; if it is right, the file was changed on its way",
});
