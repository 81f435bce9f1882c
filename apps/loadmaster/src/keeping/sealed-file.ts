/** Backups of a unit under a pass phrase, with the API's words for what does not open. */
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import * as file from "@tandem/signed-documents/sealed-file";

export const sealedFormat = "tandem-loadmaster-sealed-1";

const faults: { readonly [fault in file.SealFault]: string } = {
  "pass-phrase-missing": "password: the file is encrypted; give the pass phrase that it was made with",
  "not-whole": "data: the encrypted file is not whole; look whether it was cut off on its way",
  "not-opened":
    "password: it does not open the file; give the pass phrase that it was made with, or look whether the file was changed on its way",
};

export const sealed = (content: Buffer, passPhrase: string): Promise<Buffer> =>
  file.sealed(content, passPhrase, { format: sealedFormat });

/** The content of what {@link sealed} made, from its JSON. */
export async function unsealed(
  content: { readonly [member: string]: unknown },
  passPhrase: string | undefined,
): Promise<Result<Buffer, Failure>> {
  const opened = await file.unsealed(content, passPhrase);
  return opened.ok ? ok(opened.value) : err({ code: 422, message: faults[opened.error] });
}
