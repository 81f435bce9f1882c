/**
 * Licences in the pair's simulator: on each Central the production `Licensing`, LoadMasters that license themselves
 * against either one, and operators who recover licences, move shares and import renewals. There are more LoadMasters
 * than licences. The pure core works on verified claims, so nothing is signed here.
 */
import { unreachable } from "@tandem/base/assert";
import { err } from "@tandem/base/result";
import { minute, second } from "@tandem/base/time";
import type { HighAvailability } from "@tandem/central/ha/shell";
import { Licensing } from "@tandem/central/licensing/licensing";
import { licenceShares, licences } from "@tandem/central/licensing/tables";
import { meteredUnits } from "@tandem/central/metering/metered-units";
import { Metering } from "@tandem/central/metering/metering";
import { monthReports } from "@tandem/central/metering/month-reading";
import { freeOf } from "@tandem/licensing/activation";
import type { CentralLicence, CentralLicenceState } from "@tandem/licensing/central-licence";
import { amountOf, decidingStandings, issuedBy } from "@tandem/licensing/holder";
import { monthOf } from "@tandem/licensing/month";
import { type LimitedKind, limitedKinds, limitOf } from "@tandem/licensing/shares";
import { meteringSlotMs } from "@tandem/licensing/throughput";
import type { Answer, Send } from "@tandem/licensing/unit-licence";
import type { LicenceGrant, LicenceRequest } from "@tandem/licensing/wire";
import { meteringKeeping } from "@tandem/storage/statistics-store";
import {
  emptyStatisticsMemory,
  openStatisticsMemory,
  type StatisticsMemory,
} from "@tandem/storage/statistics-store-memory";
import { Escrow, type LedgerDocuments, type Ledgers, rowsOf } from "../checkers/escrow.ts";
import { checkHolders, type HeldOn, type LicensedUnit } from "../checkers/licence-holders.ts";
import { checkMonth } from "../checkers/month.ts";
import { checkStatistics } from "../checkers/statistics.ts";
import type { Process } from "../machine.ts";
import { PolledDevice } from "../polled-device.ts";
import type { Random } from "../random.ts";
import type { Run } from "../run.ts";
import type { Unit } from "../unit.ts";
import { LicenceIssuer } from "./central-licences.ts";
import { centralOf, LicensedLoadMaster } from "./licensed-load-master.ts";

const loadMastersMax = 7;
const checkIntervalMs = 24 * 60 * minute;
/** Of the seeds with licences, in how many the throughput of whoever is licensed is sampled. */
const meteringShare = 0.2;
/** Licences came with wire version 2. */
const hasLicensing = (unit: Unit): boolean => unit.wire > 1;
/** How often somebody tries again to import a licence. */
const importAgainMs = 2 * minute;

/** The licence of a Central, which outlives its processes. */
type Installed = { licence: CentralLicence | null; readonly listeners: Set<() => void> };
type Serving = { readonly process: Process; readonly licensing: Licensing };

export class LicensingWorkload {
  readonly escrow: Escrow;
  readonly #run: Run;
  readonly #random: Random;
  readonly #issuer: LicenceIssuer;
  readonly #installed = new Map<Unit, Installed>();
  readonly #serving = new Map<Unit, Serving>();
  readonly #loadMasters: LicensedLoadMaster[] = [];
  /** LoadMasters that there are two of. */
  readonly #copied = new Set<string>();
  /** What each unit has sampled; null: nothing is sampled in this run. */
  readonly #samples: Map<Unit, StatisticsMemory> | null;
  readonly #counting = new PolledDevice();
  #latest: CentralLicence;
  #fresh = 0;
  #isMended = false;

  constructor(run: Run, random: Random) {
    this.#run = run;
    this.#random = random;
    this.escrow = new Escrow((message) => run.fail("escrow", message));
    this.#issuer = new LicenceIssuer(random.stream("issuer"));
    const [a, b] = run.pair;
    this.#latest = this.#issuer.first([a.identity.unit, b.identity.unit]);
    for (const unit of run.pair) this.#installedOn(unit).licence = this.#latest;
    this.#samples = random.stream("metering").chance(meteringShare) ? new Map() : null;
    const count = random.integer(4, loadMastersMax);
    for (let index = 1; index <= count; index += 1) this.#loadMasters.push(this.#loadMaster(`lm${index}`));
  }

