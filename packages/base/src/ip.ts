import { err, type FieldError, ok, type Result } from "./result.ts";

/** IPv4 in dotted form to an unsigned 32-bit number; undefined when it is not exactly that. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith("0"))) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** The dotted form of an unsigned 32-bit number. */
export const formatIpv4 = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");

/** Four bytes in network order. */
export const ipv4Bytes = (text: string): Uint8Array | undefined => {
  const value = parseIpv4(text);
  return value === undefined
    ? undefined
    : Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
};

export type Cidr = { readonly address: number; readonly prefix: number };

const maskOf = (prefix: number): number => (prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0);

/** `a.b.c.d/n`, host bits allowed (an interface's address); undefined when malformed. */
export function parseInterfaceCidr(text: string): Cidr | undefined {
  const [addressText, prefixText, ...rest] = text.split("/");
  if (
    addressText === undefined ||
    prefixText === undefined ||
    rest.length > 0 ||
    !/^\d{1,2}$/.test(prefixText)
  )
    return undefined;
  const address = parseIpv4(addressText);
  const prefix = Number(prefixText);
  return address === undefined || prefix > 32 ? undefined : { address, prefix };
}

/** The network an interface's address lies in. */
export const networkOf = (cidr: Cidr): Cidr => ({
  address: (cidr.address & maskOf(cidr.prefix)) >>> 0,
  prefix: cidr.prefix,
});

export const formatCidr = (cidr: Cidr): string => `${formatIpv4(cidr.address)}/${cidr.prefix}`;

/** True when `inner` (a network or, with prefix 32, an address) lies within `outer`. */
export const contains = (outer: Cidr, inner: Cidr): boolean =>
  inner.prefix >= outer.prefix && (inner.address & maskOf(outer.prefix)) >>> 0 === networkOf(outer).address;

/** A network in CIDR notation without host bits; the error names the field, the value and what would be right. */
export function parseNetwork(field: string, text: string): Result<Cidr, FieldError> {
  const cidr = parseInterfaceCidr(text);
  if (!cidr)
    return err({
      code: "cidr-malformed",
      field,
      value: text,
      message: `${field} "${text}" is not an IPv4 network in CIDR notation`,
      remedy: "write it as address/prefix length, for example 10.0.0.0/24",
    });
  const network = networkOf(cidr);
  if (network.address !== cidr.address)
    return err({
      code: "cidr-host-bits",
      field,
      value: text,
      message: `${field} "${text}" has host bits set beyond its prefix length`,
      remedy: `did you mean ${formatCidr(network)}?`,
    });
  return ok(network);
}
