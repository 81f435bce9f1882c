/** What carpd works by: given by the unit over the local socket, kept in `<stateDir>/carpd.json`. */
import { parseInterfaceCidr, parseIpv4 } from "@tandem/base/ip";
import { formatCidr6, hostFaultIpv6, parseInterfaceCidr6 } from "@tandem/base/ipv6";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { validateCarpConfig } from "@tandem/carp/config";
import { interfaceIdMax } from "@tandem/carp/constants";
import { carpConfigOf, withoutPrefix } from "./carpd-group.ts";

/** Devices of one group beside the one that speaks CARP. */
const furtherDevicesMax = 64;
const checksMax = 64;
/** Addresses that one group may carry on one device, hashed ones included. */
const carriedAddressesMax = 1024;
const addressList = Type.Array(Type.String({ maxLength: 43 }), { maxItems: carriedAddressesMax });

const device = Type.String({ pattern: "^[A-Za-z0-9_.@:-]{1,15}$" });
const virtualInterface = Type.Optional(Type.Integer({ minimum: 0, maximum: interfaceIdMax }));

export const CarpdConfigurationSchema = Type.Object(
  {
    /** HA virtual ID, 1 to 255. */
    vhid: Type.Integer(),
    /** Seconds between advertisements. */
    advbase: Type.Integer(),
    /** 1/256 s on top; the smaller interval wins. */
    advskew: Type.Integer(),
    preempt: Type.Boolean(),
    /** 1 to 19 bytes. */
    password: Type.String({ maxLength: 64 }),
    /** The device that sends and receives advertisements and carries the addresses. */
    device,
    /** This unit's own IPv4 address on the device, without prefix length. */
    ownAddress: Type.String({ maxLength: 15 }),
    /** `a.b.c.d/prefix`, or IPv6 as RFC 5952 writes it; these enter the HMAC, so they are the same on both units. */
    sharedAddresses: addressList,
    /** Written like those; carried with them, never hashed. */
    serviceAddresses: addressList,
    /** True when the other unit is not one of ours (ucarp, OpenBSD): no demotion byte, no replay check. Default false. */
    foreignPeer: Type.Optional(Type.Boolean()),
    // What follows is left out where it is not used: a carpd of an earlier version that still runs refuses what it does not know.
    /** Advertisements go to 255.255.255.255 instead of the multicast group. */
    broadcast: Type.Optional(Type.Boolean()),
    /**
     * Number of the interface in the virtual MAC (SPEC LH8), with which the addresses are then on a macvlan; absent:
     * they are on the device itself, under its own MAC.
     */
    virtualInterface,
    /** Other devices that carry addresses while this unit is active; never hashed. */
    further: Type.Optional(
      Type.Array(
        Type.Object({ device, addresses: addressList, virtualInterface }, { additionalProperties: false }),
        {
          maxItems: furtherDevicesMax,
        },
      ),
    ),
    /** Networks whose loss makes this unit worse than its partner (SPEC LH7). The device that speaks CARP needs none for its carrier. */
    checks: Type.Optional(
      Type.Array(
        Type.Object(
          {
            device,
            /** This unit's own address there, without prefix length: it asks for the gateway with it. */
            ownAddress: Type.String({ maxLength: 15 }),
            /** Must answer ARP. */
            gateway: Type.Optional(Type.String({ maxLength: 15 })),
          },
          { additionalProperties: false },
        ),
        { maxItems: checksMax },
      ),
    ),
  },
  { additionalProperties: false },
);
export type CarpdConfiguration = Static<typeof CarpdConfigurationSchema>;

/** A configuration that can be worked by, or every fault of it, each naming its field; the password is never shown. */
export function parseCarpdConfiguration(value: unknown): Result<CarpdConfiguration, readonly FieldError[]> {
  const faults = schemaFaults(CarpdConfigurationSchema, value, {
    whole: "configuration",
    secret: new Set(["password"]),
  });
  if (faults.length > 0) return err(faults);
  const configuration = value as CarpdConfiguration;
  const checked = validateCarpConfig(carpConfigOf(configuration));
  const errors = [
    ...(checked.ok ? [] : checked.error.map(inOurWords)),
    ...addressErrors("sharedAddresses", configuration.sharedAddresses, configuration.ownAddress),
    ...addressErrors("serviceAddresses", configuration.serviceAddresses, configuration.ownAddress),
    ...(configuration.further ?? []).flatMap(({ addresses }, index) =>
      addressErrors(`further/${index}/addresses`, addresses, configuration.ownAddress),
    ),
    ...(configuration.checks ?? []).flatMap(checkErrors),
  ];
  return errors.length === 0 ? ok(configuration) : err(errors);
}

const checkErrors = (check: { ownAddress: string; gateway?: string }, index: number): FieldError[] =>
  (["ownAddress", "gateway"] as const).flatMap((name) => {
    const value = check[name];
    return value === undefined || parseIpv4(value) !== undefined
      ? []
      : [
          {
            code: "carpd-check-address",
            field: `checks/${index}/${name}`,
            value,
            message: `"${value}" is not an IPv4 address`,
            remedy: "write it as 10.0.0.1",
          },
        ];
  });

const inOurWords = (error: FieldError): FieldError => ({
  ...error,
  field: error.field.replace(/^hashedAddresses/, "sharedAddresses").replace(/\[(\d+)\]$/, "/$1"),
});

function addressErrors(field: string, addresses: readonly string[], ownAddress: string): FieldError[] {
  const errors: FieldError[] = [];
  addresses.forEach((value, index) => {
    const six = parseInterfaceCidr6(value);
    if (six) {
      const fault = hostFaultIpv6(six.address);
      if (fault !== undefined || formatCidr6(six) !== value)
        errors.push({
          code: "carpd-address",
          field: `${field}/${index}`,
          value,
          message:
            fault === undefined ? `"${value}" is not spelled as RFC 5952 says` : `${value} is ${fault}`,
          remedy:
            fault === undefined
              ? `write it as ${formatCidr6(six)}`
              : "list addresses that other machines can reach, such as 2001:db8::20/64",
        });
    } else if (!parseInterfaceCidr(value))
      errors.push({
        code: "carpd-address",
        field: `${field}/${index}`,
        value,
        message: `"${value}" is not an IPv4 or IPv6 address with its prefix length`,
        remedy: "write it as address/prefix length, for example 10.0.0.20/24 or 2001:db8::20/64",
      });
    else if (withoutPrefix(value) === ownAddress)
      errors.push({
        code: "carpd-address-own",
        field: `${field}/${index}`,
        value,
        message: `${value} is this unit's own address, which it keeps in every role`,
        remedy: "leave it out: only addresses that move between the units are listed",
      });
  });
  return errors;
}
