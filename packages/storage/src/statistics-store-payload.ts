/** Many small integers in few bytes: seven bits in each, the lowest first, the top bit set while more follow. */
import { assert } from "@tandem/base/assert";

const base = 128;

/** Integers from 0 to 2^53 - 1. */
export function pack(values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (const value of values) {
    assert(Number.isSafeInteger(value) && value >= 0, `${value} is not a count`);
    let rest = value;
    while (rest >= base) {
      bytes.push((rest % base) + base);
      rest = Math.floor(rest / base);
    }
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

export function unpack(bytes: Uint8Array): number[] {
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte % base) * scale;
    if (byte < base) {
      values.push(value);
      value = 0;
      scale = 1;
    } else scale *= base;
  }
  return values;
}
