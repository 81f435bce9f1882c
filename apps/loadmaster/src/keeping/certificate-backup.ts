/** All certificates of services with their private keys, and the intermediates, as one encrypted file. */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { err, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { intermediatesNamed, withCertificate, withIntermediates } from "../certificates/certificates.ts";
import { readCertificate, readIntermediates } from "../certificates/upload.ts";
import { rootlessService } from "../services/client-tls.ts";
import { type SharedContent, SharedContentSchema } from "../state/document.ts";
import { objectIn } from "./read-backup.ts";
import { sealed, sealedFormat, unsealed } from "./sealed-file.ts";

const certificatesFormat = "tandem-loadmaster-certificates-1";
const { certificates, intermediates } = SharedContentSchema.properties;
const FileSchema = Type.Object(
  { format: Type.Literal(certificatesFormat), certificates, intermediates },
  { additionalProperties: false },
);
export type CertificateFile = Omit<Static<typeof FileSchema>, "format">;
export type CertificateKinds = "full" | "third" | "vs";

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });
const noCertificates =
  "data: it is no backup of certificates of a unit like this one; send the file that backupcert gave";

export function certificateBackupOf(shared: SharedContent, password: string): Promise<Buffer> {
  const { certificates: own, intermediates: above } = shared;
  const content = {
    format: certificatesFormat,
    ...(own === undefined ? {} : { certificates: own }),
    ...(above === undefined ? {} : { intermediates: above }),
  };
  return sealed(Buffer.from(canonicalJson(content as unknown as Json)), password);
}

export async function readCertificateBackup(
  file: Buffer,
  password: string,
): Promise<Result<CertificateFile, Failure>> {
  const outer = objectIn(file);
  if (!outer.ok) return outer;
  if (outer.value.format !== sealedFormat) return refuse(noCertificates);
  const opened = await unsealed(outer.value, password);
  if (!opened.ok) return opened;
  const inner = objectIn(opened.value);
  if (!inner.ok) return inner;
  if (inner.value.format !== certificatesFormat)
    return refuse("data: it is a backup of the whole configuration; use restore");
  const [fault] = schemaFaults(FileSchema, inner.value, { whole: "the file", secret: new Set(["key"]) });
  return fault === undefined
    ? ok(inner.value as CertificateFile)
    : refuse(`data: ${fault.message}; it was made by another version`);
}

/** The content with the file's certificates. Those that are not to be replaced stay, and are named. */
export function withCertificatesOf(
  shared: SharedContent,
  file: CertificateFile,
  kinds: CertificateKinds,
  replace: boolean,
): Result<{ readonly shared: SharedContent; readonly left: readonly string[] }, Failure> {
  const left: string[] = [];
  let next = shared;
  for (const each of kinds === "third" ? [] : (file.certificates ?? [])) {
    const isHere = next.certificates?.some(({ name }) => name === each.name) === true;
    if (isHere && !replace) {
      left.push(each.name);
      continue;
    }
    if (!readCertificate(Buffer.from(each.chain + each.key), undefined, Date.now()).ok)
      return refuse(`data: the certificate ${each.name} in it is not one with its key`);
    const made = withCertificate(next, each, isHere);
    if (!made.ok) return made;
    next = made.value;
  }
  for (const each of kinds === "vs" ? [] : (file.intermediates ?? [])) {
    const isHere = intermediatesNamed(next, each.name).ok;
    if (isHere && !replace) {
      left.push(each.name);
      continue;
    }
    if (!readIntermediates(Buffer.from(each.chain), Date.now()).ok)
      return refuse(`data: the intermediate certificate ${each.name} in it is none`);
    const made = withIntermediates(next, each, isHere);
    if (!made.ok) return made;
    next = made.value;
  }
  const rootless = rootlessService(next);
  return rootless === undefined
    ? ok({ shared: next, left })
    : refuse(
        `data: clients of virtual service ${rootless} need certificates, and with the intermediates of this file it would know no authority of theirs; restore with replace 0`,
      );
}
