/**
 * One Central's side of its pair: `@tandem/pair` decides, `@tandem/replica` merges, and this gives them a disk,
 * a link, a clock and entropy, and gives the rest of Central what it reads and writes.
 *
 * A failure to persist stops the unit: the link is let go, so that the peer may take over, and the owner is told.
 */
import { unreachable } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import type { Epoch } from "@tandem/base/epoch";
import type { Incarnation, PairId, UnitId } from "@tandem/base/ids";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { second, type WallMillis } from "@tandem/base/time";
import type { PairEvent } from "@tandem/pair/events";
import { handoverNote } from "@tandem/pair/handover";
import { acceptsSnapshot, checkRequest, durableAfterSnapshot } from "@tandem/pair/pairing";
import { type BackedUpPair, durableAfterReplacing, faultOfReplacing } from "@tandem/pair/replacing";
import { type SettingCheck, settingChecks } from "@tandem/pair/setting-checks";
import type {
  ApplyAnswer,
  HaSettings,
  Licensing,
  PairCommand,
  PairFacts,
  PairState,
} from "@tandem/pair/state";
import { acting, answerToQuestion, synchronises } from "@tandem/pair/status";
import {
  decodeMessage,
  isPairMessage,
  type PeerMessage,
  wireVersion,
  wireVersionWithChannels,
} from "@tandem/pair/wire";
import { peerWords } from "@tandem/pair/words";
import { formatHaKey } from "@tandem/peer-link/ha-key";
import type { Identity } from "@tandem/peer-link/identity";
import type { PeerLinkEvent } from "@tandem/peer-link/link";
import type { Conflict } from "@tandem/replica/conflicts";
import type { Edit, WriteConflict } from "@tandem/replica/edits";
import type { Replica } from "@tandem/replica/replica";
import type { RowView } from "@tandem/replica/rows";
import type { Columns, Table } from "@tandem/replica/schema";
import { snapshotText } from "@tandem/replica/snapshot";
import { covers, type Delta, emptyVector, type Version } from "@tandem/replica/version";
import { encodeDelta } from "@tandem/replica/wire";
import type { Belonging } from "../licensing/ports.ts";
import { UnitStopped } from "../unit-stopped.ts";
import { type Acknowledged, Acknowledgements } from "./acknowledgements.ts";
import type { BegunBackup, Writer } from "./backup.ts";
import { type Channel, type ChannelPorts, Channels } from "./channels.ts";
import { CommitGate } from "./commit-gate.ts";
import { type HaForm, mustAsk, readForm } from "./ha-form.ts";
import { type HaStatus, statusOf } from "./ha-status.ts";
import { IncomingSnapshot } from "./incoming-snapshot.ts";
import { Membership } from "./membership.ts";
import { durableChange, PairShell, storedDurable } from "./pair-shell.ts";
import { longMessage, Parts } from "./parts.ts";
import { Repair } from "./repair.ts";
import { Replication } from "./replication.ts";
import type { HaSeams, Link } from "./seams.ts";
import { SharedState } from "./shared-state.ts";
import { SharedTimeline, type TimelineQuery } from "./shared-timeline.ts";
import {
  type NotedEvent,
  notedEntry,
  type ShellEvent,
  type TimelineEntry,
  timelineEntry,
} from "./timeline.ts";
import { UnitNames } from "./unit-names.ts";
import { type Committed, type Write, WriteQueue } from "./write-queue.ts";

export type HighAvailabilityOptions = {
  readonly seams: HaSeams;
  readonly name: string;
  readonly identity: Pick<Identity, "unit" | "fingerprint">;
  readonly centralVersion: string;
  /** The shared tables; `networks` is the one that CH10 counts. */
  readonly tables: readonly Table[];
  readonly networks: Table;
  /** ML1: what this unit is licensed for at this moment; nothing, where it is not given. */
  readonly licensing?: () => Licensing | null;
  /** The unit cannot go on: its state could not be kept, or the program is at fault. The link is closed already. */
  readonly onFatal: (error: Error) => void;
  /** Each timeline entry as it happens, for the log. */
  readonly onEvent?: (entry: TimelineEntry) => void;
};

