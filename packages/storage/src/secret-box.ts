/**
 * Secret values at rest: AES-256-GCM under a key that each unit makes for itself and keeps in a file of mode
 * 0600, outside the database and its backups. Each sealed text is bound to the place it was sealed for.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** The key does not open what was sealed: another unit's file, or changed bytes. */
export class SecretUnreadable extends Error {
  override name = "SecretUnreadable";
}

export class SecretBox {
  readonly #key: KeyObject;

  constructor(key: Uint8Array) {
    // Made once: a fleet's start opens ten thousand secrets.
    this.#key = createSecretKey(key);
  }

  /** Base64 of nonce, ciphertext and tag. `place` is authenticated and not stored: opening needs the same. */
  seal(place: string, plain: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(Buffer.from(place, "utf8"));
    const sealed = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return sealed.toString("base64");
  }

  /** Throws {@link SecretUnreadable}. */
  open(place: string, sealed: string): string {
    const bytes = Buffer.from(sealed, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, nonceBytes));
      decipher.setAAD(Buffer.from(place, "utf8"));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      return Buffer.concat([
        decipher.update(bytes.subarray(nonceBytes, -tagBytes)),
        decipher.final(),
      ]).toString("utf8");
    } catch {
      throw new SecretUnreadable(`a secret kept for ${place} does not open with this unit's key`);
    }
  }
}

/** The box whose key is kept at `path`; the key is made there when absent. */
export function openSecretBox(path: string): SecretBox {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    return new SecretBox(readKey(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  // Written whole and flushed beside it, then linked: a crash never leaves half a key under the name.
  const beside = `${path}.${randomBytes(6).toString("hex")}.new`;
  const file = openSync(beside, "wx", 0o600);
  writeSync(file, randomBytes(keyBytes));
  fsyncSync(file);
  closeSync(file);
  linkSync(beside, path);
  rmSync(beside);
  const directory = openSync(dirname(path), "r");
  fsyncSync(directory);
  closeSync(directory);
  return new SecretBox(readKey(path));
}

function readKey(path: string): Uint8Array {
  const key = readFileSync(path);
  if (key.length !== keyBytes)
    throw new SecretUnreadable(
      `${path} holds ${key.length} bytes and should hold ${keyBytes}; restore it from a copy`,
    );
  return key;
}
