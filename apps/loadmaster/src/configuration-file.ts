/** The file given as `--config`: what a unit has to know before it can be asked anything. carpd reads the same file. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { contains, formatCidr, formatIpv4, networkOf, parseInterfaceCidr, parseIpv4 } from "@tandem/base/ip";
import {
  contains6,
  formatCidr6,
  formatIpv6,
  hostFaultIpv6,
  networkOf6,
  parseInterfaceCidr6,
  parseIpv6,
} from "@tandem/base/ipv6";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { type RebootCommand, rebootCommandDefault, shutdownCommandDefault } from "./reboot.ts";

const port = Type.Integer({ minimum: 1, maximum: 65_535 });

const ConfigurationFileSchema = Type.Object(
  {
    /** Default: the machine's name. */
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
    /** Everything the unit keeps; made when absent, mode 0700. */
    stateDir: Type.String({ pattern: "^/" }),
    interfaces: Type.Array(
      Type.Object(
        {
          id: Type.Integer({ minimum: 0, maximum: 255 }),
          device: Type.String({ pattern: "^[A-Za-z0-9_.@:-]{1,15}$" }),
          /** This unit's own address on it, `a.b.c.d/prefix`. */
          address: Type.String(),
          /** Its own IPv6 address beside that, with its prefix length; absent: none, and nothing of IPv6 is carried there. */
          address6: Type.Optional(Type.String()),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 64 },
    ),
    api: Type.Optional(Type.Object({ port: Type.Optional(port) }, { additionalProperties: false })),
    partnerLink: Type.Optional(Type.Object({ port: Type.Optional(port) }, { additionalProperties: false })),
    /** Words of a command, separated by blanks, no shell; or `exit`: the process ends and its supervisor starts it again. */
    rebootCommand: Type.Optional(
      Type.String({
        pattern: "^\\S+( +\\S+)*$",
        maxLength: 1_000,
        description: "the words of a command separated by blanks, or exit",
      }),
    ),
    /** The same for a shutdown; `exit` is meant where rebootCommand is that: the process ends and stays down. */
    shutdownCommand: Type.Optional(
      Type.String({
        pattern: "^\\S+( +\\S+)*$",
        maxLength: 1_000,
        description: "the words of a command separated by blanks, or exit",
      }),
    ),
  },
  { additionalProperties: false },
);

export type NetworkInterface = {
  readonly id: number;
  readonly device: string;
  /** `a.b.c.d`. */
  readonly address: string;
  readonly prefix: number;
  /** As RFC 5952 writes it; absent together with its prefix length. */
  readonly address6?: string;
  readonly prefix6?: number;
};

export type UnitConfiguration = {
  readonly name: string;
  readonly stateDir: string;
  readonly interfaces: readonly NetworkInterface[];
  readonly apiPort: number;
  readonly partnerPort: number;
  readonly rebootCommand: RebootCommand;
  readonly shutdownCommand: RebootCommand;
};

export const apiPortDefault = 443;
export const partnerPortDefault = 6973;

/** The configuration in a file's text, or the first thing wrong with it. */
export function parseUnitConfiguration(text: string): Result<UnitConfiguration, FieldError> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err({
      code: "configuration-not-json",
      field: "configuration",
      message: `the configuration file is not JSON: ${(error as Error).message}`,
      remedy: "write one JSON object",
    });
  }
  const [fault] = schemaFaults(ConfigurationFileSchema, value, { whole: "the configuration file" });
  if (fault !== undefined) return err(fault);
  const file = value as Static<typeof ConfigurationFileSchema>;
  const interfaces: NetworkInterface[] = [];
  for (const [index, each] of file.interfaces.entries()) {
    const field = `interfaces.${index}.address`;
    const cidr = parseInterfaceCidr(each.address);
    if (cidr === undefined)
      return err({
        code: "configuration-address",
        field,
        value: each.address,
        message: `${field} "${each.address}" is not an IPv4 address with its prefix length`,
        remedy: "write it as address/prefix length, for example 10.213.0.21/24",
      });
    const same = interfaces.find(
      (other) => other.id === each.id || other.address === formatIpv4(cidr.address),
    );
    if (same !== undefined)
      return err({
        code: "configuration-twice",
        field: `interfaces.${index}`,
        value: each,
        message: `interfaces.${index} has the id or the address of another one (${same.id}, ${same.address})`,
        remedy: "give each interface an id and an address of its own",
      });
    const six =
      each.address6 === undefined
        ? ok({})
        : ownAddress6(`interfaces.${index}.address6`, each.address6, interfaces);
    if (!six.ok) return six;
    interfaces.push({
      id: each.id,
      device: each.device,
      address: formatIpv4(cidr.address),
      prefix: cidr.prefix,
      ...six.value,
    });
  }
  return ok({
    name: file.name ?? hostname(),
    stateDir: file.stateDir,
    interfaces,
    apiPort: file.api?.port ?? apiPortDefault,
    partnerPort: file.partnerLink?.port ?? partnerPortDefault,
    rebootCommand:
      file.rebootCommand === "exit" ? "exit" : (file.rebootCommand?.split(/ +/) ?? rebootCommandDefault),
    // Where the process is restarted in place of the machine, it is also ended in its place.
    shutdownCommand:
      (file.shutdownCommand ?? file.rebootCommand) === "exit"
        ? "exit"
        : (file.shutdownCommand?.split(/ +/) ?? shutdownCommandDefault),
  });
}

