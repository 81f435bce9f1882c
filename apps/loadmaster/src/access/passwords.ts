/** Passwords as argon2id (RFC 9106), in the PHC string format; the parameters travel with the hash, so they may grow. */
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(argon2);

/** OWASP's smallest recommendation: 19 MiB, two passes. */
const memoryKib = 19_456;
const passes = 2;
const parallelism = 1;
const tagBytes = 32;
const nonceBytes = 16;

export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(nonceBytes);
  const tag = await derive("argon2id", {
    message: password,
    nonce,
    parallelism,
    tagLength: tagBytes,
    memory: memoryKib,
    passes,
  });
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(tag)}`;
}

/** False as well for a hash that is not one of ours. */
export async function passwordMatches(password: string, hash: string): Promise<boolean> {
  const match =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash);
  if (match === null) return false;
  const [, memory = "", time = "", lanes = "", nonce = "", tag = ""] = match;
  const expected = Buffer.from(tag, "base64");
  const actual = await derive("argon2id", {
    message: password,
    nonce: Buffer.from(nonce, "base64"),
    parallelism: Number(lanes),
    tagLength: expected.length,
    memory: Number(memory),
    passes: Number(time),
  });
  return timingSafeEqual(expected, actual);
}

/** 96 bits, in a form that is copied without mistakes. */
export function newPassword(): string {
  const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  let text = "";
  while (text.length < 20)
    for (const byte of randomBytes(32))
      if (byte < 248 && text.length < 20) text += alphabet[byte % alphabet.length];
  return text;
}

const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
