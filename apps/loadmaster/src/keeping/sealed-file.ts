/**
 * A file under a pass phrase: AES-256-GCM with a key by scrypt (RFC 7914), so that it can neither be read nor changed
 * without it. One JSON object; what stands in it beside the content is authenticated along with it.
 */
import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from "node:crypto";
import { canonicalJson } from "@tandem/base/canonical-json";
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";

export const sealedFormat = "tandem-loadmaster-sealed-1";

/** About a tenth of a second and 32 MiB for each try. A file that asks for another effort is not ours. */
const effort = { N: 2 ** 15, r: 8, p: 1 } as const;
const scryptMaxBytes = 64 * 1024 * 1024;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;

const headOf = (salt: Buffer, nonce: Buffer) => ({
  format: sealedFormat,
  key: { kind: "scrypt", ...effort, salt: salt.toString("base64") },
  cipher: { kind: "aes-256-gcm", nonce: nonce.toString("base64") },
});

const authenticated = (salt: Buffer, nonce: Buffer): Buffer =>
  Buffer.from(canonicalJson(headOf(salt, nonce)));

const keyOf = (passPhrase: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options: ScryptOptions = { ...effort, maxmem: scryptMaxBytes };
    scrypt(passPhrase.normalize("NFC"), salt, 32, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });

export async function sealed(content: Buffer, passPhrase: string): Promise<Buffer> {
  const [salt, nonce] = [randomBytes(saltBytes), randomBytes(nonceBytes)];
  const cipher = createCipheriv("aes-256-gcm", await keyOf(passPhrase, salt), nonce);
  cipher.setAAD(authenticated(salt, nonce));
  const data = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(`${canonicalJson({ ...headOf(salt, nonce), data: data.toString("base64") })}\n`);
}

/** The content of what {@link sealed} made, from its JSON. */
export async function unsealed(
  file: { readonly [member: string]: unknown },
  passPhrase: string | undefined,
): Promise<Result<Buffer, Failure>> {
  if (passPhrase === undefined)
    return refuse("password: the file is encrypted; give the pass phrase that it was made with");
  const salt = bytesIn(file.key, "salt");
  const nonce = bytesIn(file.cipher, "nonce");
  const data = bytesIn(file, "data");
  if (
    salt?.length !== saltBytes ||
    nonce?.length !== nonceBytes ||
    data === undefined ||
    data.length < tagBytes
  )
    return refuse("data: the encrypted file is not whole; look whether it was cut off on its way");
  const decipher = createDecipheriv("aes-256-gcm", await keyOf(passPhrase, salt), nonce);
  decipher.setAAD(authenticated(salt, nonce));
  decipher.setAuthTag(data.subarray(-tagBytes));
  try {
    return ok(Buffer.concat([decipher.update(data.subarray(0, -tagBytes)), decipher.final()]));
  } catch {
    return refuse(
      "password: it does not open the file; give the pass phrase that it was made with, or look whether the file was changed on its way",
    );
  }
}

function bytesIn(value: unknown, member: string): Buffer | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const text = (value as Record<string, unknown>)[member];
  return typeof text === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
    ? Buffer.from(text, "base64")
    : undefined;
}

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });
