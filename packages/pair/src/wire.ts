/**
 * The messages of the peer link, one schema each, and a decoder that never throws. Version N understands
 * N − 1: members may be added, none removed or given another meaning, without a new `wireVersion`
 * (`wire.test.ts` pins the schema's hash to it).
 */
import { compiledCheck } from "@tandem/base/compiled-check";
import type { PairId, UnitId } from "@tandem/base/ids";
import { err, ok, type Result } from "@tandem/base/result";
import { type Static, Type } from "@tandem/base/schema";

export const wireVersion = 2;
export const wireVersionOldest = 1;
/** The version from which on a peer understands `channel`, `part`, `part-have`, and an operator's handover. */
export const wireVersionWithChannels = 2;

const wordsMaxChars = 1_000;
const vectorEntriesMax = 100_000;
/** Characters of one part; a message that is longer as JSON travels in parts. */
export const partMaxChars = 1_048_576;
const partsMax = 4_096;

const Counter = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Unit = Type.Unsafe<UnitId>(Type.String({ pattern: "^[0-9a-f]{16}$" }));
const PairIdText = Type.Unsafe<PairId>(Type.String({ pattern: "^[0-9a-f]{32}$" }));
const Words = Type.String({ maxLength: wordsMaxChars });
const Nonce = Type.String({ minLength: 1, maxLength: 128 });
const EpochOnWire = Type.Object({
  n: Counter,
  unit: Type.Unsafe<UnitId>(Type.String({ pattern: "^([0-9a-f]{16})?$" })),
});
export const VectorOnWire = Type.Record(Type.String({ pattern: "^[0-9a-f]{16}$" }), Counter, {
  maxProperties: vectorEntriesMax,
});
/** Incarnation → greatest sequence number known of it. */
export type Vector = { readonly [incarnation: string]: number };

/** Who says it, in which process lifetime, as which message of it: what is older than the last heard is dropped. */
const header = {
  wire: Type.Integer({ minimum: 1, maximum: 1_000 }),
  from: Unit,
  session: Type.String({ minLength: 8, maxLength: 64 }),
  counter: Counter,
};

export const RoleOnWire = Type.Union([
  Type.Literal("Standalone"),
  Type.Literal("Starting"),
  Type.Literal("Master"),
  Type.Literal("Slave"),
  Type.Literal("Disabled"),
]);

export const HeartbeatSchema = Type.Object({
  type: Type.Literal("heartbeat"),
  ...header,
  /** True: answer at once. */
  ask: Type.Boolean(),
  /** The ask that this answers: proves that the sender lives now. */
  answers: Type.Union([
    Type.Null(),
    Type.Object({ session: Type.String({ maxLength: 64 }), counter: Counter }),
  ]),
  name: Type.String({ maxLength: 253 }),
  centralVersion: Type.String({ maxLength: 64 }),
  state: RoleOnWire,
  /** In words, for the other unit's HA Status. */
  reason: Words,
  /** The sender's process ends in order: take over at once. */
  stopping: Type.Boolean(),
  pairId: Type.Union([Type.Null(), PairIdText]),
  setUpFirst: Type.Boolean(),
  armed: Type.Boolean(),
  epoch: EpochOnWire,
  seen: EpochOnWire,
  preferredMaster: Type.Boolean(),
  heartbeatMs: Counter,
  holdDownMs: Counter,
  networks: Counter,
  runningActions: Counter,
  vector: Type.Unsafe<Vector>(VectorOnWire),
  digest: Type.String({ maxLength: 128 }),
  sequence: Counter,
  waitingFor: Type.Array(Type.Object({ unit: Unit, what: Words }), { maxItems: 8 }),
  licensing: Type.Union([Type.Null(), Type.Object({ local: Type.Boolean(), metered: Type.Boolean() })]),
  /** A Master that an operator told to hand over: the Slave is to ask for the role. Since version 2. */
  invites: Type.Optional(Type.Boolean()),
});
export type Heartbeat = Readonly<Static<typeof HeartbeatSchema>>;

/** H1: the preferred Slave asks for the role, or, since version 2, the Slave whose operator (or the Master's) ordered it. */
export const WantSchema = Type.Object({
  type: Type.Literal("want"),
  ...header,
  nonce: Nonce,
  byOperator: Type.Optional(Type.Boolean()),
});
/** H3: the role is the asker's, under epoch `(n, asker)`. */
export const HandSchema = Type.Object({ type: Type.Literal("hand"), ...header, n: Counter, nonce: Nonce });
/** H2: not now, for this reason. `gettingReady`: ask again with a new nonce soon. `final`: the order is given up. */
export const RefuseSchema = Type.Object({
  type: Type.Literal("refuse"),
  ...header,
  nonce: Nonce,
  reason: Words,
  gettingReady: Type.Boolean(),
  final: Type.Optional(Type.Boolean()),
});
/** I1: the armed unit asks for the Master's whole state. */
export const SnapshotRequestSchema = Type.Object({ type: Type.Literal("snapshot-request"), ...header });

