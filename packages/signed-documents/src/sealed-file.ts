/**
 * A file under a pass phrase: AES-256-GCM with a key by scrypt (RFC 7914), so that it can neither be read nor changed
 * without it. One JSON object; what stands in it beside the content is authenticated along with it.
 */
import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from "node:crypto";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { err, ok, type Result } from "@tandem/base/result";

/** About a tenth of a second and 32 MiB for each try. A file that asks for another effort is not ours. */
const effort = { N: 2 ** 15, r: 8, p: 1 } as const;
const scryptMaxBytes = 64 * 1024 * 1024;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;

/** `not-whole`: cut off or changed in its form. `not-opened`: another pass phrase, or changed in its content. */
export type SealFault = "pass-phrase-missing" | "not-whole" | "not-opened";

/** What kind of file it is, and what may be read of it without the pass phrase. */
export type SealedHead = { readonly format: string; readonly about?: Json };

const headOf = ({ format, about }: SealedHead, salt: Buffer, nonce: Buffer) => ({
  format,
  ...(about === undefined ? {} : { about }),
  key: { kind: "scrypt", ...effort, salt: salt.toString("base64") },
  cipher: { kind: "aes-256-gcm", nonce: nonce.toString("base64") },
});

const authenticated = (head: SealedHead, salt: Buffer, nonce: Buffer): Buffer =>
  Buffer.from(canonicalJson(headOf(head, salt, nonce)));

const keyOf = (passPhrase: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options: ScryptOptions = { ...effort, maxmem: scryptMaxBytes };
    scrypt(passPhrase.normalize("NFC"), salt, 32, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });

export async function sealed(content: Buffer, passPhrase: string, head: SealedHead): Promise<Buffer> {
  const [salt, nonce] = [randomBytes(saltBytes), randomBytes(nonceBytes)];
  const cipher = createCipheriv("aes-256-gcm", await keyOf(passPhrase, salt), nonce);
  cipher.setAAD(authenticated(head, salt, nonce));
  const data = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(
    `${canonicalJson({ ...headOf(head, salt, nonce), data: data.toString("base64") } as Json)}\n`,
  );
}

/** The content of what {@link sealed} made, from its JSON. */
export async function unsealed(
  file: { readonly [member: string]: unknown },
  passPhrase: string | undefined,
): Promise<Result<Buffer, SealFault>> {
  const parts = partsOf(file);
  if (passPhrase === undefined) return err("pass-phrase-missing");
  if (parts === undefined) return err("not-whole");
  const { head, salt, nonce, data } = parts;
  const decipher = createDecipheriv("aes-256-gcm", await keyOf(passPhrase, salt), nonce);
  decipher.setAAD(authenticated(head, salt, nonce));
  decipher.setAuthTag(data.subarray(-tagBytes));
  try {
    return ok(Buffer.concat([decipher.update(data.subarray(0, -tagBytes)), decipher.final()]));
  } catch {
    return err("not-opened");
  }
}

/** Whether a file has every part that {@link sealed} gives it; what is in them shows only with the pass phrase. */
export const isWhole = (file: { readonly [member: string]: unknown }): boolean => partsOf(file) !== undefined;

function partsOf(file: { readonly [member: string]: unknown }) {
  const salt = bytesIn(file.key, "salt");
  const nonce = bytesIn(file.cipher, "nonce");
  const data = bytesIn(file, "data");
  if (
    typeof file.format !== "string" ||
    salt?.length !== saltBytes ||
    nonce?.length !== nonceBytes ||
    data === undefined ||
    data.length < tagBytes
  )
    return undefined;
  const head: SealedHead = {
    format: file.format,
    ...(file.about === undefined ? {} : { about: file.about as Json }),
  };
  return { head, salt, nonce, data };
}

function bytesIn(value: unknown, member: string): Buffer | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const text = (value as Record<string, unknown>)[member];
  return typeof text === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
    ? Buffer.from(text, "base64")
    : undefined;
}