/** V8: vectors equal and digests unequal on so many exchanges are corruption, not a message that was overtaken. */
const digestFaultsBeforeRepair = 2;

/** Of the reports with which a stream of bad messages would fill the timeline, one in so long is kept. */
const refusalReportIntervalMs = 10 * second;

export class HighAvailability {
  readonly identity: HighAvailabilityOptions["identity"];
  /** *HA Key for this Peer* (CH14). */
  readonly haKey: string;
  readonly #options: HighAvailabilityOptions;
  readonly #seams: HaSeams;
  readonly #shared: SharedState;
  readonly #link: Link;
  readonly #pair: PairShell;
  readonly #replication: Replication;
  readonly #acknowledgements: Acknowledgements;
  readonly #gate: CommitGate;
  readonly #channels: Channels;
  readonly #incoming: IncomingSnapshot;
  readonly #parts: Parts;
  readonly #writes: WriteQueue;
  readonly #repair: Repair;
  readonly #membership: Membership;
  readonly #unitNames: UnitNames;
  readonly #timeline: SharedTimeline;
  readonly #listeners = new Set<(what: "data" | "status") => void>();
  #listening = { address: "", port: 0 };
  #stopped: Error | null = null;
  #lettingGo: Promise<void> | undefined;
  #runningActions = 0;
  /** Of the last device that refused this unit's term: whom it had heard, and when. */
  #heardByDevice: { readonly unit: UnitId; readonly at: WallMillis } | null = null;
  #refusalReportedAt = Number.NEGATIVE_INFINITY;

