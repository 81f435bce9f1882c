/**
 * What carpd and the unit say to each other over `<stateDir>/carpd.sock`: one JSON object a line. The socket's mode
 * is 0600, so only the user both run as can speak; what arrives is checked all the same.
 */
import { err, ok, type Result } from "@tandem/base/result";
import { type Static, type TSchema, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { type ForeignReason, foreignReasons } from "@tandem/carp/foreign";

/** A line longer than this ends the connection. */
export const lineMaxBytes = 131_072;

/** From the unit. What a `configure` holds is checked by `parseCarpdConfiguration`, field by field. */
export const UnitMessageSchema = Type.Union([
  Type.Object({
    type: Type.Literal("configure"),
    configuration: Type.Unknown(),
    /** The unit has held the addresses alone until now: they stay where they are, and this machine is active at once. */
    holding: Type.Optional(Type.Literal(true)),
  }),
  Type.Object({
    type: Type.Literal("demote"),
    /** How bad the unit is off beside what carpd checks itself, 0 to 255; 0 is healthy. It lasts as long as carpd, or until the next one. */
    demotion: Type.Integer({ minimum: 0, maximum: 255 }),
    reason: Type.String({ maxLength: 200 }),
  }),
  /** The active is to give its role to the standby and be standby itself. A carpd of an earlier version knows it not. */
  Type.Object({ type: Type.Literal("handover") }),
  /**
   * Orderly end: addresses are removed, the other unit is told, the process exits with 0. `keep`: the unit holds the
   * addresses itself from now on, so they stay, and carpd forgets them.
   */
  Type.Object({ type: Type.Literal("stop"), keep: Type.Optional(Type.Literal(true)) }),
]);
export type UnitMessage = Static<typeof UnitMessageSchema>;

export const CarpdStatusSchema = Type.Object({
  type: Type.Literal("status"),
  pid: Type.Integer(),
  role: Type.Union([
    /** The link is down, or the device is absent. */
    Type.Literal("initial"),
    Type.Literal("backup"),
    Type.Literal("master"),
    /** Not configured, or stopped. */
    Type.Literal("stopped"),
  ]),
  /** Milliseconds since the epoch at which the role began. */
  since: Type.Number(),
  /** Why it began, in words. */
  reason: Type.String(),
  demotion: Type.Integer(),
  /** The last genuine advertisement of another unit; `heardAt` in milliseconds since the epoch. */
  peer: Type.Union([
    Type.Null(),
    Type.Object({
      source: Type.String(),
      advbase: Type.Integer(),
      advskew: Type.Integer(),
      demotion: Type.Integer(),
      heardAt: Type.Number(),
      bowedOut: Type.Boolean(),
    }),
  ]),
  /** received, sent, announced, takeovers, unanswered, stalls, and what the shell adds: sendFailures, receiveErrors. */
  counters: Type.Record(Type.String(), Type.Number()),
  /** Refused packets by reason, such as `hmac`. */
  rejects: Type.Record(Type.String(), Type.Number()),
  /** The checked networks; `fault` in words, null while all is well. Absent from a carpd of an earlier version. */
  checks: Type.Optional(
    Type.Array(
      Type.Object({
        device: Type.String(),
        gateway: Type.Optional(Type.String()),
        fault: Type.Union([Type.Null(), Type.String()]),
      }),
    ),
  ),
  /**
   * Other groups that use our virtual ID, the latest heard first; times in milliseconds since the epoch. `reason` as in
   * `rejects`. Absent from a carpd of an earlier version.
   */
  foreign: Type.Optional(
    Type.Array(
      Type.Object({
        source: Type.String(),
        reason: Type.Unsafe<ForeignReason>(Type.Union(foreignReasons.map((reason) => Type.Literal(reason)))),
        firstAt: Type.Number(),
        lastAt: Type.Number(),
        count: Type.Integer(),
      }),
    ),
  ),
  /** Why the CARP thread has no real-time priority, such as `EPERM`; absent where it has. */
  realtimeRefused: Type.Optional(Type.String()),
  /** The carried addresses that the device has now, `a.b.c.d/prefix`. */
  addresses: Type.Array(Type.String()),
  /** Addresses that the kernel refused to add or remove at the last change, as `address: error`. */
  addressFailures: Type.Array(Type.String()),
  /** SHA-256 of the configuration's canonical JSON; null without a configuration. */
  configurationDigest: Type.Union([Type.Null(), Type.String()]),
});
export type CarpdStatus = Static<typeof CarpdStatusSchema>;

/** From carpd. */
export const CarpdMessageSchema = Type.Union([
  CarpdStatusSchema,
  /** The message of the unit that was not heeded, and why. */
  Type.Object({
    type: Type.Literal("refused"),
    errors: Type.Array(
      Type.Object({
        code: Type.String(),
        field: Type.String(),
        value: Type.Optional(Type.Unknown()),
        message: Type.String(),
        remedy: Type.String(),
      }),
    ),
  }),
]);
export type CarpdMessage = Static<typeof CarpdMessageSchema>;

/** The message in a line, or in words why it is none. */
export const decodeUnitMessage = (line: string): Result<UnitMessage, string> =>
  decode(UnitMessageSchema, line);
export const decodeCarpdMessage = (line: string): Result<CarpdMessage, string> =>
  decode(CarpdMessageSchema, line);

export const encodeLine = (message: UnitMessage | CarpdMessage): string => `${JSON.stringify(message)}\n`;

function decode<Message>(schema: TSchema, line: string): Result<Message, string> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return err("not JSON");
  }
  const [fault] = schemaFaults(schema, value, { whole: "the message" });
  return fault === undefined ? ok(value as Message) : err(fault.message);
}

/**
 * Cuts a stream into lines. `push` returns the whole lines that came with a chunk, or undefined when a line has
 * grown beyond {@link lineMaxBytes}: the connection is then of no further use.
 */
export class LineReader {
  #rest = "";

  push(chunk: string): string[] | undefined {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    const tooLong = [this.#rest, ...lines].some((line) => line.length > lineMaxBytes);
    return tooLong ? undefined : lines.filter((line) => line !== "");
  }
}
