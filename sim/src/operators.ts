/** People at both units: they read, think, and change what they read; they set the pair up, and change its settings. */
import { minute, second } from "@tandem/base/time";
import { devices, haGroups, networks, services } from "@tandem/central/fleet/tables";
import type { HaForm } from "@tandem/central/ha/ha-form";
import type { HighAvailability } from "@tandem/central/ha/shell";
import { createRow, deleteRow, type Edit, updateRow } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import type { Columns, Table } from "@tandem/replica/schema";
import type { Random } from "./random.ts";
import type { Run } from "./run.ts";
import { linkPort, type Unit } from "./unit.ts";

const cidrs = Array.from({ length: 7 }, (_, index) => `10.${index + 1}.0.0/16`);
const ids = ["aaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaa2", "aaaaaaaaaaaaaaa3", "aaaaaaaaaaaaaaa4"];
const groups = ["bbbbbbbbbbbbbbb1", "bbbbbbbbbbbbbbb2"];

/** Since wire version 2: devices' services, which an earlier unit cannot hold. */
const serviceKeys = ids.map((id) => `${id} tcp 10.1.0.80 443`);
const serviceShare = 0.3;

const thinkMaxMs = 3 * minute;

type Row = RowView<Columns> | undefined;

export class Operators {
  readonly #run: Run;
  readonly #random: Random;
  readonly #later: Random;
  #edits = 0;
  /** Accepted in this phase. */
  accepted = 0;
  refused = 0;

  constructor(run: Run, random: Random) {
    this.#run = run;
    this.#random = random;
    this.#later = random.stream("later tables");
  }

  /** For so long both units' operators busy themselves with one and the same thing. */
  contend(durationMs: number): void {
    const place = this.#place();
    for (let left = this.#random.integer(3, 7); left > 0; left -= 1)
      this.#run.engine.after(this.#random.between(0, durationMs), () =>
        this.edit(this.#random.pick(this.#run.pair), place),
      );
  }

  #place(): readonly [Table, string] {
    const random = this.#random;
    return random.weighted<readonly [Table, string]>([
      [5, [networks as unknown as Table, random.pick(cidrs)]],
      [4, [devices as unknown as Table, random.pick(ids)]],
      [1, [haGroups as unknown as Table, random.pick(groups)]],
    ]);
  }