  /** Opens what is kept in `stateDir`, listens for the peer and takes up its role. Rejects when any of it cannot be had. */
  static async start(options: HighAvailabilityOptions): Promise<HighAvailability> {
    let unit: HighAvailability;
    try {
      unit = new HighAvailability(options);
    } catch (error) {
      options.seams.store.close();
      throw error;
    }
    try {
      const { address, port } = await unit.#link.start();
      unit.#listening = { address, port };
      unit.#pair.start({
        self: {
          unit: options.identity.unit,
          fingerprint: options.identity.fingerprint,
          name: options.name,
          centralVersion: options.centralVersion,
        },
        session: options.seams.world.randomHex(16),
        settings: options.seams.settings.load(),
        durable: storedDurable(options.seams.store),
        facts: unit.#facts(),
      });
    } catch (error) {
      unit.#stopped = error as Error;
      await unit.#letGo("could not start");
      throw error;
    }
    return unit;
  }

  private constructor(options: HighAvailabilityOptions) {
    const { identity, tables, seams } = options;
    const { world, store } = seams;
    this.#options = options;
    this.identity = identity;
    this.haKey = formatHaKey(identity.fingerprint);
    this.#seams = seams;
    this.#acknowledgements = new Acknowledgements(world);
    this.#gate = new CommitGate(world);
    this.#writes = new WriteQueue(world, (writes) => this.#commit(writes));
    this.#channels = new Channels((channel, body) => {
      const { pairId } = this.#pair.state.durable;
      return pairId !== null && this.#send({ type: "channel", pairId, channel, body });
    });
    this.#unitNames = new UnitNames(store);
    this.#timeline = new SharedTimeline({
      world,
      store,
      peer: () => this.#pair.state.settings.peer?.unit ?? null,
      channel: (ports) => this.channel("events", ports),
      observe: (event) => this.#observe(event),
      inTurn: (body) => this.#inTurn(body),
      changed: () => this.#notify("status"),
    });
    this.#membership = new Membership({
      world,
      unit: identity.unit,
      peer: () => this.#pair.state.settings.peer?.unit ?? null,
      isInPair: () => this.#pair.state.settings.peer !== null || this.#pair.state.durable.pairId !== null,
      channel: (ports) => this.channel("membership", ports),
      unpair: (as) => this.unpair(as),
      peerSigns: () => {
        const { peer } = this.#pair.state.settings;
        if (peer === null) return null;
        const heardByDeviceAt = this.#heardByDevice?.unit === peer.unit ? this.#heardByDevice.at : null;
        const heardAt = this.status().heartbeats.lastReceived;
        return { name: this.unitName(peer.unit), unit: peer.unit, heardAt, heardByDeviceAt };
      },
    });
    this.#shared = new SharedState(tables, store, identity.unit, storedDurable(store).pairId, world);
    this.#link = seams.openLink({
      onEvent: (event) => this.#inTurn(() => this.#linkEvent(event)),
      answer: () => answerToQuestion(this.#pair.state, world.now()) as unknown as Json,
    });
    this.#incoming = new IncomingSnapshot({
      tables,
      isWanted: () => {
        const { state } = this.#pair;
        return state.settings.peer !== null && acceptsSnapshot(state, state.settings.peer.unit);
      },
      failed: (message) => this.#pair.dispatch({ type: "snapshotFailed", message }),
      received: (pairId, replica) => this.#adoptSnapshot(pairId, replica),
    });
    this.#parts = new Parts({
      world,
      send: (message) => this.#link.send(message as unknown as Json),
      peerTakesParts: () => this.#peerWire >= wireVersionWithChannels,
      received: (message) => this.#receive(message),
      openSnapshot: () => this.#incoming.open(),
      progress: () => this.#pair.dispatch({ type: "snapshotProgress" }),
      refused: (why) => this.#refusedMessage(why),
    });
    this.#pair = new PairShell({
      world,
      store,
      saveSettings: (settings) => seams.settings.save(settings),
      watchStalls: seams.watchStalls,
      entry: (event, state) => this.#entry(event, state),
      send: (message) => this.#send(message),
      obey: (command) => this.#obey(command),
      stepped: (before, entries) => this.#stepped(before, entries),
      inTurn: (body) => this.#inTurn(body),
    });
    this.#replication = new Replication({
      world,
      shared: this.#shared,
      acknowledgements: this.#acknowledgements,
      pairInSync: () => (synchronises(this.#pair.state) ? this.#pair.state.durable.pairId : null),
      send: (message) => this.#send(message),
      isSendingLong: () => this.#parts.isSending("delta"),
      observe: (event) => this.#observe(event),
      changed: () => this.#sharedChanged(),
      peerHolds: (vector) => this.#pair.dispatch({ type: "durable", vector }),
    });
    this.#repair = new Repair({
      world,
      shared: this.#shared,
      channel: (ports) => this.channel("repair", ports),
      differ: () => this.#pair.state.contact.digestFaults >= digestFaultsBeforeRepair,
      isMaster: () => this.#pair.state.role.kind === "Master",
      push: (delta) => this.#replication.push(delta),
      observe: (event) => this.#observe(event),
      changed: () => this.#sharedChanged(),
    });
  }

  // What the rest of Central asks and is told.

  /** Where the peer link listens. */
  get listening(): { readonly address: string; readonly port: number } {
    return this.#listening;
  }

  /** Whether scheduled actions and polling run on this unit now (CH8, CH9). */
  get isActing(): boolean {
    return !this.#membership.isLeaving && acting(this.#pair.state, this.#seams.world.now());
  }

  /** The name of a unit of this pair, past or present; its id when it was never heard. */
  unitName(unit: UnitId): string {
    const { self } = this.#pair.state;
    return unit === self.unit ? self.name : this.#unitNames.of(unit);
  }

  /** The term of office that this unit holds or follows; number 0 before the first. */
  get epoch(): Epoch {
    return this.#pair.state.durable.epoch;
  }

  get settings(): HaSettings {
    return this.#pair.state.settings;
  }

  /** Whether this unit belongs to a pair, and with whom (CH24). */
  get belonging(): Belonging {
    const { durable, settings, contact } = this.#pair.state;
    if (durable.removed || this.#membership.isLeaving) return { kind: "removed" };
    if (settings.peer === null) return { kind: durable.pairId === null ? "alone" : "unsettled" };
    const peer = settings.peer.unit;
    if (durable.pairId === null) return { kind: "joining", peer };
    return { kind: "paired", peer, isKnownThere: !contact.notKnownThere };
  }

  status(): HaStatus {
    return statusOf(
      this.#pair.state,
      this.haKey,
      this.#shared.replica,
      this.#acknowledgements.onlyHere(),
      this.#repair.differences,
      this.#shared.replica.tablesBeyond(this.#shared.peerHoldsUpTo),
      this.#seams.world,
    );
  }

  rows<C extends Columns>(table: Table<C>): readonly RowView<C>[] {
    return this.#shared.replica.rows(table);
  }

  row<C extends Columns>(table: Table<C>, key: string): RowView<C> | undefined {
    return this.#shared.replica.row(table, key);
  }

  conflicts(): readonly Conflict[] {
    return this.#shared.replica.conflicts();
  }

  /** CH25: what happened on both units. */
  timeline(query: TimelineQuery): ReturnType<SharedTimeline["page"]> {
    return this.#timeline.page(query);
  }

  /** How far the other unit's clock is ahead of this one's; null until it has told. */
  get clockDifferenceMs(): number | null {
    return this.#timeline.clockDifferenceMs;
  }

  /** This unit's own; the newest first. */
  events(limit: number): readonly TimelineEntry[] {
    return this.#seams.store.events(limit) as unknown as readonly TimelineEntry[];
  }

  /** What a portable backup of the present state holds. */
  present(): { readonly writer: Writer; readonly at: number; readonly delta: Delta } {
    const delta = this.#shared.replica.deltaSince(emptyVector);
    return { writer: this.#writer(), at: this.#seams.world.wall(), delta };
  }

  /** Why the state of such a pair must not replace this unit's (ML5); null: it may. */
  faultOfReplacing(backup: BackedUpPair): FieldError | null {
    return faultOfReplacing(this.#pair.state, backup);
  }

  /**
   * ML5, I6: the backup takes the place of this unit's state, which is saved first under the name that is answered. One
   * transaction; the peer is told that this unit stops, so that a Master's role is taken at once. Then this unit is at
   * its end, and its owner starts it anew: it meets its peer in Starting, and merges. `begun`: the greater part of what
   * is saved, where that was on disk before.
   */
  replaceBy(
    received: Replica,
    { file, writer }: { readonly file: string; readonly writer: Writer },
    author: string,
    begun: BegunBackup | null = null,
  ): string {
    this.#guarded(() => this.#writes.flush());
    const savedAs = this.#saveBefore(begun);
    this.#guarded(() => {
      this.#pair.dispatch({ type: "stopping" });
      const { state } = this.#pair;
      const entry = this.#entry({ code: "unit-replaced", file, savedAs, of: writer.name, author }, state);
      this.#shared.adopt(received, [
        durableChange(durableAfterReplacing(state, writer, savedAs)),
        { kind: "event", event: entry as unknown as Json },
      ]);
      this.#options.onEvent?.(entry);
    });
    this.#stopped = new Error("a backup took the place of this unit's state; it starts anew");
    void this.#letGo("replaced");
    return savedAs;
  }

  /** ML5: do the HA settings of both units fit. `answer`: of the unit at the peer's address, when it was last asked. */
  settingChecks(answer: ApplyAnswer | null): readonly SettingCheck[] {
    const ownAddresses = this.#seams.ownAddresses();
    return settingChecks(this.#pair.state, { answer, ownAddresses, ownPort: this.#listening.port });
  }

  #writer(): Writer {
    const { self, durable } = this.#pair.state;
    return { unit: self.unit, name: self.name, pairId: durable.pairId, seen: durable.seen };
  }

  #saveBefore(begun: BegunBackup | null): string {
    const { replica } = this.#shared;
    // Not so where a snapshot took the place of the state that it was begun with.
    if (begun === null || !covers(replica.vector, begun.base)) return this.#save("before-replacing");
    return begun.end(replica.deltaSince(begun.base), this.#seams.world.wall(), this.#writer());
  }

  #save(name: string): string {
    return this.#seams.saveBackup(name, this.#shared.replica, this.#seams.world.wall(), this.#writer());
  }

  /** Adds to the timeline what another part of Central saw. */
  report(event: ShellEvent): void {
    this.#guarded(() => this.#observe(event));
  }

  /** Called after the shared state (`data`) or the pair's state (`status`) changed. Returns what ends that. */
  onChange(listener: (what: "data" | "status") => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A way for another concern of Central's to speak with its counterpart on the peer. */
  channel(name: string, ports: ChannelPorts): Channel {
    return this.#channels.add(name, {
      received: (body) => this.#inTurn(() => ports.received(body)),
      opened: () => this.#inTurn(() => ports.opened?.()),
      closed: () => this.#inTurn(() => ports.closed?.()),
    });
  }

  /** An event of another concern's, for the timeline (CH25). */
  note(event: NotedEvent): void {
    this.#inTurn(() => this.#keep(notedEntry(event, this.#seams.world.wall(), this.#pair.state.self)));
  }

  /** How many scheduled actions are under way; a handover waits for them (CH11). */
  setRunningActions(count: number): void {
    this.#runningActions = count;
    this.#guarded(() => this.#tellFacts());
  }

  /** ML1: what `licensing` answers has changed; the next heartbeat says it, and one is sent now. */
  licensingChanged(): void {
    this.#inTurn(() => this.#tellFacts());
  }

  /** E5: a device refused this unit's term, since it follows a newer Master, which it heard so long ago. */
  deviceRefused(holder: Epoch, holderHeardAgoMs: number): void {
    this.#heardByDevice = { unit: holder.unit, at: this.#seams.world.wall() - holderHeardAgoMs };
    this.#guarded(() => this.#pair.dispatch({ type: "deviceRefused", holder, holderHeardAgoMs }));
  }

  /** CH15 Refresh. */
  refresh(): void {
    this.#guarded(() => this.#pair.dispatch({ type: "refresh" }));
  }

  /** CH24 *Remove from pair*: the peer, if it can be reached, takes the other part first. */
  removeFromPair(
    as: "stays" | "leaves",
    confirm?: string,
  ): Promise<Result<{ readonly peerTold: boolean }, FieldError>> {
    return this.#membership.remove(as, confirm);
  }

  /** CH24 on this unit alone. */
  unpair(as: "stays" | "leaves"): void {
    this.#guarded(() => this.#pair.dispatch({ type: "unpair", as }));
  }

  /** The operator lets a unit act whose peer is disabled or removed; errors when there is nothing to allow. */
  act(): readonly FieldError[] {
    return this.#guarded(() => this.#pair.dispatchNow({ type: "act" })).errors;
  }

  /**
   * CH11 `ha handover`: the Slave takes the role, the Master hands it over, in order. Errors change nothing; accepted,
   * `status().handover` shows how far it is. The note says when the role will not stay where it goes.
   */
  handover(): Result<{ readonly note: string | null }, readonly FieldError[]> {
    const note = handoverNote(this.#pair.state, this.#seams.world.now());
    const { errors } = this.#guarded(() => this.#pair.dispatchNow({ type: "handover" }));
    return errors.length > 0 ? err(errors) : ok({ note });
  }

  /**
   * CH14 Apply. Asks the peer first; bad input, a wrong key or an unreachable address give errors that name the
   * field, and nothing is changed.
   */
  async apply(form: HaForm): Promise<Result<HaStatus, readonly FieldError[]>> {
    const read = readForm(form);
    if (!read.ok) return err([read.error]);
    const requested = read.value;
    const { self, settings, durable } = this.#pair.state;
    const own = {
      ownAddresses: this.#seams.ownAddresses(),
      ownPort: this.#listening.port,
    };
    const faults = checkRequest({ self, requested, ...own });
    if (faults.length > 0) return err(faults);
    const answer =
      requested.peer !== null && mustAsk(requested, settings, durable.pairId !== null)
        ? await this.#seams.askPeer(requested.peer)
        : ({ kind: "not-asked" } as const);
    const { errors } = this.#guarded(() =>
      this.#pair.dispatchNow({ type: "apply", requested, ...own, answer }),
    );
    return errors.length > 0 ? err(errors) : ok(this.status());
  }

  /**
   * Makes edits, all or none; `summary` says in a few words what, for the list of what the peer does not have yet.
   * Resolves once they are on this unit's disk and, while the units are connected, on the peer's as well or a
   * second has passed (CH21). Errors as `Replica.write` gives them; nothing is changed then.
   */
  async write(
    edits: readonly Edit[],
    author: string,
    summary: string,
  ): Promise<Result<Acknowledged, WriteConflict | FieldError>> {
    await this.#gate.passage();
    if (this.#stopped !== null) throw new UnitStopped(this.#stopped);
    const committed = await this.#writes.add({ edits, author, summary, at: this.#seams.world.wall() });
    return committed.ok ? ok(await committed.value) : committed;
  }

  #commit(writes: readonly Write[]): readonly Committed[] {
    return this.#guarded(() => {
      const { results, delta } = this.#shared.writeAll(writes);
      const isConnected = this.#link.isUp && synchronises(this.#pair.state);
      const { replica, common, peerHoldsUpTo } = this.#shared;
      const { vector } = common;
      const committed = results.map((result, index): Committed => {
        if (!result.ok) return result;
        // A Central on its own has nobody to wait for, now or later.
        if (this.settings.peer === null) return ok("this unit only");
        const write = writes[index] as Write;
        // What the peer's version cannot hold is not waited for, and stays listed until it is upgraded and has it.
        return ok(
          result.value > peerHoldsUpTo
            ? this.#acknowledgements.await(replica.vector, write, false)
            : this.#acknowledgements.await(vector, write, isConnected),
        );
      });
      if (delta.items.length > 0) {
        this.#replication.push(delta);
        this.#sharedChanged();
      }
      return committed;
    });
  }

  /** The versions of a shared row, for whoever copies it with its authors. */
  versionsOf(table: string, key: string): readonly Version[] {
    return this.#shared.replica.versionsOf(table, key);
  }

  /** Whether anything that was written by whoever minted an incarnation is in the shared state. */
  knows(minted: Incarnation): boolean {
    return this.#shared.replica.knowsOf(minted);
  }

  /**
   * Merges changes that knew nothing of what is shared, such as rows that this unit kept for itself (CH4). On this
   * unit's disk when it resolves, and on its way to the peer. `make` runs in the turn in which they are merged.
   */
  async takeIn(make: () => Delta): Promise<void> {
    await this.#gate.passage();
    this.#guarded(() => {
      const { pushed, conflicts } = this.#shared.takeIn(make());
      if (pushed === null) return;
      this.#replication.push(pushed);
      if (conflicts.length > 0) this.#observe({ code: "conflicts-found", ids: conflicts });
      this.#sharedChanged();
    });
  }

  /** An orderly end: the peer is told, so that it takes over at once; then everything is closed. */
  async stop(): Promise<void> {
    if (this.#stopped !== null) {
      await this.#lettingGo;
      return;
    }
    this.#writes.flush();
    this.#guarded(() => this.#pair.dispatch({ type: "stopping" }));
    this.#stopped = new Error("this unit has been stopped");
    await this.#letGo("stopping");
  }

  /** Everything is let go of without a word to the peer, as when the process dies; for tests and for emergencies. */
  async abandon(): Promise<void> {
    this.#stopped ??= new Error("this unit has been abandoned");
    await this.#letGo("abandoned");
  }

  // What the pair asks for.

  #obey(command: PairCommand): void {
    switch (command.type) {
      case "usePeer":
        this.#parts.reset();
        this.#link.setPeer(command.peer);
        break;
      case "connect":
        this.#link.connectNow();
        break;
      case "serveSnapshot": {
        this.#shared.rekey(command.pairId);
        // Asked for again because the link broke: what is under way goes on where it was, and is brought up to date later.
        if (this.#parts.isSending("snapshot")) {
          this.#parts.resume();
          break;
        }
        const { common } = this.#shared;
        const { pairId } = command;
        const delta = common.deltaSince(emptyVector);
        const digest = common.digest();
        this.#parts.send({
          kind: "snapshot",
          text: () => snapshotText({ pairId, delta, digest }),
          whole: () => ({ type: "snapshot", pairId, delta: encodeDelta(delta), digest }),
        });
        break;
      }
      case "dropSnapshot":
        // It is applied in the turn that its last part arrives in; what is staged until then goes on when it is asked
        // for again, or is dropped by time.
        break;
      case "holdCommits":
        this.#gate.hold();
        break;
      case "releaseCommits":
        this.#gate.release();
        break;
      default:
        unreachable(command);
    }
  }

  #stepped(before: PairState | null, entries: readonly TimelineEntry[]): void {
    const { pairId } = this.#pair.state.durable;
    if (before !== null && before.durable.pairId !== pairId) {
      // Digests are keyed by the pair.
      this.#shared.rekey(pairId);
      this.#tellFacts();
    }
    for (const entry of entries) this.#options.onEvent?.(entry);
    const { heartbeat } = this.#pair.state.contact;
    if (heartbeat !== null) this.#unitNames.heard(heartbeat.from, heartbeat.name);
    this.#notePeerVersion();
    this.#openChannels();
    this.#repair.look();
    if (entries.length > 0) this.#timeline.appended();
    this.#notify("status");
  }

  /** What is told to the peer, and compared with it, is what its version can hold; the rest follows its upgrade. */
  #notePeerVersion(): void {
    const { settings } = this.#pair.state;
    const wire = settings.peer === null ? wireVersion : this.#peerWire;
    if (wire === 0 || !this.#shared.peerSpeaks(wire)) return;
    this.#tellFacts();
    if (settings.peer === null) return;
    const { peerHoldsUpTo, replica } = this.#shared;
    if (wire < wireVersion)
      this.#observe({ code: "peer-earlier", wire, withheld: replica.tablesBeyond(peerHoldsUpTo) });
    else this.#observe({ code: "peer-upgraded", wire });
  }

  #openChannels(): void {
    const { state } = this.#pair;
    this.#channels.setOpen(synchronises(state) && this.#peerWire >= wireVersionWithChannels);
  }

  /** The wire version that the peer speaks; 0 before it has said anything. */
  get #peerWire(): number {
    return this.#pair.state.contact.heartbeat?.wire ?? 0;
  }

  // What the link brings.

  #linkEvent(event: PeerLinkEvent): void {
    switch (event.kind) {
      case "message":
        this.#receive(event.message);
        break;
      case "rejected":
        this.#observe({
          code: "unknown-peer-rejected",
          remoteAddress: event.remoteAddress,
          fingerprint: event.fingerprint,
        });
        break;
      case "closed":
        this.#acknowledgements.disconnected();
        this.#pair.dispatch({ type: "link", event });
        break;
      case "up":
        this.#pair.dispatch({ type: "link", event });
        this.#parts.resume();
        break;
      case "refused":
        this.#pair.dispatch({ type: "link", event });
        break;
      case "failed":
        if (event.code === "not-understood") this.#refusedMessage(event.message);
        this.#pair.dispatch({ type: "link", event });
        break;
      default:
        unreachable(event);
    }
  }

  #receive(raw: Json): void {
    const decoded = decodeMessage(raw);
    if (!decoded.ok) {
      if (decoded.error.code === "wire-version")
        this.#pair.dispatch({ type: "wireVersion", theirs: decoded.error.theirs });
      else this.#refusedMessage(`a ${decoded.error.type} that does not fit the schema of its type`);
      return;
    }
    const message = decoded.value;
    if (isPairMessage(message)) {
      const expected = this.#pair.state.settings.peer?.unit;
      if (message.from !== expected)
        this.#refusedMessage(`it says that it is from ${message.from}, over the connection of ${expected}`);
      this.#pair.dispatch({ type: "message", message });
      const isOfThisPair = message.type === "heartbeat" && message.pairId === this.#pair.state.durable.pairId;
      if (isOfThisPair && synchronises(this.#pair.state)) this.#replication.heardVector(message.vector);
      return;
    }
    this.#pair.dispatch({ type: "heard" });
    switch (message.type) {
      case "snapshot":
        this.#incoming.whole(message);
        break;
      case "channel":
        if (message.pairId === this.#pair.state.durable.pairId && synchronises(this.#pair.state))
          this.#channels.received(message.channel, message.body as Json);
        break;
      case "part":
      case "part-have":
        this.#parts.receive(message);
        break;
      default:
        this.#replication.receive(message);
    }
  }

  /** I5: save what is overwritten, swap everything in one transaction. Until then nothing has happened. */
  #adoptSnapshot(pairId: PairId, received: Replica): void {
    const { state } = this.#pair;
    let backup: string | null = null;
    if (!covers(emptyVector, this.#shared.replica.vector)) {
      backup = this.#save("before-initial-sync");
      this.#observe({ code: "overwritten-saved", file: backup });
    }
    const durable = durableAfterSnapshot(state, pairId, backup);
    this.#shared.adopt(received, [durableChange(durable)]);
    this.#acknowledgements.overwritten();
    this.#pair.dispatch({ type: "snapshotApplied", facts: this.#facts(), pairId, backup });
    this.#send({ type: "durable", vector: this.#shared.common.vector });
    this.#sharedChanged();
  }

  #refusedMessage(message: string): void {
    const now = this.#seams.world.now();
    if (now - this.#refusalReportedAt < refusalReportIntervalMs) return;
    this.#refusalReportedAt = now;
    this.#observe({ code: "message-refused", message });
  }

  #send(message: PeerMessage): boolean {
    if (message.type === "delta" || message.type === "snapshot")
      return this.#parts.send(longMessage(message));
    return this.#link.send(message as unknown as Json);
  }

  // Facts, events, ends.

  #facts(): PairFacts {
    const { replica, common } = this.#shared;
    // A unit that holds only what its peer cannot must not look as if it held nothing (I2).
    const hasNone = covers(emptyVector, common.vector);
    return {
      vector: hasNone ? replica.vector : common.vector,
      digest: common.digest(),
      sequence: common.sequence,
      networks: replica.rows(this.#options.networks).length,
      runningActions: this.#runningActions,
      licensing: this.#options.licensing?.() ?? null,
    };
  }

  #tellFacts(): void {
    this.#pair.dispatch({ type: "facts", facts: this.#facts() });
  }

  #sharedChanged(): void {
    this.#tellFacts();
    this.#notify("data");
  }

  #entry(event: PairEvent | ShellEvent, state: PairState): TimelineEntry {
    return timelineEntry(event, this.#seams.world.wall(), state.self, peerWords(state));
  }

  #observe(event: ShellEvent): void {
    this.#keep(this.#entry(event, this.#pair.state));
  }

  #keep(entry: TimelineEntry): void {
    this.#seams.store.commit([{ kind: "event", event: entry as unknown as Json }]);
    this.#options.onEvent?.(entry);
    this.#timeline.appended();
  }

  #notify(what: "data" | "status"): void {
    for (const listener of this.#listeners) listener(what);
  }

  /** Whatever throws in here is a disk that cannot keep what it must, or a fault of the program: the unit stops. */
  #guarded<Value>(body: () => Value): Value {
    if (this.#stopped !== null) throw new UnitStopped(this.#stopped);
    try {
      return body();
    } catch (error) {
      if (this.#stopped === null) {
        this.#stopped = error as Error;
        const told = (): void => this.#options.onFatal(error as Error);
        this.#letGo("failed").then(told, told);
      }
      throw error;
    }
  }

  /** The same for what nobody waits for: timers and the link. The owner hears of a failure through `onFatal`. */
  #inTurn(body: () => void): void {
    if (this.#stopped !== null) return;
    try {
      this.#guarded(body);
    } catch {
      // `#guarded` has told the owner.
    }
  }

  #letGo(reason: string): Promise<void> {
    this.#lettingGo ??= this.#closeAll(reason);
    return this.#lettingGo;
  }

  async #closeAll(reason: string): Promise<void> {
    this.#pair.stop();
    this.#timeline.stop();
    this.#gate.release();
    this.#parts.reset();
    await this.#link.close(reason);
    this.#acknowledgements.disconnected();
    this.#seams.store.close();
  }
}
