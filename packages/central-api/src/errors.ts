import { type Static, Type } from "@tandem/base/schema";

/** One thing that is wrong with a request; the same shape as base's `FieldError`. `field` is a path such as `members/0`. */
export const FieldErrorSchema = Type.Object({
  code: Type.String(),
  field: Type.String(),
  value: Type.Optional(Type.Unknown()),
  message: Type.String(),
  remedy: Type.String(),
});

/** Every answer that is not 2xx. */
export const ErrorAnswer = Type.Object({ errors: Type.Array(FieldErrorSchema, { minItems: 1 }) });
export type ErrorAnswer = Static<typeof ErrorAnswer>;

/**
 * Whether both units of the pair hold a change on disk (SPEC CH21). "this unit only" is said without a peer, and
 * when the peer did not confirm in time; the change is kept either way.
 */
export const Acknowledged = Type.Union([Type.Literal("both"), Type.Literal("this unit only")]);
export type Acknowledged = Static<typeof Acknowledged>;

/** The version of a row that the reader saw, opaque. Send it back as `If-Match` with a change; absent = change what is there now. */
export const Tag = Type.String({ description: "version of this row; send it back as If-Match" });

/** A moment for people: RFC 3339 in UTC, or null when it has not happened. */
export const Moment = Type.String({ format: "date-time" });
export const MomentOrNull = Type.Union([Moment, Type.Null()]);

/** Object schemas of requests refuse unknown members, so that a misspelt one is an error and not a silence. */
export const closed = { additionalProperties: false } as const;
