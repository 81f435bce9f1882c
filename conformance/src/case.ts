/**
 * A case: what is asked of a unit, in words that mean the same in both versions of the API, and what the vendor's
 * description says that it answers. One row is run in v1 and in v2, unless it is about one of them.
 *
 * Texts may name what the suite has made: `$index` is the service's index, `$server` the address of its server, and so on;
 * `stage.ts` lists them.
 */

export type Version = 1 | 2;
export type Value = string | number | boolean;
export type Parameters = { readonly [name: string]: Value };

export type Command = {
  readonly command: string;
  /** `data` is a file in base64, which v1 sends as it is. */
  readonly with?: Parameters;
  /** Values of the answer that later steps name: the name, and where it stands in the answer. */
  readonly keep?: { readonly [name: string]: string };
};

/** A request as it goes over the wire, where the shape of the request is what the case is about. */
export type Wire = {
  readonly method: string;
  readonly path: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  /** The request is sent without this header first, and again with it once it was challenged. */
  readonly onceChallenged?: { readonly authorization: string };
};

/** What stands in a field. Exact values are of v2; v1 writes a boolean as Y or N, and a number in digits. */
export type Field =
  | Value
  | RegExp
  /** A number that the suite has learnt by name. */
  | { readonly number: string }
  | { readonly type: "number" | "string" | "boolean" | "texts" };

export type Expected =
  /** It is carried out, and answers words alone: `Command completed ok`, unless it has some of its own. */
  | { readonly is: "done"; readonly words?: RegExp }
  | {
      readonly is: "data";
      /** By path: `Rs.0.Weight` is the weight of the first server. */
      readonly fields?: { readonly [path: string]: Field };
      readonly absent?: readonly string[];
      /** Names that come in this order, of those at the first level. */
      readonly order?: readonly string[];
      /** The same within what stands at a path. */
      readonly orderIn?: { readonly [path: string]: readonly string[] };
      /** A list has so many members; of `VS`, for instance. */
      readonly count?: { readonly [path: string]: number };
    }
  /** Nothing may have changed by it. */
  | { readonly is: "refused"; readonly code: number; readonly message?: string | RegExp }
  /** The request is not one of this API: no answer of success, no failure of the unit, and nothing changed. */
  | { readonly is: "turned away" }
  /** The command exists, whatever it answers. */
  | { readonly is: "known" }
  /** A file: v1 sends it as it is, v2 in base64 as `data`. */
  | { readonly is: "file" };

export type Step = { readonly ask: Command | Wire; readonly expect: Expected };

export type Case = Step & {
  readonly name: string;
  /** Where it is described: a section of the vendor's interface description, or a public client that depends on it. */
  readonly from: string;
  readonly versions?: readonly Version[];
  /** Headers of the answer. */
  readonly headers?: { readonly [name: string]: RegExp };
  /** Carried out before, and has to succeed. */
  readonly given?: readonly Command[];
  readonly next?: readonly Step[];
  /** Puts things back, and has to succeed. */
  readonly after?: readonly Command[];
  /** Why the unit does not conform yet. The case is run all the same. */
  readonly notYet?: string;
};

export type Area = { readonly name: string; readonly cases: readonly Case[] };

export const isWire = (ask: Command | Wire): ask is Wire => "path" in ask;

export const done: Expected = { is: "done" };
export const data = (
  fields: { readonly [path: string]: Field } = {},
  more: Omit<Extract<Expected, { is: "data" }>, "is" | "fields"> = {},
): Expected => ({ is: "data", fields, ...more });
export const refused = (code: number, message?: string | RegExp): Expected =>
  message === undefined ? { is: "refused", code } : { is: "refused", code, message };
