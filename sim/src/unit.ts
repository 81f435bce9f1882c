/** One Central: the production shell of the pair over this simulator's seams, and what may befall its process. */
import { assert } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import { unitIdOf } from "@tandem/base/ids";
import { snapshots } from "@tandem/central/files/tables";
import { fleetTables, networks } from "@tandem/central/fleet/tables";
import { askPeer } from "@tandem/central/ha/ha-form";
import type { HaSeams } from "@tandem/central/ha/seams";
import { newSettings } from "@tandem/central/ha/settings-file";
import { HighAvailability } from "@tandem/central/ha/shell";
import type { TimelineEntry } from "@tandem/central/ha/timeline";
import { speakingVersion1 } from "@tandem/central/ha/wire-version-1";
import { ledgerInMemory } from "@tandem/central/licensing/ledger-file";
import type { LedgerFile } from "@tandem/central/licensing/ports";
import { licensingTables } from "@tandem/central/licensing/tables";
import { scheduleTables } from "@tandem/central/schedule/tables";
import { type HaSettings, newDurable, type PairDurable } from "@tandem/pair/state";
import { formatHaKey } from "@tandem/peer-link/ha-key";
import type { Identity } from "@tandem/peer-link/identity";
import { PeerLink } from "@tandem/peer-link/link";
import { Replica } from "@tandem/replica/replica";
import type { Table } from "@tandem/replica/schema";
import { emptyVector } from "@tandem/replica/version";
import { emptyMemoryFileDisk } from "@tandem/storage/memory-file-store";
import type { Change } from "@tandem/storage/store";
import { Disk, type DiskImage, slotOf } from "./disk.ts";
import type { Engine } from "./engine.ts";
import { Machine, Process } from "./machine.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";

export const linkPort = 6974;
const tables = [
  ...fleetTables,
  ...scheduleTables,
  ...licensingTables,
  snapshots,
] as unknown as readonly Table[];
/** A program refuses rows of tables that came after it, from its peer as from its disk. */
const tablesOf = (wire: number): readonly Table[] => tables.filter(({ since }) => since <= wire);

/** Who looks on. All is told in the turn in which it happens. */
export type UnitObserver = {
  started(unit: Unit): void;
  ended(unit: Unit, how: string): void;
  entry(unit: Unit, entry: TimelineEntry): void;
  committing(unit: Unit, label: string, changes: readonly Change[]): void;
  committed(unit: Unit, label: string, changes: readonly Change[]): void;
  backedUp(unit: Unit, name: string, replica: Replica): void;
  /** `before`: the documents that there were. */
  ledgerWritten(unit: Unit, before: ReadonlyMap<string, Json>): void;
  /** The process ended by itself: its state could not be kept, or it is at fault. */
  failed(unit: Unit, error: Error): void;
};

/** Where a process is to die: at the disk call of this label (`*`: any), before it or after it. */
export type CrashPoint = { readonly label: string; readonly when: "before" | "after" };

class Crash extends Error {}

export class Unit {
  readonly name: string;
  readonly machine: Machine;
  readonly identity: Identity;
  readonly disk: Disk;
  /** Beside the database: the files that rows name. */
  readonly files = emptyMemoryFileDisk();
  /** Beside the database too, and like the identity in no backup: what it has granted and given. */
  readonly ledger = new Map<string, Json>();
  settings: HaSettings = newSettings;
  /** The wire version that its program speaks, and whose tables it knows. */
  wire: 1 | 2 = 2;
  /** Undefined while no process runs that has come up. */
  ha: HighAvailability | undefined;
  crashPoint: CrashPoint | null = null;
  /** `label` is that of the disk call at which it died. */
  onCrash: ((label: string, when: CrashPoint["when"]) => void) | null = null;
  readonly #network: Network;
  readonly #random: Random;
  readonly #observer: UnitObserver;
  #starts = 0;

  constructor(
    name: string,
    address: string,
    engine: Engine,
    network: Network,
    random: Random,
    observer: UnitObserver,
  ) {
    this.name = name;
    this.machine = new Machine(name, address, engine);
    this.#network = network;
    this.#random = random;
    this.#observer = observer;
    const fingerprint = sha256Hex(`${name} ${random.hex(8)}`);
    this.identity = { unit: unitIdOf(fingerprint), fingerprint, certificatePem: "", privateKeyPem: "" };
    this.disk = new Disk({
      before: (label, changes) => {
        this.#crashAt(label, "before");
        observer.committing(this, label, changes);
      },
      after: (label, changes) => {
        observer.committed(this, label, changes);
        this.#crashAt(label, "after");
      },
    });
    network.add(this.machine);
  }

  get durable(): PairDurable | undefined {
    return this.disk.document("pair") as unknown as PairDurable | undefined;
  }

  get haKey(): string {
    return formatHaKey(this.identity.fingerprint);
  }

  get isUp(): boolean {
    return this.ha !== undefined && this.machine.process !== null;
  }

  get isRunning(): boolean {
    return this.isUp && this.machine.process?.isRunning === true;
  }

  /**
   * Its program is another one when it starts next. An earlier one comes with an earlier disk, which never held
   * anything of later tables.
   */
  install(wire: 1 | 2): void {
    this.wire = wire;
    this.fitDisk();
  }

  /** Leaves on the disk, after it was put back, what the unit's program can hold. */
  fitDisk(): void {
    const { documents } = this.disk.image();
    const { vector } = this.disk;
    const loaded = Replica.load(tables, { versions: this.disk.versions(), vector, clock: 0 }, "");
    assert(loaded.ok, "what is on a disk fits the latest program");
    const { claim, items, clock } = loaded.value.upTo(this.wire).deltaSince(emptyVector);
    const slots = items.map((version) => [slotOf(version), version] as const);
    this.disk.put({ versions: new Map(slots), vector: claim, clock, documents });
  }

