/**
 * CH17, V8: both units know the same changes, and their states differ: corruption on one of them. The Master asks the
 * other for its digests, table by table, then row by row, then for the versions of the rows that differ; names them;
 * and writes in each slot the greater version anew, in a new incarnation. Its delta mends the other unit, and a value
 * that loses stands in Conflicts: which of two was the corrupted one, nobody can tell.
 *
 *     Master                              the other
 *     ask tables {vector, digests} ─────▶ its digests, or "moved": its vector is another by now
 *     ask rows {table, after}      ─────▶ a page of its row digests
 *     ask versions {rows}          ─────▶ the versions of as many of the rows as fit
 *     found {differences}          ─────▶ shown there as well
 *
 * A comparison is of one moment: an edit on either unit ends it, and it begins again a little later.
 */
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { fits } from "@tandem/base/check";
import { type Static, Type } from "@tandem/base/schema";
import { second, type WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import { VectorOnWire } from "@tandem/pair/wire";
import { covers, type Delta, emptyVector, type Vector, type Version } from "@tandem/replica/version";
import { decodeDelta, encodeDelta } from "@tandem/replica/wire";
import type { Channel, ChannelPorts } from "./channels.ts";
import type { SharedState } from "./shared-state.ts";
import type { ShellEvent } from "./timeline.ts";

/** A comparison that came to nothing is begun again after this; one that is not answered counts as such. */
const compareAgainMs = 5 * second;
/** Rows mended by one comparison; what differs beyond them is found by the next. */
const rowsPerRepairMax = 1_000;
/** Rows named in HA Status and in the event. */
const rowsNamedMax = 100;
/** Row digests in one answer, and their characters together. */
const rowsPerPageMax = 4_000;
const pageMaxChars = 200_000;
const rowsPerAskMax = 100;
/** Characters of versions in one answer; a single row that is longer goes alone. */
const versionsMaxChars = 131_072;
const fieldsNamedMax = 64;
const tablesMax = 1_000;

const RowName = Type.Object({ table: Type.String({ maxLength: 64 }), row: Type.String({ maxLength: 512 }) });
const Difference = Type.Object({
  ...RowName.properties,
  fields: Type.Array(Type.String({ maxLength: 64 }), { maxItems: fieldsNamedMax }),
});
const Id = Type.Integer({ minimum: 0 });
const Digest = Type.String({ maxLength: 64 });
const MessageSchema = Type.Union([
  Type.Object({ kind: Type.Literal("ask-tables"), id: Id, vector: VectorOnWire }),
  Type.Object({
    kind: Type.Literal("tables"),
    id: Id,
    digests: Type.Record(Type.String({ maxLength: 64 }), Digest, { maxProperties: tablesMax }),
  }),
  Type.Object({
    kind: Type.Literal("ask-rows"),
    id: Id,
    vector: VectorOnWire,
    table: RowName.properties.table,
    after: RowName.properties.row,
  }),
  Type.Object({
    kind: Type.Literal("rows"),
    id: Id,
    rows: Type.Array(Type.Tuple([RowName.properties.row, Digest]), { maxItems: rowsPerPageMax }),
    isLast: Type.Boolean(),
  }),
  Type.Object({
    kind: Type.Literal("ask-versions"),
    id: Id,
    vector: VectorOnWire,
    rows: Type.Array(RowName, { maxItems: rowsPerAskMax }),
  }),
  Type.Object({
    kind: Type.Literal("versions"),
    id: Id,
    count: Type.Integer({ minimum: 1, maximum: rowsPerAskMax }),
    delta: Type.Unknown(),
  }),
  Type.Object({ kind: Type.Literal("moved"), id: Id }),
  Type.Object({
    kind: Type.Literal("found"),
    count: Type.Integer({ minimum: 1 }),
    rows: Type.Array(Difference, { maxItems: rowsNamedMax }),
  }),
]);
type Message = Static<typeof MessageSchema>;
type Of<Kind extends Message["kind"]> = Extract<Message, { kind: Kind }>;
type RowName = Static<typeof RowName>;
/** Names alone: what stands in the fields may be secret, and one side of it is wrong. */
export type Difference = { readonly table: string; readonly row: string; readonly fields: readonly string[] };

/** For HA Status: what was found to differ last, since this process started. */
export type Differences = {
  readonly at: WallMillis;
  readonly count: number;
  readonly rows: readonly Difference[];
  /** On both units' disks: the greater versions stand, the others are in Conflicts. */
  readonly repaired: boolean;
};

export type RepairPorts = {
  readonly world: World;
  readonly shared: SharedState;
  channel(ports: ChannelPorts): Channel;
  /** Whether the pair has found vectors equal and digests unequal on two exchanges. */
  differ(): boolean;
  /** Of the two units one compares and repairs. */
  isMaster(): boolean;
  push(delta: Delta): void;
  observe(event: ShellEvent): void;
  /** The shared state on this unit's disk is another than before. */
  changed(): void;
};

type Comparison = {
  readonly id: number;
  readonly vector: Vector;
  readonly askedAt: number;
  /** Tables whose rows are still to be compared; the first is being asked for. */
  readonly tables: readonly string[];
  /** The peer's row digests of the first table, as far as they have come. */
  readonly theirs: ReadonlyMap<string, string>;
  readonly rows: readonly RowName[];
  readonly versions: readonly Version[];
  /** How many of the rows have their versions here. */
  readonly fetched: number;
};

export class Repair {
  readonly #ports: RepairPorts;
  readonly #channel: Channel;
  #comparison: Comparison | null = null;
  #endedAt = Number.NEGATIVE_INFINITY;
  #id = 0;
  #differences: Differences | null = null;

  constructor(ports: RepairPorts) {
    this.#ports = ports;
    this.#channel = ports.channel({
      received: (body) => this.#received(body),
      closed: () => this.#end(),
    });
  }

  get differences(): Differences | null {
    return this.#differences;
  }

  /** Call after each step of the pair: begins a comparison when there is reason to. */
  look(): void {
    const { world, shared } = this.#ports;
    const now = world.now();
    if (!this.#ports.differ()) {
      this.#comparison = null;
      if (this.#differences?.repaired === false) this.#differences = { ...this.#differences, repaired: true };
      return;
    }
    if (!this.#ports.isMaster() || !this.#channel.isOpen) return;
    const since = this.#comparison?.askedAt ?? this.#endedAt;
    if (now - since < compareAgainMs) return;
    this.#id += 1;
    this.#comparison = {
      id: this.#id,
      vector: shared.common.vector,
      askedAt: now,
      tables: [],
      theirs: new Map(),
      rows: [],
      versions: [],
      fetched: 0,
    };
    this.#send({ kind: "ask-tables", id: this.#id, vector: shared.common.vector });
  }

  #received(body: Json): void {
    if (!fits(MessageSchema, body)) return;
    const message = body as unknown as Message;
    switch (message.kind) {
      case "ask-tables":
      case "ask-rows":
      case "ask-versions":
        this.#answer(message);
        return;
      case "found":
        this.#note(message.count, message.rows, false);
        return;
      default:
        break;
    }
    const comparison = this.#comparison;
    if (comparison === null || comparison.id !== message.id) return;
    const { vector } = this.#ports.shared.common;
    const isMoved =
      message.kind === "moved" || !covers(vector, comparison.vector) || !covers(comparison.vector, vector);
    if (isMoved) this.#end();
    else if (message.kind === "tables") this.#heardTables(comparison, message);
    else if (message.kind === "rows") this.#heardRows(comparison, message);
    else this.#heardVersions(comparison, message);
  }

  // The other unit answers.

  #answer(message: Of<"ask-tables"> | Of<"ask-rows"> | Of<"ask-versions">): void {
    const { common } = this.#ports.shared;
    const { id, vector } = message;
    if (!covers(common.vector, vector) || !covers(vector, common.vector)) {
      this.#send({ kind: "moved", id });
      return;
    }
    if (message.kind === "ask-tables") {
      this.#send({ kind: "tables", id, digests: common.digests() });
      return;
    }
    if (message.kind === "ask-rows") {
      const all = [...common.rowDigests(message.table)]
        .filter(([row]) => row > message.after)
        .sort(([a], [b]) => (a < b ? -1 : 1));
      let chars = 0;
      const rows = all.slice(0, rowsPerPageMax).filter(([row, digest]) => {
        chars += row.length + digest.length;
        return chars <= pageMaxChars;
      });
      this.#send({ kind: "rows", id, rows, isLast: rows.length === all.length });
      return;
    }
    const items: Version[] = [];
    let chars = 0;
    let count = 0;
    for (const { table, row } of message.rows) {
      const versions = common.versionsOf(table, row);
      const more = versions.reduce((sum, version) => sum + canonicalJson(version.value).length + 200, 0);
      if (count > 0 && chars + more > versionsMaxChars) break;
      items.push(...versions);
      chars += more;
      count += 1;
    }
    const delta = { base: emptyVector, claim: common.vector, clock: common.clock, items };
    if (count > 0) this.#send({ kind: "versions", id, count, delta: encodeDelta(delta) });
  }

  // The Master compares.

  #heardTables(comparison: Comparison, { digests }: Of<"tables">): void {
    const own = this.#ports.shared.common.digests();
    const tables = [...new Set([...Object.keys(own), ...Object.keys(digests)])]
      .filter((table) => own[table] !== digests[table])
      .sort();
    this.#askRows({ ...comparison, tables }, "");
  }

  #askRows(comparison: Comparison, after: string): void {
    const [table] = comparison.tables;
    if (table === undefined) this.#askVersions(comparison);
    else this.#ask(comparison, { kind: "ask-rows", table, after });
  }

  #heardRows(comparison: Comparison, { rows, isLast }: Of<"rows">): void {
    const theirs = new Map([...comparison.theirs, ...rows]);
    const last = rows.at(-1);
    if (!isLast && last !== undefined) {
      this.#askRows({ ...comparison, theirs }, last[0]);
      return;
    }
    const [table, ...tables] = comparison.tables;
    const differing =
      table === undefined
        ? []
        : this.#ports.shared.common.differingRows(table, theirs).map((row) => ({ table, row }));
    this.#askRows({ ...comparison, theirs: new Map(), tables, rows: [...comparison.rows, ...differing] }, "");
  }

  #askVersions(comparison: Comparison): void {
    const wanted = comparison.rows.slice(0, rowsPerRepairMax);
    const rows = wanted.slice(comparison.fetched, comparison.fetched + rowsPerAskMax);
    if (rows.length === 0) this.#repair(comparison, wanted);
    else this.#ask(comparison, { kind: "ask-versions", rows });
  }

  #heardVersions(comparison: Comparison, { count, delta }: Of<"versions">): void {
    const decoded = decodeDelta(delta);
    if (!decoded.ok) {
      this.#ports.observe({ code: "changes-refused", message: JSON.stringify(decoded.error) });
      this.#end();
      return;
    }
    const versions = [...comparison.versions, ...decoded.value.items];
    this.#askVersions({ ...comparison, versions, fetched: comparison.fetched + count });
  }

  #repair(comparison: Comparison, rows: readonly RowName[]): void {
    const { shared } = this.#ports;
    this.#end();
    if (rows.length === 0) return;
    const asked = new Set(rows.map(nameOf));
    const theirs = comparison.versions.filter((version) => asked.has(nameOf(version)));
    const named = rows.slice(0, rowsNamedMax).map((row): Difference => {
      const fields = differingFields(
        shared.common.versionsOf(row.table, row.row),
        theirs.filter((version) => nameOf(version) === nameOf(row)),
      );
      return { ...row, fields: fields.slice(0, fieldsNamedMax) };
    });
    this.#note(comparison.rows.length, named, false);
    this.#send({
      kind: "found",
      count: comparison.rows.length,
      rows: named.map((each) => ({ ...each, fields: [...each.fields] })),
    });
    const repaired = shared.repair(rows, theirs);
    if (!repaired.ok) {
      this.#ports.observe({ code: "changes-refused", message: JSON.stringify(repaired.error) });
      return;
    }
    if (repaired.value.delta === null) return;
    this.#ports.push(repaired.value.delta);
    this.#ports.observe({
      code: "differences-repaired",
      rows: rows.length,
      conflicts: repaired.value.conflicts.length,
    });
    this.#ports.changed();
  }

  /** On each unit, so that both show it, whichever of them was right. */
  #note(count: number, rows: readonly Difference[], repaired: boolean): void {
    this.#differences = { at: this.#ports.world.wall(), count, rows, repaired };
    this.#ports.observe({ code: "differences-found", count, rows });
  }

  #ask(
    comparison: Comparison,
    question: Omit<Of<"ask-rows">, "id" | "vector"> | Omit<Of<"ask-versions">, "id" | "vector">,
  ): void {
    this.#comparison = { ...comparison, askedAt: this.#ports.world.now() };
    this.#send({ ...question, id: comparison.id, vector: comparison.vector } as Message);
  }

  #end(): void {
    this.#comparison = null;
    this.#endedAt = this.#ports.world.now();
  }

  #send(message: Message): void {
    this.#channel.send(message as unknown as Json);
  }
}

const nameOf = ({ table, row }: { readonly table: string; readonly row: string }): string =>
  JSON.stringify([table, row]);

function differingFields(ours: readonly Version[], theirs: readonly Version[]): string[] {
  const textOf = (versions: readonly Version[]): Map<string, string> =>
    new Map(versions.map((version) => [version.field, canonicalJson(version as unknown as Json)]));
  const [a, b] = [textOf(ours), textOf(theirs)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((field) => a.get(field) !== b.get(field)).sort();
}
