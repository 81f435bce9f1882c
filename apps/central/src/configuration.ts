/** The file that `tandem central --config FILE` names. Only `stateDir` has no default. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { isAbsolute } from "node:path";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { second } from "@tandem/base/time";
import { peerPortDefault } from "@tandem/central-api/ha";
import { meteringSlotMs } from "@tandem/licensing/throughput";
import { StateUnreadable } from "./state-unreadable.ts";

const webPortDefault = 8_443;
const everyAddress = "0.0.0.0";
/** RFC 3164's port, and one above those that only root may take. */
const syslogPortDefault = process.getuid?.() === 0 ? 514 : 1_514;
const logRetentionDaysDefault = 90;
const closed = { additionalProperties: false } as const;

const Listen = Type.Object(
  {
    address: Type.Optional(Type.String({ description: "an IP address of this machine, or 0.0.0.0 for all" })),
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, description: "0 takes a free one" })),
  },
  closed,
);

const Syslog = Type.Object(
  {
    ...Listen.properties,
    announcedAddress: Type.Optional(
      Type.String({
        description: "the IP address at which devices reach this unit, where it is not its own",
      }),
    ),
    retentionDays: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3_650, description: "days for which received lines are kept" }),
    ),
  },
  closed,
);

const Metering = Type.Object(
  {
    slotSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: meteringSlotMs / second,
        description: "how often LoadMasters are sampled; 300, but for laboratories. The same on both units",
      }),
    ),
  },
  closed,
);

const File = Type.Object(
  {
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: "this unit's name; the host name by default" }),
    ),
    stateDir: Type.String({
      minLength: 1,
      description: "the folder, as an absolute path, where this unit keeps everything",
    }),
    listen: Type.Optional(Listen),
    peerLink: Type.Optional(Listen),
    syslog: Type.Optional(Syslog),
    metering: Type.Optional(Metering),
  },
  closed,
);

export type ListenAddress = { readonly address: string; readonly port: number };
export type CentralConfiguration = {
  readonly name: string;
  readonly stateDir: string;
  /** Web pages and API, HTTPS. */
  readonly listen: ListenAddress;
  /** Where the other Central of a pair connects to. */
  readonly peerLink: ListenAddress;
  /** Where syslog is received, UDP and TCP, and for how many days it is kept. */
  readonly syslog: ListenAddress & {
    readonly retentionDays: number;
    /** Where devices send it, when that is not the address they are reached from. */
    readonly announcedAddress: string | null;
  };
  /** How often licensed LoadMasters are sampled. */
  readonly metering: { readonly slotSeconds: number };
};

/** Reads the text of a configuration file; every fault names its field and what would be right. */
export function parseConfiguration(text: string): Result<CentralConfiguration, readonly FieldError[]> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err([
      {
        code: "json-malformed",
        field: "the configuration file",
        message: `the configuration file is not JSON: ${(error as Error).message}`,
        remedy: 'correct it; the least it needs is { "stateDir": "/var/lib/tandem/central" }',
      },
    ]);
  }
  const faults = schemaFaults(File, value, { whole: "the configuration file" });
  if (faults.length > 0) return err(faults);
  const file = value as Static<typeof File>;
  const configuration: CentralConfiguration = {
    name: file.name ?? hostname(),
    stateDir: file.stateDir,
    listen: { address: everyAddress, port: webPortDefault, ...file.listen },
    peerLink: { address: everyAddress, port: peerPortDefault, ...file.peerLink },
    syslog: {
      address: everyAddress,
      port: syslogPortDefault,
      retentionDays: logRetentionDaysDefault,
      announcedAddress: null,
      ...file.syslog,
    },
    metering: { slotSeconds: meteringSlotMs / second, ...file.metering },
  };
  const wrong: FieldError[] = [];
  if (!isAbsolute(configuration.stateDir))
    wrong.push({
      code: "path-relative",
      field: "stateDir",
      value: configuration.stateDir,
      message: `stateDir "${configuration.stateDir}" is not an absolute path`,
      remedy: "begin it with /, for example /var/lib/tandem/central",
    });
  for (const which of ["listen", "peerLink", "syslog"] as const) {
    const { address } = configuration[which];
    if (isIP(address) === 0)
      wrong.push({
        code: "address-malformed",
        field: `${which}/address`,
        value: address,
        message: `${which}/address "${address}" is not an IP address`,
        remedy: `give an IP address of this machine, or ${everyAddress} for all of them`,
      });
  }
  const announced = configuration.syslog.announcedAddress;
  if (announced !== null && isIP(announced) === 0)
    wrong.push({
      code: "address-malformed",
      field: "syslog/announcedAddress",
      value: announced,
      message: `syslog/announcedAddress "${announced}" is not an IP address`,
      remedy: "give the IP address at which devices reach this unit, or leave it out",
    });
  return wrong.length > 0 ? err(wrong) : ok(configuration);
}

/** The configuration in the file at `path`; throws with every fault in words. */
export function loadConfiguration(path: string): CentralConfiguration {
  const parsed = parseConfiguration(readFileSync(path, "utf8"));
  if (parsed.ok) return parsed.value;
  const faults = parsed.error.map(({ message, remedy }) => `${message}: ${remedy}`);
  throw new StateUnreadable(`${path}: ${faults.join("; ")}`);
}
