/** Passwords as they are kept: argon2id (RFC 9106) in the PHC string format. */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** OWASP's second recommended setting: about 30 ms and 19 MiB for one try. */
const memoryKiB = 19_456;
const passes = 2;
const parallelism = 1;
const saltBytes = 16;
const tagBytes = 32;
/** Each try holds {@link memoryKiB}; those beyond wait, and beyond {@link waitingMax} are turned away. */
const concurrentMax = 2;
const waitingMax = 32;

const derive = promisify(argon2) as (algorithm: "argon2id", parameters: Argon2Parameters) => Promise<Buffer>;

let running = 0;
const waiting: (() => void)[] = [];

/** Too many sign-ins at the same time. */
export class TooManySignIns extends Error {
  override name = "TooManySignIns";
}

async function tag(
  password: string,
  salt: Uint8Array,
  cost: { m: number; t: number; p: number },
): Promise<Buffer> {
  if (running >= concurrentMax) {
    if (waiting.length >= waitingMax) throw new TooManySignIns("too many sign-ins at the same time");
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running += 1;
  try {
    return await derive("argon2id", {
      message: Buffer.from(password.normalize("NFC"), "utf8"),
      nonce: salt,
      memory: cost.m,
      passes: cost.t,
      parallelism: cost.p,
      tagLength: tagBytes,
    });
  } finally {
    // The place is handed on, so that `running` never exceeds its bound.
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

/** `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. Throws {@link TooManySignIns}. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const derived = await tag(password, salt, { m: memoryKiB, t: passes, p: parallelism });
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(derived)}`;
}

/** Whether `hash` was made of this password. Throws {@link TooManySignIns}. */
export async function isPassword(hash: string, password: string): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(hash);
  if (!match) return false;
  const [, m, t, p, salt, expected] = match;
  const wanted = Buffer.from(expected ?? "", "base64");
  const derived = await tag(password, Buffer.from(salt ?? "", "base64"), {
    m: Number(m),
    t: Number(t),
    p: Number(p),
  });
  return derived.length === wanted.length && timingSafeEqual(derived, wanted);
}

/** 100 bits in Crockford's base 32, in groups that can be read aloud. */
export function generatePassword(): string {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  const text = [...randomBytes(20)].map((byte) => alphabet[byte & 31]).join("");
  return (text.match(/.{5}/g) as string[]).join("-");
}
