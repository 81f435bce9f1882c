/** The commands that keep certificates of services. */
import { ok, type Result } from "@tandem/base/result";
import { certificateUploadMaxBytes } from "@tandem/loadmaster-api/certificate-parameters";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { changeShared, type SharedEdit } from "../api/change-shared.ts";
import type { Handlers } from "../api/dispatch.ts";
import type { Author, Unit } from "../unit.ts";
import {
  certificateNamed,
  certificateText,
  certificateView,
  intermediatesNamed,
  withCertificate,
  withIntermediates,
  withoutCertificate,
  withoutIntermediates,
} from "./certificates.ts";
import { isPkcs12, pemOfPkcs12 } from "./pkcs12.ts";
import { readCertificate, readIntermediates } from "./upload.ts";

/** What existing scripts look for, word for word. */
const installed = "Certificate Successfully Installed";

type CertificateCommand =
  | "addcert"
  | "delcert"
  | "listcert"
  | "readcert"
  | "addintermediate"
  | "delintermediate"
  | "listintermediate"
  | "readintermediate";

export function certificateHandlers(unit: Unit): Pick<Handlers, CertificateCommand> {
  const change = async (
    caller: Author,
    edit: SharedEdit,
    message?: string,
  ): Promise<Result<object, Failure>> => {
    const made = await changeShared(unit, caller, edit);
    return made.ok ? ok({ message: message ?? `${caller.command} completed ok`, ...made.value }) : made;
  };
  return {
    async addcert({ cert, data, password, replace }, caller) {
      const file = Buffer.from(data, "base64");
      const isArchive = isPkcs12(file) && file.length <= certificateUploadMaxBytes;
      const pem = isArchive ? await pemOfPkcs12(file, password ?? "") : ok(file);
      if (!pem.ok) return pem;
      const read = readCertificate(pem.value, isArchive ? undefined : password, Date.now());
      if (!read.ok) return read;
      const { chain, key, warnings } = read.value;
      return change(
        caller,
        (shared) => withCertificate(shared, { name: cert, chain, key }, replace === true),
        [installed, ...warnings].join("; "),
      );
    },
    delcert: ({ cert }, caller) => change(caller, (shared) => withoutCertificate(shared, cert)),
    listcert: async () => ok({ cert: (unit.document.shared.certificates ?? []).flatMap(certificateView) }),
    async readcert({ cert, outform }) {
      const found = certificateNamed(unit.document.shared, cert);
      return found.ok ? ok({ certificate: certificateText(found.value, outform) }) : found;
    },
    async addintermediate({ cert, data }, caller) {
      const read = readIntermediates(Buffer.from(data, "base64"), Date.now());
      if (!read.ok) return read;
      const { chain, warnings } = read.value;
      return change(
        caller,
        (shared) => withIntermediates(shared, { name: cert, chain }),
        [installed, ...warnings].join("; "),
      );
    },
    delintermediate: ({ cert }, caller) => change(caller, (shared) => withoutIntermediates(shared, cert)),
    listintermediate: async () =>
      ok({ cert: (unit.document.shared.intermediates ?? []).flatMap(certificateView) }),
    async readintermediate({ cert, outform }) {
      const found = intermediatesNamed(unit.document.shared, cert);
      return found.ok ? ok({ certificate: certificateText(found.value, outform) }) : found;
    },
  };
}