/** What `step` takes and sends. */
export const PairMessageSchema = Type.Union([
  HeartbeatSchema,
  WantSchema,
  HandSchema,
  RefuseSchema,
  SnapshotRequestSchema,
]);
export type PairMessage = Readonly<Static<typeof PairMessageSchema>>;

/** Changes since a base (V5), made by `@tandem/replica`. Counts only under the same pair id. */
export const DeltaSchema = Type.Object({
  type: Type.Literal("delta"),
  pairId: PairIdText,
  delta: Type.Unknown(),
});
/** The sender's vector, now on its disk: what acknowledgements wait for (CH21). */
export const DurableSchema = Type.Object({
  type: Type.Literal("durable"),
  vector: Type.Unsafe<Vector>(VectorOnWire),
});
/** A gap: send a delta on top of this vector. */
export const DeltaRequestSchema = Type.Object({
  type: Type.Literal("delta-request"),
  pairId: PairIdText,
  base: Type.Unsafe<Vector>(VectorOnWire),
});
/** The whole state: a delta with an empty base, and the digest to verify it by (I5). */
export const SnapshotSchema = Type.Object({
  type: Type.Literal("snapshot"),
  pairId: PairIdText,
  delta: Type.Unknown(),
  digest: Type.String({ maxLength: 128 }),
});
/** For another concern of Central's (statistics, files, events): what `body` means is the channel's. Since version 2. */
export const ChannelSchema = Type.Object({
  type: Type.Literal("channel"),
  pairId: PairIdText,
  channel: Type.String({ pattern: "^[a-z]{1,32}$" }),
  body: Type.Unknown(),
});
const TransferId = Type.String({ pattern: "^[0-9a-f]{64}$" });
/** A piece of a long message's JSON. `transfer` is the SHA-256 of the whole text. Since version 2. */
export const PartSchema = Type.Object({
  type: Type.Literal("part"),
  transfer: TransferId,
  index: Type.Integer({ minimum: 0, maximum: partsMax - 1 }),
  count: Type.Integer({ minimum: 1, maximum: partsMax }),
  text: Type.String({ maxLength: partMaxChars }),
});
/** The receiver has all parts before `next`: the sender goes on there, also after the link was made anew. */
export const PartHaveSchema = Type.Object({
  type: Type.Literal("part-have"),
  transfer: TransferId,
  next: Type.Integer({ minimum: 0, maximum: partsMax }),
});
/** What the shell exchanges on the same link; tell `step` of each with the input `heard`. */
export const ReplicationMessageSchema = Type.Union([
  DeltaSchema,
  DurableSchema,
  DeltaRequestSchema,
  SnapshotSchema,
  ChannelSchema,
  PartSchema,
  PartHaveSchema,
]);
export type ReplicationMessage = Readonly<Static<typeof ReplicationMessageSchema>>;

export type PeerMessage = PairMessage | ReplicationMessage;

export type WireFault =
  /** The peer speaks a version that this one does not: upgrade one of the two. */
  | { readonly code: "wire-version"; readonly theirs: number }
  | { readonly code: "malformed"; readonly type: string };

const schemas = {
  heartbeat: HeartbeatSchema,
  want: WantSchema,
  hand: HandSchema,
  refuse: RefuseSchema,
  "snapshot-request": SnapshotRequestSchema,
  delta: DeltaSchema,
  durable: DurableSchema,
  "delta-request": DeltaRequestSchema,
  snapshot: SnapshotSchema,
  channel: ChannelSchema,
  part: PartSchema,
  "part-have": PartHaveSchema,
} as const;

/** Every schema by type, for the test that pins them. */
export const messageSchemas: { readonly [type: string]: unknown } = schemas;

const checks = new Map(Object.entries(schemas).map(([type, schema]) => [type, compiledCheck(schema)]));

const pairTypes: ReadonlySet<string> = new Set(["heartbeat", "want", "hand", "refuse", "snapshot-request"]);

/** True for the messages that `step` takes. */
export const isPairMessage = (message: PeerMessage): message is PairMessage => pairTypes.has(message.type);

/** Total: whatever the other end sent is a message or a fault. */
export function decodeMessage(input: unknown): Result<PeerMessage, WireFault> {
  const record =
    input !== null && typeof input === "object" ? (input as { readonly [key: string]: unknown }) : {};
  const type = typeof record.type === "string" ? record.type.slice(0, 40) : "?";
  const wire = record.wire;
  if (typeof wire === "number" && (wire > wireVersion + 1 || wire < wireVersionOldest))
    return err({ code: "wire-version", theirs: wire });
  const check = checks.get(type);
  if (check === undefined || !check(input)) return err({ code: "malformed", type });
  return ok(input as PeerMessage);
}