  start(): void {
    if (this.machine.process !== null || !this.machine.isOn) return;
    this.#starts += 1;
    const process = new Process(this.machine, this.#random.stream(`process ${this.#starts}`));
    this.machine.process = process;
    process.run(() => {
      void process
        .follow(
          HighAvailability.start({
            seams: this.wire === 1 ? speakingVersion1(this.#seams(process), []) : this.#seams(process),
            name: this.name,
            identity: this.identity,
            centralVersion: "1.0.0",
            tables: tablesOf(this.wire),
            networks: networks as unknown as Table,
            onFatal: (error) => this.#failed(process, error),
            onEvent: (entry) => {
              if (process.isAlive) this.#observer.entry(this, entry);
            },
          }),
        )
        .then((ha) => {
          if (!process.isAlive) return;
          this.ha = ha;
          this.#observer.started(this);
        })
        .catch((error: Error) => this.#failed(process, error));
      this.machine.engine.settled();
    });
  }

  /** As by SIGKILL: no last word, and its kernel closes its connections. */
  kill(how = "killed"): void {
    const { process } = this.machine;
    if (process === null) return;
    this.ha = undefined;
    process.die();
    this.#network.died(process);
    this.#observer.ended(this, how);
  }

  /** The machine is without power; what a lying disk had not written is lost. */
  losePower(lostCommits: number): number {
    this.machine.isOn = false;
    this.machine.resume();
    this.kill("without power");
    return lostCommits === 0 ? 0 : this.disk.rollBack(lostCommits);
  }

  switchOn(): void {
    this.machine.isOn = true;
    this.#network.reopened();
    this.start();
  }

  /** In order; `done` when its process is gone. */
  stop(done: () => void): void {
    const { process } = this.machine;
    const { ha } = this;
    if (process === null || ha === undefined || !process.isRunning) {
      this.kill();
      done();
      return;
    }
    const gone = (): void => {
      if (process.isAlive) this.kill("stopped in order");
      done();
    };
    void process.follow(ha.stop()).then(gone, gone);
    this.machine.engine.settled();
  }

  /**
   * ML5 over the program itself, as an operator does it; its process is at its end then. False where it refuses, or
   * the backup is of a later program.
   */
  replaceBy(image: DiskImage, from: Unit): boolean {
    const { ha } = this;
    if (ha === undefined || !this.isRunning) return false;
    const stored = image.documents.get("pair") as unknown as PairDurable | undefined;
    const { pairId, seen } = { ...newDurable, ...stored };
    const writer = { unit: from.identity.unit, name: from.name, pairId, seen };
    if (ha.faultOfReplacing(writer) !== null) return false;
    const { vector, clock } = image;
    const saved = Replica.load(
      tablesOf(this.wire),
      { versions: image.versions.values(), vector, clock },
      pairId ?? "",
    );
    if (!saved.ok) return false;
    void this.within(async () =>
      ha.replaceBy(saved.value, { file: "backup.json", writer }, "operator"),
    )?.catch(() => undefined);
    return true;
  }

  /** Runs what an operator or a program of this unit does, if the unit can do anything at this moment. */
  within<Value>(body: (ha: HighAvailability) => Promise<Value>): Promise<Value> | null {
    const { ha } = this;
    const { process } = this.machine;
    if (ha === undefined || process === null || !process.isRunning) return null;
    this.machine.engine.settled();
    return process.follow(body(ha));
  }

  /** Its disk may be full, and the process may die at it, as at any other file; it does not lie. */
  openLedger(): LedgerFile {
    const file = ledgerInMemory(this.ledger);
    return {
      ...file,
      set: (documents) => {
        this.#crashAt("ledger", "before");
        if (this.disk.failure !== null) throw new Error(this.disk.failure);
        const before = new Map(this.ledger);
        file.set(documents);
        this.#observer.ledgerWritten(this, before);
        this.#crashAt("ledger", "after");
      },
    };
  }

  #seams(process: Process): HaSeams {
    return {
      world: process.world,
      store: this.disk.open(),
      settings: {
        load: () => this.settings,
        save: (settings) => this.#save(settings),
      },
      saveBackup: (name, replica) => {
        this.#crashAt("backup", "before");
        this.#observer.backedUp(this, name, replica);
        this.#crashAt("backup", "after");
        return `${name}-${this.#starts}.json`;
      },
      openLink: (ports) =>
        new PeerLink({
          identity: this.identity,
          listen: { address: this.machine.address, port: linkPort },
          endpoints: this.#network.endpoints(process),
          ...ports,
        }),
      askPeer: (peer) => askPeer(this.identity, peer, this.#network.endpoints(process)),
      ownAddresses: () => [this.machine.address],
      watchStalls: (onStall) => {
        process.watchStalls(onStall);
        return { check: () => process.checkStall(), stop: () => undefined };
      },
    };
  }

  #save(settings: HaSettings): void {
    this.#crashAt("settings", "before");
    if (this.disk.failure !== null) throw new Error(this.disk.failure);
    this.settings = settings;
    this.#crashAt("settings", "after");
  }

  #crashAt(label: string, when: CrashPoint["when"]): void {
    const point = this.crashPoint;
    if (point === null || point.when !== when || (point.label !== "*" && point.label !== label)) return;
    this.crashPoint = null;
    this.kill(`crashed ${when} the disk call "${label}"`);
    this.onCrash?.(label, when);
    throw new Crash(`simulated crash ${when} ${label}`);
  }

  #failed(process: Process, error: Error): void {
    if (!process.isAlive) return;
    this.kill(`ended: ${error.message}`);
    this.#observer.failed(this, error);
  }
}
