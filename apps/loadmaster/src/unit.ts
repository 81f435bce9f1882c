/**
 * A LoadMaster unit: its document, and everything that is kept in accordance with it: HAProxy, carpd, the partner link,
 * the API's addresses. Changes are made one after the other. Each is put in force first (HAProxy may refuse it), then on
 * disk, then told to the partner; one that is refused leaves all three as they were.
 */

import { uptime } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { sha256Hex } from "@tandem/base/digest";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { Ledger, Run } from "@tandem/fencing/ledger";
import type { Peers } from "@tandem/haproxy-config/model";
import type { ConntrackdProcess } from "@tandem/linux/conntrackd-process";
import { defaultRouteDevices } from "@tandem/linux/default-route";
import type { HaproxyProcess } from "@tandem/linux/haproxy-process";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { HaView, Pacified } from "@tandem/loadmaster-api/ha-view";
import { type Person, permissions } from "@tandem/loadmaster-api/permissions";
import { managementUser } from "@tandem/loadmaster-api/user-parameters";
import type { HandOverView, HaStatusWord, StatisticsView } from "@tandem/loadmaster-api/views";
import type { Identity } from "@tandem/peer-link/identity";
import { personOf } from "./access/users.ts";
import { onNetworkOf, ownAddresses, type UnitConfiguration } from "./configuration-file.ts";
import { ActionFence, type LedgerAnswer } from "./fencing/action-fence.ts";
import type { LedgerStore } from "./fencing/ledger-store.ts";
import { givesWay } from "./ha/active-elsewhere.ts";
import type { CarpRole, CarpRoleStatus } from "./ha/carp-role.ts";
import { ForeignAlarms } from "./ha/foreign-groups.ts";
import { handOver } from "./ha/hand-over.ts";
import { isMove, mayMove, movedFirst } from "./ha/moving.ts";
import { pacifiedInWords } from "./ha/pacified.ts";
import {
  type PartnerEvent,
  PartnerLink,
  type PartnerSide,
  type PartnerState,
  type UpdateOutcome,
} from "./ha/partner-link.ts";
import { linkVersion, type PartnerStatus } from "./ha/partner-messages.ts";
import {
  activeTimeOf,
  foreignReport,
  haNotices,
  haProblems,
  haStatusOf,
  rejectsReport,
} from "./ha/report.ts";
import { PacifiedWatch, resumed } from "./ha/resume.ts";
import { type HaSetup, haSetup } from "./ha/setup.ts";
import { checksIn } from "./ha/squares.ts";
import { haViewOf, type ViewFacts } from "./ha/view.ts";
import { backupOf } from "./keeping/backup.ts";
import type { SelfFacts, UnitLicensing } from "./licensing/unit-licensing.ts";
import type { LogFiles } from "./logs/log-files.ts";
import { addressOfHost } from "./network/hosts.ts";
import { type Restart, reboot, rebootIn, shutDown } from "./reboot.ts";
import type { AdaptiveWeights } from "./services/adaptive-weights.ts";
import { type AddressFacts, sharedOn } from "./services/address-rules.ts";
import type { Layer4 } from "./services/layer4.ts";
import { peersPort, persistencePeers } from "./services/peers.ts";
import type { RuntimeState } from "./services/runtime-state.ts";
import { Sampling } from "./services/sampling.ts";
import type { StandaloneAddresses } from "./services/standalone-addresses.ts";
import { type AcceptedTraffic, Traffic, type TrafficContent } from "./services/traffic.ts";
import { trafficDiffers } from "./services/traffic-content.ts";
import type { UnitChecks } from "./services/unit-checks.ts";
import type { Figures } from "./services/views.ts";
import { digestOf, type SharedContent, type UnitDocument } from "./state/document.ts";
import { changesInWords, Revisions, revisionOf } from "./state/revisions.ts";
import type { DocumentStore } from "./state/store.ts";
import { type Standing, Surroundings } from "./surroundings.ts";
import type { HostReport, SyslogSender } from "./syslog/sender.ts";
import { Troubles } from "./troubles.ts";

