/**
 * The HA key: the text an operator copies from one unit to the other (CH14). It is public; it says which
 * public key to expect, and nothing secret. `TANDEM1-`, then 36 bytes in Crockford's base 32 (no I, L, O, U:
 * it can be read aloud): the fingerprint and four bytes of checksum, which tell a mistyped key from a wrong one.
 */
import { sha256Hex } from "@tandem/base/digest";
import { type Fingerprint, type UnitId, unitIdOf } from "@tandem/base/ids";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";

const keyPrefix = "TANDEM";
const keyVersion = "1";
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const fingerprintBytes = 32;
const checksumBytes = 4;
const keyDigits = Math.ceil(((fingerprintBytes + checksumBytes) * 8) / 5);
const groupDigits = 6;
const keyTextMaxChars = 400;

export type HaKey = { readonly fingerprint: Fingerprint; readonly unit: UnitId };

const checksumOf = (fingerprint: Fingerprint): string =>
  sha256Hex(`tandem ha key ${keyVersion} ${fingerprint}`).slice(0, 2 * checksumBytes);

/** The text for a unit's fingerprint. */
export function formatHaKey(fingerprint: Fingerprint): string {
  let value =
    BigInt(`0x${fingerprint}${checksumOf(fingerprint)}`) <<
    BigInt(keyDigits * 5 - 8 * (fingerprintBytes + checksumBytes));
  let digits = "";
  for (let digit = 0; digit < keyDigits; digit += 1) {
    digits = alphabet[Number(value & 31n)] + digits;
    value >>= 5n;
  }
  const groups = digits.match(new RegExp(`.{1,${groupDigits}}`, "g")) as string[];
  return `${keyPrefix}${keyVersion}-${groups.join("-")}`;
}

/**
 * Reads what an operator pasted: case, spaces, line breaks and hyphens do not matter. Errors, in `field`:
 * `ha-key-missing`, `ha-key-format` (not an HA key at all), `ha-key-version`, `ha-key-mistyped`.
 */
export function parseHaKey(field: string, text: string): Result<HaKey, FieldError> {
  const failure = (code: string, message: string, remedy: string): Result<never, FieldError> =>
    err({ code, field, value: text.slice(0, keyTextMaxChars), message, remedy });
  const copyAgain = 'copy "HA Key for this Peer" on the other unit, whole, and paste it here';
  const compact = text.slice(0, keyTextMaxChars).toUpperCase().replace(/[\s-]/g, "");
  if (compact === "") return failure("ha-key-missing", "the HA key of the other peer is missing", copyAgain);
  const match = new RegExp(`^${keyPrefix}(.)(.*)$`).exec(compact);
  if (match === null)
    return failure(
      "ha-key-format",
      `an HA key begins with ${keyPrefix}${keyVersion}-, this text does not`,
      copyAgain,
    );
  if (match[1] !== keyVersion)
    return failure(
      "ha-key-version",
      `this HA key has format ${match[1]}, and this unit knows format ${keyVersion}`,
      "install the same version on both units",
    );
  const digits = (match[2] as string).replaceAll("O", "0").replace(/[IL]/g, "1");
  if (digits.length !== keyDigits)
    return failure(
      "ha-key-mistyped",
      `this HA key has ${digits.length} characters after ${keyPrefix}${keyVersion}, and should have ${keyDigits}`,
      copyAgain,
    );
  let value = 0n;
  for (const digit of digits) {
    const index = alphabet.indexOf(digit);
    if (index < 0)
      return failure("ha-key-mistyped", `the character "${digit}" does not occur in HA keys`, copyAgain);
    value = (value << 5n) | BigInt(index);
  }
  const spareBits = BigInt(keyDigits * 5 - 8 * (fingerprintBytes + checksumBytes));
  const hex = (value >> spareBits).toString(16).padStart(2 * (fingerprintBytes + checksumBytes), "0");
  const fingerprint = hex.slice(0, 2 * fingerprintBytes);
  const spare = value & ((1n << spareBits) - 1n);
  if (spare !== 0n || hex.slice(2 * fingerprintBytes) !== checksumOf(fingerprint))
    return failure(
      "ha-key-mistyped",
      "this HA key has been mistyped or cut short: its checksum does not match",
      copyAgain,
    );
  return ok({ fingerprint, unit: unitIdOf(fingerprint) });
}