function ownAddress6(
  field: string,
  text: string,
  others: readonly NetworkInterface[],
): Result<Pick<NetworkInterface, "address6" | "prefix6">, FieldError> {
  const refuse = (code: string, why: string, remedy: string): Result<never, FieldError> =>
    err({ code, field, value: text, message: `${field} "${text}" is ${why}`, remedy });
  const cidr = parseInterfaceCidr6(text);
  if (cidr === undefined)
    return refuse(
      "configuration-address",
      "not an IPv6 address with its prefix length",
      "write it as address/prefix length, for example 2001:db8::21/64",
    );
  const fault = hostFaultIpv6(cidr.address);
  if (fault !== undefined)
    return refuse("configuration-address", fault, "give an address that other machines can reach");
  const address6 = formatIpv6(cidr.address);
  const same = others.find((each) => each.address6 === address6);
  return same === undefined
    ? ok({ address6, prefix6: cidr.prefix })
    : refuse(
        "configuration-twice",
        `that of interface ${same.id} as well`,
        "give each interface an address of its own",
      );
}

/** Reads the file; the error of a file that cannot be read names it. */
export async function readUnitConfiguration(path: string): Promise<Result<UnitConfiguration, FieldError>> {
  try {
    return parseUnitConfiguration(await readFile(path, "utf8"));
  } catch (error) {
    return err({
      code: "configuration-unreadable",
      field: "--config",
      value: path,
      message: `the configuration file ${path} cannot be read: ${(error as Error).message}`,
      remedy: "name a file that exists and may be read",
    });
  }
}

/** True when an address, IPv4 or IPv6, lies in the network of the interface. */
export function onNetworkOf(each: NetworkInterface, address: string): boolean {
  const six = parseIpv6(address);
  if (six) {
    const own = own6(each);
    return own !== undefined && contains6(own, six);
  }
  const number = parseIpv4(address);
  const own = parseInterfaceCidr(`${each.address}/${each.prefix}`);
  return number !== undefined && own !== undefined && contains(own, { address: number, prefix: 32 });
}

/** The prefix length on this interface of an address, IPv4 or IPv6, that lies in its network. */
export const prefixOn = (each: NetworkInterface, address: string): number =>
  parseIpv6(address) ? (each.prefix6 ?? 128) : each.prefix;

/** The unit's own addresses on an interface. */
export const ownAddresses = (each: NetworkInterface): string[] => [
  each.address,
  ...(each.address6 === undefined ? [] : [each.address6]),
];

/** The networks of an interface, in words. */
export const networkTexts = (each: NetworkInterface, family?: 6): string[] => {
  const six = own6(each);
  return [
    ...(family === 6
      ? []
      : [formatCidr(networkOf({ address: parseIpv4(each.address) ?? 0, prefix: each.prefix }))]),
    ...(six === undefined ? [] : [formatCidr6(networkOf6(six))]),
  ];
};

const own6 = ({ address6, prefix6 }: NetworkInterface): ReturnType<typeof parseInterfaceCidr6> =>
  address6 === undefined ? undefined : parseInterfaceCidr6(`${address6}/${prefix6}`);
