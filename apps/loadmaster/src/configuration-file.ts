/** The file given as `--config`: what a unit has to know before it can be asked anything. carpd reads the same file. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { contains, formatIpv4, parseInterfaceCidr } from "@tandem/base/ip";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { type RebootCommand, rebootCommandDefault } from "./reboot.ts";

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
  },
  { additionalProperties: false },
);

export type NetworkInterface = {
  readonly id: number;
  readonly device: string;
  /** `a.b.c.d`. */
  readonly address: string;
  readonly prefix: number;
};

export type UnitConfiguration = {
  readonly name: string;
  readonly stateDir: string;
  readonly interfaces: readonly NetworkInterface[];
  readonly apiPort: number;
  readonly partnerPort: number;
  readonly rebootCommand: RebootCommand;
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
    interfaces.push({
      id: each.id,
      device: each.device,
      address: formatIpv4(cidr.address),
      prefix: cidr.prefix,
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
  });
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

/** True when an address lies in the network of the interface. */
export const onNetworkOf = (each: NetworkInterface, address: number): boolean => {
  const own = parseInterfaceCidr(`${each.address}/${each.prefix}`);
  return own !== undefined && contains(own, { address, prefix: 32 });
};
