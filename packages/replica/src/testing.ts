/** What the tests of this package share: two tables, and a unit that restarts, goes back to a backup, and exchanges. */
import { assert } from "@tandem/base/assert";
import type { Incarnation } from "@tandem/base/ids";
import { Type } from "@tandem/base/schema";
import type { Edit } from "./edits.ts";
import { type Applied, Replica, type Written } from "./replica.ts";
import { defineTable, type Table } from "./schema.ts";
import { covers, type Delta, emptyVector, equalVectors, type Persist, type Version } from "./version.ts";
import { decodeDelta, encodeDelta } from "./wire.ts";

export const networks = defineTable({
  name: "networks",
  key: (row) => row.cidr,
  columns: {
    cidr: { sync: "shared", schema: Type.String() },
    name: { sync: "shared", schema: Type.String({ maxLength: 80 }), default: "" },
    description: { sync: "shared", schema: Type.Union([Type.Null(), Type.String()]), default: null },
  },
});

export const devices = defineTable({
  name: "devices",
  key: (row) => row.id,
  columns: {
    id: { sync: "shared", schema: Type.String() },
    name: { sync: "shared", schema: Type.String() },
    address: { sync: "shared", schema: Type.String() },
    port: { sync: "shared", schema: Type.Integer({ minimum: 1, maximum: 65_535 }), default: 443 },
    user: { sync: "shared", schema: Type.String(), default: "bal" },
    password: { sync: "shared", schema: Type.String(), secret: true, default: "" },
    lastSeen: { sync: "derived", schema: Type.Integer() },
    pinned: { sync: "local", schema: Type.Boolean() },
  },
  mergeGroups: { endpoint: ["address", "port"], credentials: ["user", "password"] },
});

export const tables: readonly Table[] = [networks, devices];

let minted = 0;
/** Distinct within a test run; real ones are random. */
export const mintIncarnation = (): Incarnation => (++minted).toString(16).padStart(16, "0");

export type Disk = {
  readonly versions: ReadonlyMap<string, Version>;
  readonly vector: Persist["vector"];
  readonly clock: number;
};

/** One Central's replica with a disk in memory. Every message passes through the wire format. */
export class Unit {
  readonly name: string;
  replica: Replica;
  incarnation = mintIncarnation();
  disk: Disk = { versions: new Map(), vector: emptyVector, clock: 0 };
  readonly #digestKey: string;

  constructor(name: string, digestKey = "pair") {
    this.name = name;
    this.#digestKey = digestKey;
    this.replica = Replica.empty(tables, digestKey);
  }

  persist({ versions, vector, clock }: Persist): void {
    const kept = new Map(this.disk.versions);
    for (const version of versions)
      kept.set(JSON.stringify([version.table, version.row, version.field]), version);
    this.disk = { versions: kept, vector, clock };
  }

  /** Fails the test when the write is refused. */
  write(edits: readonly Edit[], wall = 1_000, author = `operator of ${this.name}`): Written {
    const written = this.replica.write({
      edits,
      author,
      unit: this.name,
      wall,
      incarnation: this.incarnation,
    });
    assert(written.ok, `refused: ${JSON.stringify(written)}`);
    this.persist(written.value.persist);
    return written.value;
  }

  /** undefined when the delta was refused for a gap. */
  receive(delta: Delta): Applied | undefined {
    const decoded = decodeDelta(JSON.parse(JSON.stringify(encodeDelta(delta))));
    assert(decoded.ok, `malformed: ${JSON.stringify(decoded)}`);
    const applied = this.replica.apply(decoded.value, this.incarnation);
    if (!applied.ok) {
      assert(applied.error.code === "gap", `refused: ${JSON.stringify(applied)}`);
      return undefined;
    }
    this.persist(applied.value.persist);
    return applied.value;
  }

  /** The process ends and starts again from `disk`, by default its own. */
  restart(disk: Disk = this.disk): void {
    this.disk = disk;
    const stored = { ...disk, versions: disk.versions.values() };
    const loaded = Replica.load(tables, stored, this.#digestKey);
    assert(loaded.ok, `not loaded: ${JSON.stringify(loaded)}`);
    this.replica = loaded.value;
    this.incarnation = mintIncarnation();
  }

  /** Everything a reader can see. */
  state(): unknown {
    return {
      networks: this.replica.rows(networks),
      devices: this.replica.rows(devices),
      conflicts: this.replica.conflicts(),
    };
  }
}

/** Exchanges until all vectors are equal. */
export function heal(units: readonly Unit[]): void {
  for (let round = 0; round < 20; round++) {
    for (const from of units)
      for (const to of units)
        if (!covers(to.replica.vector, from.replica.vector))
          to.receive(from.replica.deltaSince(to.replica.vector));
    if (units.every((unit) => equalVectors(unit.replica.vector, units[0]!.replica.vector))) return;
  }
  assert(false, "the vectors never became equal");
}