export const superviseIntervalMs = 1_000;
/** Worse than the loss of every network that may be checked: such a unit serves nothing at all. */
export const haproxyMissingDemotion = 100;

export type Log = (level: "info" | "warn" | "error", event: string, details: object) => void;

export type UnitParts = {
  readonly configuration: UnitConfiguration;
  readonly identity: Identity;
  readonly document: UnitDocument;
  readonly store: DocumentStore;
  readonly ledger: Ledger;
  readonly ledgerStore: LedgerStore;
  readonly haproxy: HaproxyProcess;
  readonly layer4: Layer4;
  /** Nothing is pinged any more. */
  readonly closePing: () => void;
  readonly runtimeState: RuntimeState;
  readonly unitChecks: UnitChecks;
  readonly adaptiveWeights: AdaptiveWeights;
  /** Tells the partner of layer-4 connections. */
  readonly connections: ConntrackdProcess;
  readonly carp: CarpRole;
  readonly licensing: UnitLicensing;
  /** What tells this machine from a copy of it. */
  readonly machine: string;
  readonly version: string;
  readonly restart: Restart;
  readonly standalone: StandaloneAddresses;
  readonly syslog: SyslogSender;
  readonly logFiles: LogFiles;
  /** Under which HAProxy's workers run; they stay what the unit is when it is absent. */
  readonly runAs?: { readonly user: string; readonly group: string };
  readonly log: Log;
};

/** A document's next state, and what the caller gets once it is in force. */
export type Change<Value> = Result<
  {
    readonly document: UnitDocument;
    readonly value: Value;
    /** This unit is alone before or after it, and holds its addresses all the time (SPEC LH10). */
    readonly seamless?: true;
  },
  Failure
>;

/** Who asks for a change, and what he had seen of the configuration. */
export type Author = {
  readonly user: string;
  /** The address the call came from. */
  readonly client: string;
  readonly command: string;
  /** The revision the change is based on; absent: whatever it is now. */
  readonly baseRevision?: string;
};

/** What the caller of a change gets, and the revision that it made. */
export type Changed<Value> = { readonly value: Value; readonly revision: string };

