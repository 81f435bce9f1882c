/** A file that somebody says is a backup, read: nothing in it is believed before it was looked at. */
import { err, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { certificatesMax } from "@tandem/loadmaster-api/certificate-parameters";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { backupMaxBytes } from "@tandem/loadmaster-api/keeping-parameters";
import {
  digestOf,
  SharedContentSchema,
  type UnitContent,
  UnitContentSchema,
  UnitDocumentSchema,
} from "../state/document.ts";
import { backupFormat, partsOf, unitParts } from "./backup.ts";
import { sealedFormat, unsealed } from "./sealed-file.ts";

const nothingElse = { additionalProperties: false } as const;
const { certificates: stored, ...sharedProperties } = SharedContentSchema.properties;
const { name, chain, key } = stored.items.properties;

/** What stands in a backup: certificates may lack their private keys, secrets of the unit are not in it. */
const BackupSchema = Type.Object(
  {
    format: Type.Literal(backupFormat),
    leftOut: Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { maxItems: 1_000 })),
    shared: Type.Object(
      {
        ...sharedProperties,
        certificates: Type.Optional(
          Type.Array(Type.Object({ name, chain, key: Type.Optional(key) }, nothingElse), {
            maxItems: certificatesMax,
          }),
        ),
      },
      nothingElse,
    ),
    unit: Type.Object(partsOf(UnitContentSchema.properties, unitParts, "base", "stays"), nothingElse),
  },
  nothingElse,
);

export type BackupContent = {
  readonly shared: Static<typeof BackupSchema>["shared"];
  readonly unit: Partial<UnitContent>;
};

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** `password` is looked at only where the file is encrypted. */
export async function readBackup(
  file: Buffer,
  password: string | undefined,
): Promise<Result<BackupContent, Failure>> {
  const outer = objectIn(file);
  if (!outer.ok) return outer;
  if (outer.value.format !== sealedFormat) return contentOf(outer.value);
  const opened = await unsealed(outer.value, password);
  if (!opened.ok) return opened;
  const inner = objectIn(opened.value);
  return inner.ok ? contentOf(inner.value) : inner;
}

/** The one JSON object that a file is. */
export function objectIn(file: Buffer): Result<{ readonly [member: string]: unknown }, Failure> {
  if (file.length === 0) return refuse("data: it is empty; send the file that backup gave");
  if (file.length > backupMaxBytes)
    return refuse(`data: it has ${file.length} bytes; allowed are ${backupMaxBytes}`);
  const text = file.toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return ok(value as { readonly [member: string]: unknown });
  } catch {
    if (text.startsWith("{"))
      return refuse("data: the backup is not whole; look whether it was cut off on its way");
  }
  return refuse("data: it is no backup of a unit like this one; send the file that backup gave");
}

function contentOf(value: { readonly [member: string]: unknown }): Result<BackupContent, Failure> {
  if ("document" in value && "digest" in value) return keptDocument(value);
  const { format } = value;
  if (format !== backupFormat)
    return refuse(
      typeof format === "string" && format.startsWith("tandem-loadmaster-")
        ? `data: its format is ${JSON.stringify(format.slice(0, 60))}, and this unit reads ${backupFormat}; restore it on a unit of the version that made it`
        : "data: it is no backup of a unit like this one; send the file that backup gave",
    );
  const [fault] = schemaFaults(BackupSchema, value, { whole: "the backup", secret });
  if (fault !== undefined) return refuse(`data: ${fault.message}; ${strange}`);
  return ok(value as BackupContent);
}

const secret = new Set(["key", "passwordHash", "partnerKey", "carpPassword", "hash"]);
const strange = "it was made by another version, or changed since";

/** What a unit keeps of its own accord before another configuration takes the place of its own (SPEC CH13). */
function keptDocument(value: { readonly [member: string]: unknown }): Result<BackupContent, Failure> {
  const [fault] = schemaFaults(UnitDocumentSchema, value.document, { whole: "the document", secret });
  if (fault !== undefined) return refuse(`data: ${fault.message}; ${strange}`);
  const { shared, unit } = value.document as Static<typeof UnitDocumentSchema>;
  return value.digest === digestOf(shared)
    ? ok({ shared, unit: partsOf(unit, unitParts, "base", "stays") })
    : refuse("data: its digest does not match its content; it was changed since it was made");
}
