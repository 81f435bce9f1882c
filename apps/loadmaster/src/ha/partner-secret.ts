/**
 * What is made from the partner secret. The secret may be short, and whoever listens to CARP or answers in the partner's
 * place could try secrets against what he sees; scrypt makes each try cost 32 MiB and tens of milliseconds.
 */
import { scrypt } from "node:crypto";
import { promisify } from "node:util";
import { hkdfSha256 } from "@tandem/base/digest";

const stretch = promisify<string, string, number, object, Buffer>(scrypt);

/** 64 hexadecimal digits, the same on both units that were given the same secret. */
export async function partnerKeyOf(secret: string): Promise<string> {
  const key = await stretch(secret.normalize("NFC"), "tandem partner secret", 32, {
    N: 32_768,
    r: 8,
    p: 1,
    maxmem: 64 * 1024 * 1024,
  });
  return key.toString("hex");
}

const passwordChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const carpPasswordChars = 19;

/** The CARP password of a pair of ours: 19 printable characters by HKDF (114 bits). */
export const carpPasswordOf = (partnerKey: string): string =>
  [...hkdfSha256(partnerKey, "tandem carp password", carpPasswordChars)]
    .map((byte) => passwordChars[byte & 63])
    .join("");

/** The key by which the two ends of a partner link prove themselves. */
export const linkKeyOf = (partnerKey: string): Uint8Array =>
  hkdfSha256(partnerKey, "tandem partner link", 32);
