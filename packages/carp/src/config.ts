/** What is a valid configuration, said field by field. */
import { ipv4Bytes } from "@tandem/base/ip";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { addressBytes } from "./address.ts";
import {
  advbaseMaxSeconds,
  advskewMax,
  hashedAddressesMax,
  passwordMaxBytes,
  vhidMax,
  vhidMin,
} from "./constants.ts";
import type { CarpConfig } from "./state.ts";

const isIntegerWithin = (value: number, least: number, greatest: number): boolean =>
  Number.isInteger(value) && value >= least && value <= greatest;

function validateIdentity(config: CarpConfig): FieldError[] {
  const errors: FieldError[] = [];
  if (!isIntegerWithin(config.vhid, vhidMin, vhidMax))
    errors.push({
      code: "carp-vhid",
      field: "vhid",
      value: config.vhid,
      message: `HA virtual ID ${config.vhid} is not a whole number from ${vhidMin} to ${vhidMax}`,
      remedy: "choose a number that no other CARP or VRRP group on this network uses",
    });
  const passwordBytes = new TextEncoder().encode(config.password).length;
  if (passwordBytes === 0 || passwordBytes > passwordMaxBytes || config.password.includes("\0"))
    errors.push({
      code: "carp-password",
      field: "password",
      message: `the CARP password has ${passwordBytes} bytes, or a NUL among them`,
      remedy: `use 1 to ${passwordMaxBytes} bytes without NUL, the same on both units`,
    });
  if (!ipv4Bytes(config.ownAddress))
    errors.push({
      code: "carp-own-address",
      field: "ownAddress",
      value: config.ownAddress,
      message: `"${config.ownAddress}" is not an IPv4 address`,
      remedy: "give this unit's own address on the HA interface, without prefix length",
    });
  return errors;
}

function validateTiming(config: CarpConfig): FieldError[] {
  const errors: FieldError[] = [];
  if (!isIntegerWithin(config.advbase, 0, advbaseMaxSeconds))
    errors.push({
      code: "carp-advbase",
      field: "advbase",
      value: config.advbase,
      message: `advertisement interval ${config.advbase} is not a whole number of seconds from 0 to ${advbaseMaxSeconds}`,
      remedy: "use a third of the HA timeout: 1 to 5 seconds",
    });
  if (config.advbase === 0 && !config.trustDemotion)
    errors.push({
      code: "carp-fast-foreign",
      field: "advbase",
      value: config.advbase,
      message:
        "fast mode (an interval below one second) is for two units of ours: another program gives up too early",
      remedy: "use 1 to 5 seconds, or pair with a unit of ours by the partner secret",
    });
  if (!isIntegerWithin(config.advskew, 0, advskewMax))
    errors.push({
      code: "carp-advskew",
      field: "advskew",
      value: config.advskew,
      message: `advskew ${config.advskew} is not a whole number from 0 to ${advskewMax}`,
      remedy: "use 0 on the unit that should win the election and 1 on the other",
    });
  return errors;
}

function validateHashedAddresses(config: CarpConfig): FieldError[] {
  const field = "hashedAddresses";
  const errors: FieldError[] = [];
  if (config.hashedAddresses.length === 0 || config.hashedAddresses.length > hashedAddressesMax)
    errors.push({
      code: "carp-addresses-count",
      field,
      value: config.hashedAddresses.length,
      message: `${config.hashedAddresses.length} shared addresses, where there must be 1 to ${hashedAddressesMax}`,
      remedy: "set the shared address of the HA interface",
    });
  const seen = new Set<string>();
  for (const [index, text] of config.hashedAddresses.entries()) {
    const bytes = addressBytes(text);
    const spelling = bytes?.join(".");
    if (!bytes)
      errors.push({
        code: "carp-address-malformed",
        field: `${field}[${index}]`,
        value: text,
        message: `"${text}" is neither an IPv4 nor an IPv6 address`,
        remedy: "write it as 10.0.0.20, 10.0.0.20/24 or 2001:db8::20/64",
      });
    else if (seen.has(spelling!))
      errors.push({
        code: "carp-address-twice",
        field: `${field}[${index}]`,
        value: text,
        message: `shared address ${text} is listed twice`,
        remedy: "list each address once",
      });
    if (bytes && text.split("/")[0] === config.ownAddress)
      errors.push({
        code: "carp-address-own",
        field: `${field}[${index}]`,
        value: text,
        message: `shared address ${text} is this unit's own address`,
        remedy: "use an address of its own that neither unit has",
      });
    if (spelling) seen.add(spelling);
  }
  return errors;
}

/** Every fault at once, each naming its field and its remedy; the password's value is never shown. */
export function validateCarpConfig(config: CarpConfig): Result<CarpConfig, readonly FieldError[]> {
  const errors = [...validateIdentity(config), ...validateTiming(config), ...validateHashedAddresses(config)];
  return errors.length === 0 ? ok(config) : err(errors);
}
