/** What an action on a device carries, so that the device can tell a late, a repeated and an outdated one (SPEC CH22). */
import type { UnitId } from "@tandem/base/ids";
import { type Static, Type } from "@tandem/base/schema";
import type { WallMillis } from "@tandem/base/time";
import { runIdPattern } from "./run-id.ts";

export const revisionMaxChars = 128;

/** An `Epoch` as it is carried. */
export const EpochSchema = Type.Object(
  {
    n: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    unit: Type.Unsafe<UnitId>(Type.String({ pattern: "^[0-9a-f]{16}$" })),
  },
  { additionalProperties: false },
);

export const WallMillisSchema = Type.Unsafe<WallMillis>(
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
);

export const FenceSchema = Type.Object(
  {
    runId: Type.String({ pattern: runIdPattern }),
    /** The Master's; null: an operator's change, which no epoch stops. */
    epoch: Type.Union([EpochSchema, Type.Null()]),
    /** When the run was nominally due; null: it was not scheduled. */
    dueAt: Type.Union([WallMillisSchema, Type.Null()]),
    /** The revision of the device's configuration that its author had seen. */
    baseRevision: Type.Optional(Type.String({ minLength: 1, maxLength: revisionMaxChars })),
  },
  { additionalProperties: false },
);
export type Fence = Readonly<Static<typeof FenceSchema>>;
