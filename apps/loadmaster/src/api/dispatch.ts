/**
 * One call of the API, from what was sent to the envelope: read, sign in, find the command, check its parameters, carry it
 * out. A request that cannot be carried out changes nothing. v1 and v2 differ in how a call is read and its answer written.
 */
import { err, ok, type Result } from "@tandem/base/result";
import { type CommandName, commands, isCommand } from "@tandem/loadmaster-api/commands";
import {
  type Envelope,
  type Failure,
  failure,
  success,
  unknownCommand,
} from "@tandem/loadmaster-api/envelope";
import { type CallFence, readFence } from "@tandem/loadmaster-api/fence-parameters";
import { type Fields, fieldOf, readParameters, type Values } from "@tandem/loadmaster-api/parameters";
import type { Author } from "../unit.ts";

export type Caller = Author & {
  /** The unit's address that the call came in at: its own, or the shared one. */
  readonly localAddress: string;
};

export type Handlers = {
  readonly [Name in CommandName]: (
    values: Values<(typeof commands)[Name]["parameters"]>,
    caller: Caller,
  ) => Promise<Result<object, Failure>>;
};

export type Connection = {
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Who is signed in with the browser that calls, or why that does not count. Credentials in the call itself go before it. */
  readonly browser?: Result<string, Failure>;
};

/** In place of an answer: the connection ends without one. */
export const dropped = "dropped";
export type Dropped = typeof dropped;

export type Gate = {
  /** False for a call of a client beyond what the unit carries out in a time. */
  admits(user: string, connection: Connection): boolean;
  /** The user's name, or why not. */
  signIn(fields: Fields, connection: Connection): Promise<Result<string, Failure>>;
  /** Why this command is not this user's to give; undefined when it is. */
  notPermitted(command: CommandName, fields: Fields, user: string): Failure | undefined;
  /** Why this command is refused at the address it came in at (SPEC LH6); undefined when it is not. */
  refusedHere(command: CommandName, fields: Fields, connection: Connection): Failure | undefined;
  /** True for what both units of a pair share: only its changes have a base revision. */
  changesShared(command: CommandName, fields: Fields): boolean;
  /** Carries the command out, if what the call carries lets it pass (SPEC CH22). */
  fenced(carried: CallFence, caller: Caller, act: () => Promise<Envelope>): Promise<Envelope>;
};

/** Of v2. The answer and its HTTP status, which equals its code. */
export async function dispatch(
  body: string,
  connection: Connection,
  gate: Gate,
  handlers: Handlers,
): Promise<Envelope | Dropped> {
  const fields = readFields(body);
  if (!fields.ok) return failure(fields.error);
  const name = fieldOf(fields.value, ["cmd"]);
  return typeof name === "string" && name !== ""
    ? carryOut(name, fields.value, connection, gate, handlers)
    : failure({ code: 400, message: "cmd: String Value missing" });
}

/** A call that was read. Who makes it is asked before anything else is told him. */
export async function carryOut(
  name: string,
  fields: Fields,
  connection: Connection,
  gate: Gate,
  handlers: Handlers,
): Promise<Envelope | Dropped> {
  const hasCredentials = ["apikey", "apiuser", "apipass"].some(
    (each) => fieldOf(fields, [each]) !== undefined,
  );
  const isClient = connection.browser === undefined || hasCredentials;
  const user = isClient ? await gate.signIn(fields, connection) : connection.browser;
  if (!user.ok) return failure(user.error);
  if (isClient && !gate.admits(user.value, connection)) return dropped;
  const command = name.toLowerCase();
  if (!isCommand(command)) return failure({ code: 405, message: unknownCommand });
  const notPermitted = gate.notPermitted(command, fields, user.value);
  if (notPermitted !== undefined) return failure(notPermitted);
  const values = readParameters(commands[command].parameters, fields);
  if (!values.ok) return failure(values.error);
  const carried = readFence(fields, commands[command].changes === "nothing");
  if (!carried.ok) return failure(carried.error);
  const refused = gate.refusedHere(command, fields, connection);
  if (refused !== undefined) return failure(refused);
  // The table gives each command the values of its own parameters; TypeScript cannot follow that through the index.
  const handler = handlers[command] as (values: unknown, caller: Caller) => Promise<Result<object, Failure>>;
  const { baseRevision } = carried.value;
  const caller: Caller = {
    user: user.value,
    client: connection.remoteAddress,
    command,
    localAddress: connection.localAddress,
    ...(baseRevision === undefined || !gate.changesShared(command, fields) ? {} : { baseRevision }),
  };
  return gate.fenced(carried.value, caller, async () => {
    const answer = await handler(values.value, caller);
    return answer.ok ? success(answer.value) : failure(answer.error);
  });
}

const shownMaxChars = 60;

/** What was sent, as text; empty when nothing was. */
export const bodyText = (body: unknown): string => (Buffer.isBuffer(body) ? body.toString("utf8") : "");

export function readFields(body: string): Result<Fields, Failure> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return err({
      code: 400,
      message: `body: ${body === "" ? "it is empty" : `what begins with ${JSON.stringify(body.slice(0, shownMaxChars))} is not JSON (${(error as Error).message.slice(0, 80)})`}; send one JSON object such as {"cmd":"listvs","apiuser":"bal","apipass":"..."}`,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return err({
      code: 400,
      message: 'body: it is JSON but not an object; send one such as {"cmd":"listvs"}',
    });
  return ok(value as Fields);
}