export class Unit implements PartnerSide {
  readonly configuration: UnitConfiguration;
  readonly identity: Identity;
  readonly #parts: UnitParts;
  readonly #link: PartnerLink;
  readonly bootTime = Math.floor(Date.now() / 1_000 - uptime());
  readonly #startedAt = Date.now();
  readonly #sampling: Sampling;
  readonly #traffic: Traffic;
  #changedAt = Date.now();
  readonly #fence: ActionFence;
  readonly #revisions = new Revisions();
  #document: UnitDocument;
  #setup: HaSetup = { kind: "single" };
  #role: CarpRoleStatus["role"] | undefined;
  #demotion: number | undefined;
  #sameMode = false;
  readonly #foreignAlarms = new ForeignAlarms();
  readonly #pacified: PacifiedWatch;
  readonly #troubles: Troubles;
  readonly #surroundings: Surroundings;
  readonly #viewListeners = new Set<() => void>();
  #turn: Promise<unknown> = Promise.resolve();
  #supervisor: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(parts: UnitParts) {
    this.#parts = parts;
    this.configuration = parts.configuration;
    this.identity = parts.identity;
    this.#document = parts.document;
    this.#link = new PartnerLink(parts.identity, parts.configuration.partnerPort, this);
    this.#troubles = new Troubles(parts.log, () => this.#viewChanged());
    this.#surroundings = new Surroundings({ ...parts, link: this.#link, troubles: this.#troubles });
    this.#setup = this.#setupOf(parts.document);
    this.#revisions.remember(parts.document);
    this.#sampling = new Sampling({
      ...parts,
      shared: () => this.#document.shared,
      machine: parts.configuration,
      unit: parts.identity.unit,
    });
    // The worker that a reload ends takes its counters with it.
    parts.haproxy.onReloading(async () => void (await this.#sampling.sample()));
    this.#traffic = new Traffic({
      ...parts,
      reported: (part, reason) => this.#troubles.report(part, reason),
    });
    this.#fence = new ActionFence(parts.ledger, {
      unit: parts.identity.unit,
      wall: () => Date.now(),
      save: (ledger) => parts.ledgerStore.save(ledger),
      tell: (claim, ledger, waitMs) => this.#link.tellLedger(claim, ledger, waitMs),
      evidence: (run) => rebootIn(run, { machine: this.bootTime * 1_000, unit: this.#startedAt }),
      log: parts.log,
    });
    this.#pacified = new PacifiedWatch(parts.carp);
    parts.carp.onStatus((status) => this.#carpSays(status));
  }

  get document(): UnitDocument {
    return this.#document;
  }

  get setup(): HaSetup {
    return this.#setup;
  }

  /** The gate for actions that carry a fence. */
  get fence(): ActionFence {
    return this.#fence;
  }

  /** This unit's licence, which is no part of what a pair shares. */
  get licensing(): UnitLicensing {
    return this.#parts.licensing;
  }

  /** What someone may do; the Central that has licensed this unit may do what its users may. */
  personOf(user: string): Person {
    return user === managementUser && this.licensing.hasAccount
      ? { name: user, permissions }
      : personOf(this.#document.unit, user);
  }

  /** What the unit says of itself to a Central, by its address nearest to it. */
  #licensingFacts(host: string): SelfFacts {
    const { interfaces, apiPort } = this.configuration;
    const own = this.#setup.kind === "pair" ? this.#setup.own : interfaces[0];
    const nearest = interfaces.find((each) => onNetworkOf(each, this.addressOfHost(host))) ?? own;
    const partner = this.#link.state;
    return {
      name: this.#document.unit.hostname,
      version: this.#parts.version,
      serial: this.identity.unit,
      machine: this.#parts.machine,
      address: nearest?.address ?? "",
      port: apiPort,
      certificateFingerprint: this.identity.fingerprint,
      partner: partner.kind === "up" ? (partner.status.licensing?.unit ?? null) : null,
    };
  }

  get logFiles(): LogFiles {
    return this.#parts.logFiles;
  }

  /** What somebody has done that is no change of the configuration. */
  tell(event: string, { user, client, command }: Author, details: object = {}): void {
    this.#parts.log("info", event, { user, client, command, ...details });
  }

  /** The address that this unit knows a host by, or the name as it is. */
  addressOfHost(name: string): string {
    return addressOfHost(this.#document.unit.hosts, name);
  }

  /** Counters begin anew. */
  resetStatistics(): Promise<void> {
    return this.#sampling.reset();
  }

  get syslogReport(): HostReport[] {
    return this.#parts.syslog.report;
  }

  get revision(): string {
    return revisionOf(this.#document);
  }

  get haStatus(): HaStatusWord {
    return haStatusOf(this.#setup, this.#parts.carp.status);
  }

  /** Not null: carpd has ended so often that it is not started until an operator says so (SPEC LH9). */
  get pacified(): Pacified | null {
    return this.#parts.carp.pacified;
  }

  /** The operator's way out of being pacified. */
  resume(): Promise<Result<object, Failure>> {
    return resumed(this.#parts.carp);
  }

  /** What carpd last said. */
  get carpStatus(): CarpRoleStatus | null {
    return this.#parts.carp.status;
  }

  /** The document as it is, on disk beside the present one; the name of the file. */
  keepDocument(): Promise<string> {
    return this.#parts.store.keepSuperseded(this.#document, new Date());
  }

  get activeTime(): number {
    return activeTimeOf(this.#setup, this.#parts.carp.status, this.bootTime);
  }

  get haProblems(): string[] {
    return haProblems({
      setup: this.#setup,
      carp: this.#parts.carp.status,
      partner: this.#link.state,
      own: this.status(),
      now: Date.now(),
      trouble: this.#troubles.inWords,
    });
  }

  /** What should be known of HA although it works. */
  get haNotices(): string[] {
    return haNotices(
      this.#setup,
      this.#document.shared,
      this.configuration.interfaces,
      defaultRouteDevices(),
      this.#parts.carp.status,
    );
  }

  /** What the pages show, at the address that was asked (SPEC LH9). */
  haView(localAddress: string, version: string): HaView {
    const facts: ViewFacts = {
      document: this.#document,
      setup: this.#setup,
      interfaces: this.configuration.interfaces,
      sharedAddresses: this.addressFacts().sharedAddresses,
      carp: this.#parts.carp.status,
      pacified: this.pacified,
      own: this.status(),
      partner: this.#link.state,
      trouble: this.#troubles.inWords,
      startedAt: this.#startedAt,
      now: Date.now(),
    };
    return {
      ...haViewOf(facts, localAddress),
      serial: this.identity.unit,
      version,
      hastatus: this.haStatus,
      activeTime: this.activeTime,
      problems: this.haProblems,
      notices: this.haNotices,
      foreign: this.haForeign,
      licence: this.licensing.notice,
      revision: this.revision,
    };
  }

  /** Called when something that {@link haView} shows may have changed; returns what ends that. */
  onViewChange(listener: () => void): () => void {
    this.#viewListeners.add(listener);
    return () => this.#viewListeners.delete(listener);
  }

  #viewChanged(): void {
    for (const listener of this.#viewListeners) listener();
  }

  /** Other groups that use the pair's HA Virtual ID. */
  get haForeign(): string[] {
    return foreignReport(this.#setup, this.#parts.carp.status, Date.now());
  }

  /** Packets that carpd did not heed, by reason. */
  get haRejects(): string {
    return rejectsReport(this.#parts.carp.status);
  }

  get partnerState(): PartnerState {
    return this.#link.state;
  }

  /** *Force Partner Update* (SPEC LH11). */
  updatePartner(): Promise<UpdateOutcome> {
    return this.#link.forceUpdate();
  }

  /** The active gives its role to its standby (SPEC LH13). At an address that moves with it the answer comes before. */
  handOver(caller: Author & { readonly localAddress: string }): Promise<Result<HandOverView, Failure>> {
    const { carp, log } = this.#parts;
    return handOver({
      carp,
      partner: this.#link,
      setup: () => this.#setup,
      own: () => this.status(),
      preferred: () => this.#document.shared.ha.preferred,
      isOwnAddress: this.configuration.interfaces.flatMap(ownAddresses).includes(caller.localAddress),
      inTurn: (work) => this.#inTurn(work),
      log: (level, event, details) =>
        log(level, event, { user: caller.user, client: caller.client, ...details }),
    });
  }

  addressFacts(document: UnitDocument = this.#document): AddressFacts {
    const { interfaces, apiPort, partnerPort } = this.configuration;
    const link = this.#link.state;
    return {
      interfaces,
      sharedAddresses: interfaces.flatMap((each) => sharedOn(document.shared, each)),
      partners: interfaces.map(({ id }) => document.unit.partners[id]).filter((each) => each !== undefined),
      ...(link.kind === "up" ? { partners6: link.status.addresses6 ?? [] } : {}),
      paired: this.#setup.kind === "pair",
      apiPort,
      partnerPort,
      peersPort: peersPort(this.configuration),
    };
  }

  /** What changes have been answered with is in force when this resolves, or is among the unit's problems. */
  trafficSettled(): Promise<void> {
    return this.#traffic.settled();
  }

  /** Figures and states of HAProxy; empty while it does not answer. */
  figures(): Promise<Figures> {
    return this.#sampling.figures();
  }

  /** The same of the servers of one service, which is found out faster. */
  serverFigures(service: number): Promise<Figures> {
    return this.#sampling.serverFigures(service);
  }

  /** What `stats` answers. */
  statistics(): Promise<StatisticsView> {
    return this.#sampling.statistics(this.#changedAt);
  }

  /** The configuration as one file. */
  backup(): { readonly bytes: Buffer; readonly revision: string } {
    const { shared, unit } = this.#document;
    return { bytes: backupOf(shared, unit), revision: this.revision };
  }

  /** The bytes of an earlier backup, while the unit can still make them. */
  backupWith(digest: string): Buffer | undefined {
    for (const shared of [this.#document.shared, ...this.#revisions.remembered]) {
      const bytes = backupOf(shared, this.#document.unit);
      if (sha256Hex(bytes) === digest) return bytes;
    }
    return undefined;
  }

  /** Starts the unit again, after this call has been answered; or says why not. */
  async reboot(): Promise<Result<object, Failure>> {
    const { carp, restart } = this.#parts;
    const begun = await reboot(this.configuration.rebootCommand, restart);
    if (begun.ok) carp.resumeAtRestart();
    return begun;
  }

  /** Stops the unit after this call has been answered, and the machine with it; or says why not. */
  shutDown(caller: Author): Promise<Result<object, Failure>> {
    this.tell("shutdown-asked", caller);
    return shutDown(this.configuration.shutdownCommand, this.#parts.restart);
  }

  /** Puts everything in force that the document says. `listenOn` makes the API listen on exactly these addresses. */
  async start(listenOn: (addresses: readonly string[]) => Promise<void>): Promise<void> {
    this.#surroundings.apiListens(listenOn);
    await this.#fence.start();
    await this.#inTurn(async () => {
      const applied = await this.#putInForce(this.#document);
      if (!applied.ok) this.#troubles.report("HAProxy", applied.error.message);
      if (this.#setup.kind !== "pair") await this.#surroundings.endLeftCarp();
      await this.#settle();
    });
    await this.#sampling.start();
    this.licensing.start({
      facts: (host) => this.#licensingFacts(host),
      resolve: (host) => this.addressOfHost(host),
      changed: () => {
        this.#viewChanged();
        this.#link.nudge();
      },
    });
    this.#supervisor = setInterval(() => void this.#inTurn(() => this.#supervise()), superviseIntervalMs);
  }

  /** Orderly: carpd bows out first, so that the partner takes over before the traffic ends here. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#surroundings.ending();
    clearInterval(this.#supervisor);
    this.#sampling.stop();
    await this.licensing.stop();
    await this.#inTurn(async () => {
      await this.#surroundings.stopCarp();
      await this.#link.close();
      await this.#fence.stop();
      await this.#parts.haproxy.stop();
      await this.#parts.layer4.stop();
      this.#parts.unitChecks.stop();
      this.#parts.adaptiveWeights.stop();
      this.#parts.runtimeState.stop();
      this.#parts.closePing();
      await this.#surroundings.letGo();
    });
  }

  /** Makes a change, or refuses it and leaves everything as it was. */
  change<Value>(
    author: Author,
    edit: (document: UnitDocument) => Change<Value>,
  ): Promise<Result<Changed<Value>, Failure>> {
    const expected = this.#traffic.expect();
    return this.#inTurn(async () => {
      const movedOn = this.movedOn(author);
      if (movedOn !== undefined) return err(movedOn);
      const before = this.#document;
      const next = edit(before);
      if (!next.ok) return next;
      const made = await this.#adopt(next.value.document, { seamless: next.value.seamless });
      if (!made.ok) return made;
      const changes = changesInWords(before, this.#document);
      if (changes !== "")
        this.#parts.log("info", "configuration-changed", {
          user: author.user,
          client: author.client,
          command: author.command,
          revision: this.revision,
          changes,
        });
      return ok({ value: next.value.value, revision: this.revision });
    }).finally(expected);
  }

  /** An author who has not seen what the configuration is now is told what he has missed (SPEC CH22). */
  movedOn({ command, baseRevision }: Author): Failure | undefined {
    const { revision } = this;
    if (baseRevision === undefined || baseRevision === revision) return undefined;
    const difference = this.#revisions.differenceSince(baseRevision, this.#document.shared);
    this.#parts.log("warn", "action-refused", { command, reason: "moved-on", baseRevision, revision });
    return {
      code: 409,
      message: `${command}: baserevision ${baseRevision} is not the present revision ${revision}; the configuration has changed, look at the difference and base the change on the present one; nothing was changed`,
      fence: { reason: "moved-on", revision, difference },
    };
  }

  // PartnerSide: what the link asks and tells.

  status(): PartnerStatus {
    const { unit, shared, revision } = this.#document;
    const carp = this.#parts.carp.status;
    return {
      type: "status",
      version: linkVersion,
      name: unit.hostname,
      hamode: unit.hamode,
      vhid: shared.ha.vhid,
      timeout: shared.ha.timeout,
      sharedAddress: this.#setup.kind === "pair" ? this.#setup.sharedAddress : "",
      role: carp?.role ?? "stopped",
      revision,
      digest: digestOf(shared),
      licensing: { unit: this.licensing.id, type: this.licensing.type },
      addresses6: this.configuration.interfaces.flatMap(({ address6 }) => address6 ?? []),
      ...(this.pacified === null ? {} : { pacified: this.pacified }),
      ...(carp?.demotion === undefined ? {} : { demotion: carp.demotion }),
      ...(carp === null ? {} : { checks: checksIn(carp) }),
      ...(this.#setup.kind === "pair" ? { haInterface: this.#setup.own.id } : {}),
      ...(carp?.role === "master" ? { activeForMs: Math.max(0, Date.now() - carp.since) } : {}),
    };
  }

  shared(): SharedContent {
    return this.#document.shared;
  }

  receive(
    revision: number,
    digest: string,
    shared: SharedContent,
  ): Promise<{ accepted: true } | { accepted: false; reason: string }> {
    return this.#inTurn(async () => {
      // It waited for its turn while this unit left the pair, and would bring back the pair's services and addresses.
      if (this.#setup.kind !== "pair") return { accepted: false, reason: "this unit is in no pair" };
      const isActive = this.#parts.carp.status?.role === "master";
      const partner = this.#link.state;
      if (isActive && !(partner.kind === "up" && givesWay(this.status(), partner.status)))
        return { accepted: false, reason: "this unit is active itself" };
      if (this.pacified !== null)
        return { accepted: false, reason: pacifiedInWords("this unit", this.pacified) };
      if (digestOf(shared) !== digest)
        return { accepted: false, reason: "the digest does not match the document" };
      if (isActive) {
        this.#parts.log("warn", "active-elsewhere", {
          revision: this.#document.revision,
          byRevision: revision,
        });
        const given = await this.#parts.carp.handOver();
        if (!given.ok) return { accepted: false, reason: given.error };
      }
      const before = this.#document;
      const ours = digestOf(before.shared);
      // Changed here since both had the same: it would be lost in silence otherwise (SPEC LH11).
      if (ours !== digest && ours !== before.agreedDigest && before.revision > 0) {
        const file = await this.#parts.store.keepSuperseded(before, new Date());
        this.#parts.log("warn", "configuration-superseded", {
          file,
          revision: before.revision,
          byRevision: revision,
        });
      }
      // A partner that gives its role away relies on it.
      const made = await this.#adopt(
        { ...before, revision, shared, agreedDigest: digest },
        { inForce: true },
      );
      if (!made.ok) return { accepted: false, reason: made.error.message };
      this.#parts.log("info", "configuration-received", { revision, digest });
      return { accepted: true };
    });
  }

  agreed(digest: string): void {
    if (this.#document.agreedDigest === digest) return;
    void this.#inTurn(async () => {
      if (digestOf(this.#document.shared) !== digest || this.#document.agreedDigest === digest) return;
      const next = { ...this.#document, agreedDigest: digest };
      await this.#parts.store.save(next);
      this.#document = next;
    });
  }

  changed(state: PartnerState): void {
    this.#viewChanged();
    const sameMode =
      state.kind === "up" && state.status.hamode !== 0 && state.status.hamode === this.#document.unit.hamode;
    if (sameMode === this.#sameMode || this.#stopping) return;
    this.#sameMode = sameMode;
    this.#parts.log(sameMode ? "error" : "info", sameMode ? "ha-same-mode" : "ha-modes-differ", {
      hamode: this.#document.unit.hamode,
      ...(sameMode ? { remedy: "set hamode 1 on one unit and 2 on the other" } : {}),
    });
    void this.#inTurn(() => this.#settle());
  }

  observe(event: PartnerEvent): void {
    const { event: name, ...details } = event;
    const bad =
      name === "partner-secret-wrong" ||
      name === "partner-lost" ||
      name === "partner-not-listened-to" ||
      name === "configuration-not-accepted";
    this.#parts.log(bad ? "warn" : "info", name, details);
  }

  ledgerParts(): Ledger[] {
    return this.#fence.parts();
  }

  takeLedger(claim: Run | null, ledger: Ledger): Promise<LedgerAnswer> {
    return this.#fence.take(claim, ledger);
  }

  learnLedger(answer: LedgerAnswer): void {
    this.#fence.learn(answer);
  }

  /** `inForce`: not only accepted when it resolves, as a change that is answered is, but in force. */
  async #adopt(
    next: UnitDocument,
    { seamless, inForce = false }: { readonly seamless?: true | undefined; readonly inForce?: boolean } = {},
  ): Promise<Result<void, Failure>> {
    const before = this.#document;
    if (next === before) return ok(undefined);
    const nextSetup = this.#setupOf(next);
    const moves = isMove(this.#setup, nextSetup) && this.#parts.carp.status?.role === "master";
    const may = moves ? mayMove(nextSetup, this.#link.state) : ok(undefined);
    if (!may.ok) return may;
    const trafficChanged = trafficDiffers(before.shared, next.shared);
    const sharingDiffers = this.#sharingDiffers(before, next);
    let accepted: AcceptedTraffic | undefined;
    if (inForce || sharingDiffers) {
      const applied = trafficChanged || sharingDiffers ? await this.#putInForce(next) : ok(undefined);
      if (!applied.ok) return err(refusedTraffic(applied.error));
    } else if (trafficChanged) {
      const taken = await this.#acceptTraffic(next);
      if (!taken.ok) return err(refusedTraffic(taken.error));
      accepted = taken.value;
    }
    const takeBack = async (): Promise<void> => {
      if (accepted !== undefined) await accepted.drop();
      else if (trafficChanged || sharingDiffers) await this.#putInForce(before);
    };
    try {
      await this.#parts.store.save(next);
    } catch (error) {
      this.#parts.log("error", "configuration-not-saved", { reason: (error as Error).message });
      await takeBack();
      return err({
        code: 500,
        message: `the change cannot be kept: ${(error as Error).message}; nothing was changed`,
      });
    }
    this.#document = next;
    const moved = moves ? movedFirst(nextSetup, await this.#link.forceUpdate()) : ok(undefined);
    if (!moved.ok) {
      this.#document = before;
      await this.#parts.store.save(before);
      await takeBack();
      return moved;
    }
    await accepted
      ?.put()
      .catch((error: Error) =>
        this.#troubles.report("HAProxy", `its file cannot be written: ${error.message}`),
      );
    if (next.shared !== before.shared || next.unit !== before.unit) this.#changedAt = Date.now();
    this.#revisions.remember(next);
    await this.#settle(seamless);
    this.#link.nudge();
    return ok(undefined);
  }

  /** HAProxy runs what the document says, on addresses that can be listened on. */
  async #putInForce(document: UnitDocument): Promise<Result<void, FieldError>> {
    return this.#traffic.apply(await this.#trafficOf(document));
  }

  async #acceptTraffic(document: UnitDocument): Promise<Result<AcceptedTraffic, FieldError>> {
    return this.#traffic.accept(await this.#trafficOf(document));
  }

  async #trafficOf(document: UnitDocument): Promise<TrafficContent> {
    const standing = this.#standing(document);
    await this.#surroundings.prepare(standing);
    return {
      shared: document.shared,
      peers: this.#peersOf(document),
      paired: standing.setup.kind === "pair",
    };
  }

  #standing(document: UnitDocument): Standing {
    return { document, setup: this.#setupOf(document), facts: this.addressFacts(document) };
  }

  async #settle(seamless?: true): Promise<void> {
    const before = this.#setup;
    this.#setup = this.#setupOf(this.#document);
    await this.#surroundings.settle(this.#standing(this.#document), before, seamless);
  }

  /** Starts HAProxy again when it has gone; without it the unit is worse off than a partner that has it. */
  async #supervise(): Promise<void> {
    if (this.#stopping) return;
    await this.#surroundings.supervise(this.#document);
    // A master does not answer while a reload makes it execute itself anew.
    await this.#traffic.settled();
    const runs = (await this.#parts.haproxy.running()) !== undefined;
    if (runs && !this.#traffic.isDue) return;
    if (!runs) this.#parts.log("error", "haproxy-missing", {});
    const applied = await this.#putInForce(this.#document);
    if (applied.ok) {
      this.#parts.carp.demote(0, "HAProxy runs");
    } else if (!runs) {
      this.#troubles.report("HAProxy", applied.error.message);
      this.#parts.carp.demote(haproxyMissingDemotion, "HAProxy does not run");
    }
  }

  /** Whether something changes in what the partner is told of persistence and connections. */
  #sharingDiffers(before: UnitDocument, next: UnitDocument): boolean {
    const of = (document: UnitDocument) => [this.#peersOf(document), this.#setupOf(document).kind];
    return !isDeepStrictEqual(of(before), of(next));
  }

  #peersOf(document: UnitDocument): Peers {
    return persistencePeers(this.configuration, document, this.#setupOf(document));
  }

  #setupOf(document: UnitDocument): HaSetup {
    return haSetup(document, this.configuration.interfaces, this.addressFacts(document), this.#sameMode);
  }

  #carpSays(status: CarpRoleStatus | null): void {
    this.#viewChanged();
    if (this.#setup.kind === "pair" && status?.foreign !== undefined) {
      const { carpd, partner } = this.#setup;
      const alarm = this.#foreignAlarms.take(status.foreign, carpd.vhid, partner, Date.now());
      if (alarm !== undefined) {
        const { event, ...details } = alarm;
        this.#parts.log(event === "ha-foreign-group" ? "warn" : "info", event, details);
      }
    }
    const told = this.#pacified.look(this.#parts.carp);
    if (told !== undefined) {
      this.#parts.log(told.level, told.event, told.details);
      this.#link.nudge();
    }
    if (this.#surroundings.wantsRenewal) void this.#inTurn(() => this.#surroundings.renewCarp());
    const { role, demotion } = status ?? {};
    if (demotion !== this.#demotion) {
      this.#demotion = demotion;
      this.#link.nudge();
    }
    if (role === this.#role) return;
    this.#parts.log(role === undefined ? "warn" : "info", "ha-role", {
      from: this.#role ?? "unknown",
      to: role ?? "unknown",
      reason: status?.reason ?? "carpd does not answer",
    });
    this.#role = role;
    this.#surroundings.roleIs(role);
    this.#link.nudge();
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#turn.then(work, work);
    // A failure is its caller's; it does not stop what comes after.
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

const refusedTraffic = ({ message, remedy }: FieldError): Failure => ({
  code: 422,
  message: `${message}; ${remedy}`,
});