  /** LoadMasters and operators do so many things in this time. */
  schedule(fromMs: number, lengthMs: number): void {
    const random = this.#random;
    for (let left = random.integer(25, 45); left > 0; left -= 1)
      this.#run.engine.at(fromMs + random.between(0, lengthMs), () => {
        // What comes close together meets the same fault.
        const burst = random.chance(0.3) ? random.integer(2, 5) : 1;
        for (let each = 0; each < burst; each += 1)
          this.#run.engine.after(each === 0 ? 0 : random.between(0, 20 * second), () => this.#act());
      });
  }

  started(unit: Unit, ha: HighAvailability, process: Process): void {
    if (!hasLicensing(unit)) return;
    const installed = this.#installedOn(unit);
    installed.listeners.clear();
    const licensing = new Licensing({
      world: process.world,
      pair: followed(ha, process),
      own: {
        current: () => standOf(installed.licence),
        onChange: (listener) => {
          installed.listeners.add(listener);
          return () => installed.listeners.delete(listener);
        },
      },
      ledger: unit.openLedger(),
      // No LoadMaster says here how it is managed, so none is looked for in the tree.
      contact: async () => err({ kind: "timeout", message: "there are no devices", timeoutMs: 0 }),
      note: ({ message }) => this.#run.say(unit.name, message),
    });
    this.#serving.set(unit, { process, licensing });
    if (this.#samples !== null) this.#startMetering(unit, ha, process, this.#samples);
  }

  get hasMetering(): boolean {
    return this.#samples !== null;
  }

  /** ML6: both units have the same samples and make the same month of them; nothing is counted twice. */
  async checkMetering(): Promise<void> {
    const samples = this.#samples;
    const [a, b] = this.#run.pair;
    if (samples === null || !this.isServed || !hasLicensing(a) || !hasLicensing(b)) return;
    const report = (message: string): void => this.#run.fail("metering", message);
    const stores = [a, b].map((unit) => openStatisticsMemory(memoryOf(samples, unit), meteringKeeping));
    const [ofA, ofB] = stores.map((store) => [...store.all()]);
    checkStatistics(ofA ?? [], ofB ?? [], this.#counting.connectionsAt(this.#run.engine.now), report);
    const wall = Math.max(a.machine.wall(), b.machine.wall());
    const months = [];
    for (const [index, unit] of [a, b].entries()) {
      const store = stores[index];
      const { ha } = unit;
      if (store === undefined || ha === undefined) return;
      const ports = { store, slotMs: meteringSlotMs, units: meteredUnits(ha, 1), othersTurn: async () => {} };
      months.push(await monthReports(ports, monthOf(wall), wall));
    }
    checkMonth(months[0], months[1], report);
  }

  ledgerWritten(unit: Unit, before: LedgerDocuments): void {
    this.escrow.written(
      unit.identity.unit,
      before,
      this.#run.units.map((each) => this.#ledgersOf(each)),
    );
  }

  /** An operator has removed `leaving`; `comes` takes its place, or it comes back itself. */
  rePaired(staying: Unit, leaving: Unit, comes: Unit | null): void {
    this.escrow.declaredDead(leaving.identity.unit, staying.identity.unit);
    if (comes === null) return;
    this.#latest = this.#issuer.replacing(this.#latest, staying.identity.unit, comes.identity.unit);
    this.#installedOn(comes).licence = null;
    const licence = this.#latest;
    const isOver = (): boolean => {
      const belonging = this.#ready(staying)?.ha.belonging;
      return (
        belonging !== undefined && !(belonging.kind === "paired" && belonging.peer === leaving.identity.unit)
      );
    };
    const hasJoined = (): boolean => {
      const belonging = this.#ready(comes)?.ha.belonging;
      return belonging?.kind === "paired" && belonging.peer === staying.identity.unit;
    };
    this.#import(staying, licence, isOver, () => this.#import(comes, licence, hasJoined, () => undefined));
  }

  // What is looked at when nothing is in the way any more.

  get isServed(): boolean {
    return this.#run.pair.every((unit) => this.#ready(unit) !== undefined);
  }

  get isQuiet(): boolean {
    return this.#loadMasters.every(({ isBusy }) => !isBusy);
  }

  /** Copies are switched off, and nothing gets lost any more. */
  mend(): void {
    this.#isMended = true;
    this.#loadMasters.splice(
      0,
      this.#loadMasters.length,
      ...this.#loadMasters.filter(({ name }) => !name.endsWith("copy")),
    );
    for (const loadMaster of this.#loadMasters) loadMaster.mend();
  }

  goOn(): void {
    this.#isMended = false;
    for (const loadMaster of this.#loadMasters) loadMaster.goOn();
  }

  /** Both know what the other has written: from now on nobody is excused. */
  together(): void {
    const [a, b] = this.#run.pair;
    this.escrow.together(a.identity.unit, b.identity.unit);
  }

  askAll(): void {
    this.#loadMasters.forEach((loadMaster, index) => {
      this.#run.engine.after(index * 200, () => loadMaster.check());
    });
  }

  /** What was not imported in time is tried again. */
  importLatest(): void {
    for (const unit of this.#run.pair)
      if (this.#installedOn(unit).licence?.id !== this.#latest.id)
        this.#import(
          unit,
          this.#latest,
          () => true,
          () => undefined,
        );
  }

  checkHolders(): void {
    const [a, b] = this.#run.pair.map((unit) => this.#heldOn(unit));
    if (a === undefined || b === undefined) return;
    const loadMasters = this.#loadMasters
      .filter(({ id }) => !this.#copied.has(id))
      .map(
        ({ id, grantedNumber, grantedBy, lastCheck }): LicensedUnit => ({
          unit: id,
          granted: grantedNumber,
          grantedBy,
          isHeld: grantedNumber > 0 && lastCheck === "held",
        }),
      );
    checkHolders([a, b], loadMasters, (message) => this.#run.fail("one holder", message));
  }

  /**
   * Somebody asks a Central for a licence that there is room for: a LoadMaster that is new or, where there is no room,
   * one that the other Central licenses, and which brings its room along. Answers what is to be true when the answer
   * has come; null where nothing could be asked for.
   */
  askForRoom(): (() => void) | null {
    const unit = this.#random.pick(this.#run.pair);
    const kind = this.#random.pick(this.#latest.pool === null ? (["local"] as const) : limitedKinds);
    const type = kind === "local" ? "local" : "pool-50";
    const room = this.#roomAt(unit, kind);
    const isRoom = room >= amountOf(type, kind);
    const asking = isRoom ? this.#freshLoadMaster() : this.#heldAt(this.#run.peerOf(unit), type);
    if (asking === undefined || room < 0) return null;
    this.#run.say("licensing", `${asking.name} must get ${type} from ${unit.name}`);
    asking.activate(type, centralOf(unit.identity.unit, unit.name));
    return () => {
      const { stand } = asking.state;
      if (stand.kind === "licensed" && stand.licence.grant.central === unit.identity.unit) return;
      this.#run.fail(
        "licensing progress",
        `${isRoom ? `there is room for ${room} (${kind})` : `the other Central licenses it`}, and ${asking.name} got no licence of the type ${type} from ${unit.name}`,
      );
    };
  }

  // What LoadMasters and operators do.

  #act(): void {
    if (this.#isMended) return;
    const run = this.#run;
    const random = this.#random;
    const loadMaster = random.pick(this.#loadMasters);
    const { name } = loadMaster;
    const unit = random.chance(0.03) ? random.pick(run.units) : random.pick(run.pair);
    const what = random.weighted([
      [8, "activate"],
      [4, "both"],
      [5, "check"],
      [3, "release"],
      [1, "snapshot"],
      [1, "restore"],
      [1, "restart"],
      [1, "copy"],
      [1, "cut"],
      [1, "recover"],
      [2, "share"],
      [1, "renewal"],
    ] as const);
    switch (what) {
      case "activate":
        this.#activate(loadMaster, unit);
        break;
      case "both":
        this.#activate(loadMaster, unit);
        // Whoever has no patience starts the unit again, and asks the other one.
        run.engine.after(random.chance(0.5) ? random.between(0, 100) : random.between(0, 15 * second), () => {
          loadMaster.restart();
          this.#activate(loadMaster, run.peerOf(unit));
        });
        break;
      case "check":
        loadMaster.check();
        break;
      case "release":
        run.say(name, "gives its licence back");
        loadMaster.release(random.chance(0.2));
        break;
      case "snapshot":
        loadMaster.takeSnapshot();
        break;
      case "restore":
        if (loadMaster.restoreSnapshot()) run.say(name, "is as it was when a snapshot was taken");
        break;
      case "restart":
        loadMaster.restart();
        break;
      case "copy":
        this.#copy(loadMaster);
        break;
      case "cut":
        loadMaster.cutFrom(unit.name, random.between(minute, 40 * minute));
        break;
      case "recover":
        this.#recover(unit, loadMaster.id);
        break;
      case "share":
        this.#moveShare(unit);
        break;
      case "renewal":
        this.#renew();
        break;
      default:
        unreachable(what);
    }
  }

  #activate(loadMaster: LicensedLoadMaster, unit: Unit): void {
    const random = this.#random;
    const kind = random.weighted([
      [6, "local"],
      [2, "pool"],
      [1, "metered"],
    ] as const);
    const type = kind === "pool" ? random.pick(["pool-50", "pool-100", "pool-200"]) : kind;
    this.#run.say(loadMaster.name, `asks ${unit.name} for the licence ${type}`);
    loadMaster.activate(type, centralOf(unit.identity.unit, unit.name));
  }

  /** From now on there are two with one key, and both ask. */
  #copy(loadMaster: LicensedLoadMaster): void {
    if (this.#copied.size > 0) return;
    this.#copied.add(loadMaster.id);
    this.#run.say(loadMaster.name, "there are two of it from now on");
    const copy = this.#loadMaster(`${loadMaster.name} copy`, loadMaster);
    this.#loadMasters.push(copy);
  }

  #loadMaster(name: string, from?: LicensedLoadMaster): LicensedLoadMaster {
    return new LicensedLoadMaster(
      name,
      this.#run.engine,
      this.#random.stream(name),
      (loadMaster, address, send, answered) => this.#carry(loadMaster, address, send, answered),
      from,
    );
  }

  #freshLoadMaster(): LicensedLoadMaster {
    this.#fresh += 1;
    const fresh = this.#loadMaster(`fresh${this.#fresh}`);
    fresh.mend();
    this.#loadMasters.push(fresh);
    return fresh;
  }

  #recover(unit: Unit, id: string): void {
    const serving = this.#ready(unit);
    if (serving === undefined) return;
    this.#run.say(`operator at ${unit.name}`, `recovers the licence of ${id}`);
    this.#follow(unit, serving.licensing.recover(id, "admin"));
  }

  #moveShare(unit: Unit): void {
    const serving = this.#ready(unit);
    if (serving === undefined) return;
    const kind = this.#random.pick(limitedKinds);
    const amount = kind === "local" ? this.#random.integer(1, 3) : 50 * this.#random.integer(1, 4);
    this.#run.say(`operator at ${unit.name}`, `moves ${amount} (${kind}) here`);
    this.#follow(unit, serving.licensing.moveShare(kind, amount));
  }

  /** Nobody waits for it; what could not be kept is refused, or ends the process. */
  #follow(unit: Unit, doing: Promise<unknown>): void {
    const { process } = unit.machine;
    // A process that died at its disk within the call is not there any more.
    doing.catch(() => {});
    this.#run.engine.settled();
    void process?.follow(doing).catch((error: Error) => {
      if (process.isAlive) this.#run.say(unit.name, `no: ${error.message}`);
    });
  }

  // Central's own licences.

  #renew(): void {
    const random = this.#random;
    const licence = this.#issuer.renewal(this.#latest);
    this.#latest = licence;
    const [first, then] = random.chance(0.5) ? this.#run.pair : [...this.#run.pair].reverse();
    const always = (): boolean => true;
    if (first !== undefined) this.#import(first, licence, always, () => undefined);
    this.#run.engine.after(random.between(0, 60 * minute), () => {
      if (then !== undefined) this.#import(then, licence, always, () => undefined);
    });
  }

  /** Once it can be done; where the unit refuses it, the one that it has stays. */
  #import(unit: Unit, licence: CentralLicence, isTime: () => boolean, done: () => void): void {
    if (this.#latest !== licence) return;
    const serving = this.#ready(unit);
    if (serving === undefined || !isTime()) {
      this.#run.engine.after(importAgainMs, () => this.#import(unit, licence, isTime, done));
      return;
    }
    const own = unit.identity.unit;
    const mine = licence.units.find((named) => named.unit === own);
    const fault = serving.licensing.faultOfImport(licence);
    this.#run.say(
      `operator at ${unit.name}`,
      `imports a licence for ${mine?.local} and ${mine?.poolMbps} Mbit/s here, of ${licence.local?.allowance} and ${licence.pool?.capacityMbps ?? 0}: ${fault?.message ?? "accepted"}`,
    );
    if (fault === null) {
      const installed = this.#installedOn(unit);
      const before = installed.licence?.units.find((named) => named.unit === own);
      if (
        installed.licence?.account === licence.account &&
        before !== undefined &&
        mine !== undefined &&
        (mine.local < before.local || mine.poolMbps < before.poolMbps)
      )
        this.escrow.shrunk(own);
      installed.licence = licence;
      for (const listener of installed.listeners) listener();
      this.#run.engine.settled();
    }
    done();
  }

  #installedOn(unit: Unit): Installed {
    const there = this.#installed.get(unit) ?? { licence: null, listeners: new Set() };
    this.#installed.set(unit, there);
    return there;
  }

  // Centrals, as LoadMasters meet them.

  /** What of a unit answers at this moment. */
  #ready(unit: Unit): (Serving & { readonly ha: HighAvailability }) | undefined {
    const serving = this.#serving.get(unit);
    const { ha } = unit;
    return serving !== undefined &&
      ha !== undefined &&
      unit.isRunning &&
      serving.process === unit.machine.process
      ? { ...serving, ha }
      : undefined;
  }

  #carry(
    loadMaster: LicensedLoadMaster,
    address: string,
    send: Send,
    answered: (answer: Answer) => void,
  ): void {
    const unit = this.#run.units.find(({ name }) => name === address);
    const process = unit?.machine.process ?? null;
    const serving = unit === undefined ? undefined : this.#serving.get(unit);
    // What stands still answers later, or never.
    if (unit === undefined || process === null || serving?.process !== process) return;
    process.run(() => {
      this.#run.engine.settled();
      void process.follow(this.#answer(unit, serving.licensing, loadMaster, send)).then(
        (answer) => {
          if (process.isAlive) answered(answer);
        },
        (error: Error) => {
          if (!process.isAlive) return;
          this.#run.say(unit.name, `cannot answer ${loadMaster.name}: ${error.message}`);
          answered({
            kind: "refused",
            code: "not-kept",
            message: error.message,
            remedy: "",
            lastNumber: null,
          });
        },
      );
    });
  }

  async #answer(
    unit: Unit,
    licensing: Licensing,
    loadMaster: LicensedLoadMaster,
    send: Send,
  ): Promise<Answer> {
    const central = unit.identity.unit;
    const request = this.#requestOf(loadMaster, send);
    const centrals = [unit, ...(this.#run.pair.includes(unit) ? [this.#run.peerOf(unit)] : [])].map((each) =>
      centralOf(each.identity.unit, each.name),
    );
    switch (send.purpose) {
      case "activate": {
        const granted = await licensing.activate(request, null, request.address);
        if (!granted.ok) {
          const { code, message, remedy, lastNumber } = granted.error;
          this.#run.say(unit.name, `refuses ${loadMaster.name} a licence: ${code}`);
          return { kind: "refused", code, message, remedy, lastNumber };
        }
        const { number, type, grantedAt } = granted.value;
        const grant: LicenceGrant = {
          unit: loadMaster.id,
          number,
          type,
          central,
          holder: "Example",
          grantedAt,
          checkIntervalMs,
          graceMs: checkIntervalMs,
          centrals,
        };
        return {
          kind: "granted",
          grant,
          text: JSON.stringify(grant),
          key: centralOf(central, unit.name).key ?? "",
        };
      }
      case "check": {
        const grant = JSON.parse(send.grant) as LicenceGrant;
        const checked = await licensing.check(request, grant, grant.central === central);
        this.#run.say(unit.name, `tells ${loadMaster.name} of its licence: ${checked.state}`);
        return {
          kind: "checked",
          check: {
            unit: loadMaster.id,
            number: send.number,
            central,
            at: unit.machine.wall(),
            ...checked,
            centrals,
          },
        };
      }
      case "release":
        return (await licensing.release(request))
          ? { kind: "released" }
          : { kind: "refused", code: "not-held", message: "", remedy: "", lastNumber: null };
      default:
        return unreachable(send);
    }
  }

  #requestOf(loadMaster: LicensedLoadMaster, send: Send): LicenceRequest {
    return {
      purpose: send.purpose,
      unit: loadMaster.id,
      number: send.number,
      type: send.purpose === "activate" ? send.type : null,
      name: loadMaster.name,
      version: "1.0.0",
      serial: "",
      machine: loadMaster.machine,
      address: "10.1.0.60",
      port: 443,
      certificateFingerprint: "f".repeat(64),
      partner: null,
      at: 0,
    };
  }

  #startMetering(
    unit: Unit,
    ha: HighAvailability,
    process: Process,
    samples: Map<Unit, StatisticsMemory>,
  ): void {
    new Metering<PolledDevice>({
      world: process.world,
      store: openStatisticsMemory(memoryOf(samples, unit), meteringKeeping),
      pair: ha,
      // Here a LoadMaster is its own device.
      units: () => meteredUnits(ha, 1).map((metered) => ({ ...metered, device: metered.unit })),
      targetOf: () => this.#counting,
      fetch: (device) => {
        if (!ha.isActing) this.#run.fail("metering", `${unit.name} samples and does not act`);
        return device.fetch(process);
      },
      note: () => undefined,
    });
  }

  // What checkers look at.

  #ledgersOf(unit: Unit): Ledgers {
    const { ha } = unit;
    return {
      unit: unit.identity.unit,
      name: unit.name,
      documents: unit.ledger,
      licence: this.#installedOn(unit).licence,
      heard:
        ha === undefined || !hasLicensing(unit)
          ? { rows: [], gifts: [] }
          : {
              rows: ha.rows(licences).map(({ values }) => values),
              gifts: ha.rows(licenceShares).map(({ values }) => values),
            },
      isOfPair: this.#run.pair.includes(unit) && ha?.belonging.kind !== "removed",
    };
  }

  #heldOn(unit: Unit): HeldOn | undefined {
    const view = this.#ready(unit)?.licensing.view();
    if (view === undefined) return undefined;
    return {
      name: unit.name,
      unit: unit.identity.unit,
      rows: view.rows,
      gifts: view.gifts,
      own: {
        rows: rowsOf(unit.ledger),
        gifts: view.gifts.filter(({ giver }) => giver === unit.identity.unit),
      },
    };
  }

  /** How much of a kind could be granted at a unit: what it has free, less than 0 included, and what its peer could give. */
  #roomAt(unit: Unit, kind: LimitedKind): number {
    const [own, other] = [unit, this.#run.peerOf(unit)].map((each) => this.#ready(each)?.licensing.view());
    if (own?.licence.state !== "valid" || other?.licence.state !== "valid") return -1;
    const { licence } = own.licence;
    // Where a renewal was imported on one unit alone, neither may use all that its licence allows.
    if (licence.id !== other.licence.licence.id) return -1;
    const free = limitOf(licence, kind, own.gifts, own.self) - issuedBy(own.rows, own.self, kind);
    return free + freeOf(other, other.licence.licence, kind);
  }

  #heldAt(unit: Unit, type: string): LicensedLoadMaster | undefined {
    const view = this.#ready(unit)?.licensing.view();
    const held = decidingStandings(view?.rows ?? []);
    return this.#loadMasters.find(({ id }) => {
      const row = held.get(id);
      return row?.central === unit.identity.unit && row.state === "held" && row.type === type;
    });
  }
}

function memoryOf(samples: Map<Unit, StatisticsMemory>, unit: Unit): StatisticsMemory {
  const memory = samples.get(unit) ?? emptyStatisticsMemory();
  samples.set(unit, memory);
  return memory;
}

const standOf = (licence: CentralLicence | null): CentralLicenceState =>
  licence === null
    ? { state: "none", licence: null, message: "there is no licence" }
    : { state: "valid", licence };

/** The pair, with what licensing writes on its own account waited for. */
const followed = (ha: HighAvailability, process: Process) => ({
  identity: ha.identity,
  get belonging() {
    return ha.belonging;
  },
  rows: ha.rows.bind(ha),
  row: ha.row.bind(ha),
  onChange: ha.onChange.bind(ha),
  channel: ha.channel.bind(ha),
  write: (...edit: Parameters<HighAvailability["write"]>) => {
    process.machine.engine.settled();
    return process.follow(ha.write(...edit));
  },
});