  /** The unit's operator reads something, thinks, and changes it. */
  edit(unit: Unit, place = this.#place()): void {
    const random = this.#random;
    const { ha } = unit;
    if (ha === undefined || !unit.isRunning) return;
    const open = ha.conflicts().filter((conflict) => conflict.resolution === null);
    if (open.length > 0 && random.chance(0.15)) {
      const { id } = random.pick(open);
      const kind = random.pick(["restore", "dismiss"] as const);
      this.#write(unit, [{ kind, conflict: id }], `${kind}s conflict ${id.slice(0, 6)}`);
      return;
    }
    const isService = this.#run.hasHadOtherVersion && unit.wire > 1 && this.#later.chance(serviceShare);
    const [table, key] = isService
      ? ([services as unknown as Table, this.#later.pick(serviceKeys)] as const)
      : place;
    const read: Row = ha.row(table, key);
    if (random.chance(0.5)) this.#change(unit, table, key, read, true);
    else
      this.#run.engine.after(random.between(0, thinkMaxMs), () =>
        this.#change(unit, table, key, read, random.chance(0.9)),
      );
  }

  /** A network, if the unit has none: without one on both no pair comes about (CH10). */
  needNetwork(unit: Unit): void {
    const { ha } = unit;
    if (ha === undefined || !unit.isRunning || ha.rows(networks).length > 0) return;
    const cidr = this.#random.pick(cidrs);
    this.#write(unit, [createRow(networks, { cidr, name: `first of ${unit.name}` })], `adds ${cidr}`);
  }

  /** Sets a device and an action on it up. */
  schedule(unit: Unit, edits: readonly Edit[]): void {
    this.#write(unit, edits, "schedules an action");
  }

  #change(unit: Unit, table: Table, key: string, read: Row, withTag: boolean): void {
    const random = this.#random;
    const name = `n${random.integer(1, 6)}`;
    if (read === undefined) {
      this.#write(unit, [createOf(table, key, name, random)], `creates ${table.name} ${key}`);
      return;
    }
    const expected = withTag ? read.tag : undefined;
    if (random.chance(0.15)) {
      this.#write(unit, [deleteRow(table, key, expected)], `deletes ${table.name} ${key}`);
      return;
    }
    const values =
      table.name === "networks"
        ? random.pick([{ name }, { description: name }, { name, description: `${name}!` }])
        : table.name === "devices"
          ? random.pick([
              { name },
              { address: `10.1.0.${random.integer(1, 9)}` },
              { port: random.integer(1, 9) },
              { user: name, password: `secret ${name}` },
            ])
          : table.name === "services"
            ? { parameters: { Nickname: name } }
            : { name };
    this.#write(
      unit,
      [updateRow(table, key, values as never, expected)],
      `sets ${Object.keys(values).join()} of ${table.name} ${key}`,
    );
  }

  #write(unit: Unit, edits: readonly Edit[], what: string): void {
    const run = this.#run;
    this.#edits += 1;
    const author = `op${this.#edits}`;
    const written = unit.within((ha) => {
      run.checkers.editsKept.begun(author);
      return ha.write(edits, author, what);
    });
    if (written === null) return;
    void written.then(
      (result) => {
        if (!unit.isUp) return;
        if (result.ok) {
          this.accepted += 1;
          run.say(`operator at ${unit.name}`, `${author} ${what}: on ${result.value}`);
          run.acknowledged(author, result.value);
        } else {
          this.refused += 1;
          run.say(`operator at ${unit.name}`, `${author} ${what}: refused, ${result.error.code}`);
        }
      },
      (error: Error) => run.say(`operator at ${unit.name}`, `${author} ${what}: no answer, ${error.message}`),
    );
  }

  // The pair's settings.

  form(unit: Unit, peer: Unit | null, change: Partial<HaForm> = {}): HaForm {
    return {
      ...unit.settings,
      ...change,
      peer: peer === null ? null : { key: peer.haKey, address: peer.machine.address, port: linkPort },
    };
  }

  apply(unit: Unit, peer: Unit | null, change: Partial<HaForm>, why: string): void {
    const run = this.#run;
    const { overwriting } = run.checkers;
    const applied = unit.within((ha) => ha.apply(this.form(unit, peer, change)));
    if (applied === null) return;
    const answered = overwriting.applying(unit.identity.unit);
    void applied.finally(answered).then(
      (result) =>
        run.say(
          `operator at ${unit.name}`,
          `presses Apply (${why}): ${result.ok ? result.value.ourState : result.error.map(({ code }) => code).join()}`,
        ),
      (error: Error) =>
        run.say(`operator at ${unit.name}`, `presses Apply (${why}): no answer, ${error.message}`),
    );
  }

  do(unit: Unit, what: string, body: (ha: HighAvailability) => void): void {
    const { ha } = unit;
    if (ha === undefined || !unit.isRunning) return;
    try {
      body(ha);
      this.#run.say(`operator at ${unit.name}`, what);
    } catch (error) {
      this.#run.say(`operator at ${unit.name}`, `${what}: ${(error as Error).message}`);
    }
    this.#run.engine.settled();
  }

  /** Something about the pair itself is changed, or tried in vain. */
  act(): void {
    const random = this.#random;
    const run = this.#run;
    const unit = random.pick(run.pair);
    const peer = run.peerOf(unit);
    const kind = random.weighted([
      [4, "preferred"],
      [2, "interval"],
      [2, "disable"],
      [2, "refresh"],
      [2, "wrong"],
      [1, "unpair"],
      [1, "act"],
      [4, "handover"],
    ] as const);
    switch (kind) {
      case "preferred":
        this.apply(unit, peer, { preferredMaster: !unit.settings.preferredMaster }, "Preferred Master");
        break;
      case "interval": {
        const before = unit.settings.heartbeatMs;
        // A second is much work for the simulator: only for a while.
        const isBurst = random.chance(0.3);
        const heartbeatMs = (isBurst ? random.integer(1, 5) : random.integer(30, 60)) * second;
        this.apply(unit, peer, { heartbeatMs }, `heartbeat every ${heartbeatMs / second} s`);
        if (isBurst)
          run.engine.after(random.between(minute, 8 * minute), () =>
            this.apply(
              unit,
              run.peerOf(unit),
              { heartbeatMs: before },
              `heartbeat every ${before / second} s`,
            ),
          );
        break;
      }
      case "disable":
        this.apply(unit, peer, { disabled: true }, "Disable");
        run.engine.after(random.between(second, 20 * minute), () =>
          this.apply(unit, run.peerOf(unit), { disabled: false }, "enable"),
        );
        break;
      case "refresh":
        this.do(unit, "presses Refresh", (ha) => ha.refresh());
        break;
      case "wrong":
        this.apply(unit, unit, {}, "with the unit's own key");
        break;
      case "unpair":
        run.rePair(unit, random.chance(0.5));
        break;
      case "handover":
        this.do(unit, "asks for a handover", (ha) => void ha.handover());
        break;
      case "act":
        this.do(unit, "tells the unit to act", (ha) => ha.act());
        break;
    }
  }
}

const createOf = (table: Table, key: string, name: string, random: Random): Edit => {
  switch (table.name) {
    case "networks":
      return createRow(networks, { cidr: key, name });
    case "devices":
      return createRow(devices, {
        id: key,
        name,
        address: `10.1.0.${random.integer(1, 9)}`,
        port: 443,
        user: "bal",
        password: "secret",
        certificateFingerprint: "f".repeat(64),
      });
    case "services": {
      const [device = ""] = key.split(" ");
      return createRow(services, { device, protocol: "tcp", address: "10.1.0.80", port: 443 });
    }
    default:
      return createRow(haGroups, {
        id: key,
        name,
        sharedAddress: "10.1.0.100",
        members: [ids[0] as string, ids[1] as string],
      });
  }
};
