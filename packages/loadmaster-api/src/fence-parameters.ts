/**
 * The fence of an action (SPEC CH22) as parameters beside those of any command, and what a unit answers when it refuses
 * one: code 409 with a member `fence`. Units that are not ours disregard the parameters.
 */
import { fits } from "@tandem/base/check";
import type { Epoch } from "@tandem/base/epoch";
import { err, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";
import type { WallMillis } from "@tandem/base/time";
import { EpochSchema, type Fence, revisionMaxChars, WallMillisSchema } from "@tandem/fencing/fence";
import type { Failure } from "./envelope.ts";
import { type Fields, missing, type Parameter, readParameters } from "./parameters.ts";

const wholeNumber = { kind: "integer", min: 0, max: Number.MAX_SAFE_INTEGER } as const;

export const fenceParameterList = [
  {
    name: "runid",
    type: { kind: "text", pattern: /^[0-9a-f]{64}$/, allowed: "64 hexadecimal digits in lower case" },
    about: "names the run: one that was asked for before is answered with its first result",
  },
  { name: "epoch", type: wholeNumber, about: "the number of the Master's term of office" },
  {
    name: "epochunit",
    type: { kind: "text", pattern: /^[0-9a-f]{16}$/, allowed: "16 hexadecimal digits in lower case" },
    about: "the Central whose term of office it is",
  },
  {
    name: "dueat",
    type: { ...wholeNumber, unit: "milliseconds since 1970, UTC" },
    about: "when the run was nominally due",
  },
  {
    name: "baserevision",
    type: {
      kind: "text",
      pattern: new RegExp(`^[\\x21-\\x7e]{1,${revisionMaxChars}}$`),
      allowed: "a revision as get revision answers it",
    },
    about: "the revision of the configuration that the author of the change had seen",
  },
] as const satisfies readonly Parameter[];

/** What a call carries: a run's fence, an epoch that is only heard, a base revision, or nothing of it. */
export type CallFence = {
  readonly fence?: Fence;
  readonly heard?: Epoch;
  readonly baseRevision?: string;
};

/** `reads`: the command changes nothing, so an epoch may stand without a run. */
export function readFence(fields: Fields, reads: boolean): Result<CallFence, Failure> {
  const read = readParameters(fenceParameterList, fields);
  if (!read.ok) return read;
  const { runid, epoch: n, epochunit, dueat, baserevision } = read.value;
  const lacking = (name: string, because: string): Result<never, Failure> => {
    const parameter = fenceParameterList.find((each) => each.name === name)!;
    return err({
      code: 400,
      message: `${missing(parameter).message}; it is needed because ${because}`,
    });
  };
  if (n !== undefined && epochunit === undefined) return lacking("epochunit", "epoch is given");
  if (n === undefined && epochunit !== undefined) return lacking("epoch", "epochunit is given");
  if (runid === undefined && n !== undefined && !reads) return lacking("runid", "epoch is given");
  if (runid === undefined && dueat !== undefined) return lacking("runid", "dueat is given");
  if (runid !== undefined && n !== undefined && dueat === undefined)
    return lacking("dueat", "epoch and runid are given");
  const epoch = n === undefined || epochunit === undefined ? null : { n, unit: epochunit };
  const base = baserevision === undefined ? {} : { baseRevision: baserevision };
  return ok({
    ...base,
    ...(epoch === null ? {} : { heard: epoch }),
    ...(runid === undefined ? {} : { fence: { runId: runid, epoch, dueAt: dueat ?? null, ...base } }),
  });
}

/** A fence as a client sends it. */
export const fenceParameters = (fence: Fence): { readonly [name: string]: string | number } => ({
  runid: fence.runId,
  ...(fence.epoch === null ? {} : { epoch: fence.epoch.n, epochunit: fence.epoch.unit }),
  ...(fence.dueAt === null ? {} : { dueat: fence.dueAt }),
  ...(fence.baseRevision === undefined ? {} : { baserevision: fence.baseRevision }),
});

const text = Type.String();

/** What has changed since a base revision. */
export const DifferenceSchema = Type.Union([
  Type.Object({
    since: Type.Literal("known"),
    changes: Type.Array(
      Type.Object({
        /** Such as `virtual service 3 (10.0.0.1:80)`. */
        what: text,
        change: Type.Union([Type.Literal("added"), Type.Literal("removed"), Type.Literal("changed")]),
        field: Type.Optional(text),
        before: Type.Optional(text),
        after: Type.Optional(text),
      }),
    ),
  }),
  /** The base is not remembered any more: everything as it is now. */
  Type.Object({ since: Type.Literal("too-long-ago"), present: Type.Array(text) }),
]);
export type Difference = Static<typeof DifferenceSchema>;
export type ConfigurationChange = Extract<Difference, { since: "known" }>["changes"][number];

export const FenceRefusalSchema = Type.Union([
  /** `holder` is the newer Master; `lastHeardMs`: how long ago the unit heard it. */
  Type.Object({ reason: Type.Literal("older-epoch"), holder: EpochSchema, lastHeardMs: Type.Number() }),
  Type.Object({ reason: Type.Literal("in-progress"), by: Type.Optional(text) }),
  /** `oldest`: the least due time that is still admitted. */
  Type.Object({ reason: Type.Literal("too-old"), oldest: WallMillisSchema }),
  Type.Object({ reason: Type.Literal("moved-on"), revision: text, difference: DifferenceSchema }),
]);
export type FenceRefusal = Static<typeof FenceRefusalSchema>;

/** The refusal in an answer; undefined when there is none that can be understood. */
export const fenceRefusalIn = (answer: { readonly [field: string]: unknown }): FenceRefusal | undefined =>
  fits(FenceRefusalSchema, answer.fence) ? (answer.fence as FenceRefusal) : undefined;

export const inWords = (at: WallMillis): string =>
  Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : `${at} ms after 1970`;
