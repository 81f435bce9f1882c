/**
 * Hashes for the pure cores: functions of their input alone, so they may be used where I/O may not.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const sha256Hex = (data: string | Uint8Array): string =>
  createHash("sha256").update(data).digest("hex");

/** HMAC-SHA1 (RFC 2104), 20 bytes. */
export const hmacSha1 = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
  const mac = createHmac("sha1", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};

/** HMAC-SHA256 (RFC 2104) as 64 lower-case hexadecimal digits. */
export const hmacSha256Hex = (key: string | Uint8Array, data: string | Uint8Array): string =>
  createHmac("sha256", key).update(data).digest("hex");

/** HKDF-SHA256 (RFC 5869) without salt; `length` bytes. */
export const hkdfSha256 = (secret: string, info: string, length: number): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", secret, "", info, length));

/** Equality in constant time; false when the lengths differ. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);
