/** One of two units with a real replica that exchanges its changes while the line is whole; for tests of what lies over it. */
import { assert } from "@tandem/base/assert";
import { ok } from "@tandem/base/result";
import type { Edit } from "@tandem/replica/edits";
import { Replica } from "@tandem/replica/replica";
import type { Columns, Table } from "@tandem/replica/schema";
import type { Delta } from "@tandem/replica/version";
import { decodeDelta, encodeDelta } from "@tandem/replica/wire";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { VirtualTime } from "./virtual-time.ts";

export class ReplicaUnit {
  readonly unit: string;
  readonly time: VirtualTime;
  replica: Replica;
  peer: ReplicaUnit | undefined;
  isConnected = true;
  readonly #listeners = new Set<(what: "data" | "status") => void>();
  #incarnation: string;

  constructor(unit: string, time: VirtualTime, tables: readonly Table[]) {
    this.unit = unit;
    this.time = time;
    this.#incarnation = time.world.randomHex(8);
    this.replica = Replica.empty(tables, "");
  }

  /** The process is gone: nobody listens any more. */
  end(): void {
    this.cut();
    this.#listeners.clear();
  }

  /** Another process over what was kept. */
  begin(): void {
    this.#incarnation = this.time.world.randomHex(8);
  }

  /** The line is whole again: both exchange what the other lacks. */
  heal(): void {
    assert(this.peer, "there is a peer");
    this.isConnected = true;
    this.peer.isConnected = true;
    this.peer.receive(this.replica.deltaSince(this.peer.replica.vector));
    this.receive(this.peer.replica.deltaSince(this.replica.vector));
  }

  cut(): void {
    this.isConnected = false;
    if (this.peer) this.peer.isConnected = false;
  }

  notify(what: "data" | "status"): void {
    for (const listener of this.#listeners) listener(what);
  }

  receive(delta: Delta): void {
    const decoded = decodeDelta(JSON.parse(JSON.stringify(encodeDelta(delta))));
    assert(decoded.ok, "a delta that was encoded can be read");
    const applied = this.replica.apply(decoded.value, this.#incarnation);
    assert(applied.ok, JSON.stringify(applied));
    this.notify("data");
  }

  get shared(): SharedRows {
    return {
      rows: <C extends Columns>(table: Table<C>) => this.replica.rows(table),
      row: <C extends Columns>(table: Table<C>, key: string) => this.replica.row(table, key),
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      write: async (edits, author) => {
        const { unit } = this;
        const wall = this.time.world.wall();
        const written = this.replica.write({ edits, author, unit, wall, incarnation: this.#incarnation });
        if (!written.ok) return written;
        const reaches = this.isConnected && this.peer !== undefined;
        if (reaches) this.peer?.receive(written.value.delta);
        this.notify("data");
        return ok(reaches ? "both" : "this unit only");
      },
    };
  }

  async write(...edits: readonly Edit[]): Promise<void> {
    const written = await this.shared.write(edits, "admin", "test");
    assert(written.ok, JSON.stringify(written));
  }
}
