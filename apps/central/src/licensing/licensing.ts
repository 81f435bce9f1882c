/**
 * Licences that this Central grants (SPEC ML2–ML4, ML7). Decisions are those of `@tandem/licensing`; here they are
 * made from one unit's ledger and the shared rows, written down, and told. A decision and its entry in the ledger
 * happen in one turn, so that no two requests are granted out of the same share.
 */
import type { UnitId } from "@tandem/base/ids";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { minute, type WallMillis } from "@tandem/base/time";
import type { Acknowledged } from "@tandem/central-api/errors";
import {
  decideActivation,
  decideCheck,
  decideWithoutPeer,
  endedRow,
  freeOf,
  type GrantedBecause,
  type LicenceRow,
  type LicensingView,
  offeredTypes,
  type Refused,
} from "@tandem/licensing/activation";
import type { CentralLicence } from "@tandem/licensing/central-licence";
import { amountOf, decidingStanding, decidingStandings, issuedBy } from "@tandem/licensing/holder";
import { type ActivationRule, activationRuleDefault, refusedByRule } from "@tandem/licensing/rules";
import {
  allowedBy,
  giftOf,
  givenBy,
  givenWhenRemoved,
  type LimitedKind,
  limitedKinds,
  shareOf,
  sharesWith,
} from "@tandem/licensing/shares";
import {
  type LicenceCheck,
  type LicenceGrant,
  type LicenceRequest,
  type LicensingId,
  licenceTypeOf,
  type OfferedLicenceType,
} from "@tandem/licensing/wire";
import type { Edit } from "@tandem/replica/edits";
import { networks } from "../fleet/tables.ts";
import { written } from "../refusal.ts";
import { Ledger, type LedgerEntries } from "./ledger.ts";
import { NewcomerThrottle, newcomersMax, newcomerWindowMs } from "./newcomer-throttle.ts";
import { type Management, type Placement, placedDevice } from "./placed-device.ts";
import type { Belonging, LicensingEvent, LicensingPorts } from "./ports.ts";
import { RefusalAudit } from "./refusal-audit.ts";
import { RequestThrottle } from "./request-throttle.ts";
import { ShareExchange, type ShareWanted } from "./share-exchange.ts";
import { type LicenceValues, licensingRules, rulesRow } from "./tables.ts";

/** `author` of what licensing writes. */
const author = "licensing";
/** Shared rows that changed are looked at so long after, once for many. */
const reconcileDelayMs = 200;
const checkNotedAgainMs = 1 * minute;

export type ActivationFault = Refused & { readonly retryAfterMs: number | null };
type Claimed = Extract<Placement, { readonly kind: "claimed" }>;
export type Checked = Pick<LicenceCheck, "state" | "message">;

export class Licensing {
  readonly #ports: LicensingPorts;
  readonly #self: UnitId;
  readonly #ledger: Ledger;
  readonly #exchange: ShareExchange;
  readonly #throttle = new RequestThrottle();
  readonly #newcomers = new NewcomerThrottle();
  readonly #audit: RefusalAudit;
  readonly #unfollow: (() => void)[];
  #cancelReconcile: (() => void) | null = null;
  #isReconciling = false;
  #stopped = false;
  #overTold = "";

  constructor(ports: LicensingPorts) {
    this.#ports = ports;
    this.#self = ports.pair.identity.unit;
    this.#ledger = new Ledger(this.#self, ports.pair, ports.ledger);
    this.#audit = new RefusalAudit(ports.world, ports.note);
    this.#exchange = new ShareExchange({
      world: ports.world,
      channel: (channelPorts) => ports.pair.channel("licensing", channelPorts),
      give: (wanted) => this.#give(wanted),
    });
    this.#unfollow = [
      ports.pair.onChange((what) => {
        if (what === "status") this.#followPair();
        this.#armReconcile();
      }),
      ports.own.onChange(() => this.#armReconcile()),
    ];
    this.#followPair();
    this.#armReconcile();
  }

  /** What decisions are made from, at this moment. */
  view(): LicensingView {
    const own = this.#ports.own.current();
    const { belonging } = this.#ports.pair;
    return {
      self: this.#self,
      peer: belonging.kind === "paired" ? belonging.peer : null,
      licence:
        own.state === "valid"
          ? { state: "valid", licence: own.licence }
          : { state: "invalid", message: own.message },
      rows: this.#ledger.licences(),
      gifts: this.#ledger.shares(),
      notEntitled: this.#notEntitled(),
    };
  }

  types(): readonly OfferedLicenceType[] {
    return offeredTypes(this.view());
  }

  /** All rows, of both Centrals. */
  licences(): readonly LicenceValues[] {
    return this.#ledger.licences();
  }

  /** Who may be licensed, as the pair has it. */
  activationRule(): ActivationRule {
    return this.#ports.pair.row(licensingRules, rulesRow)?.values.activation ?? activationRuleDefault;
  }

  /**
   * `request`: verified, with the purpose "activate"; `remote`: the address that it came from. Resolves with the row
   * that the grant is made from, once it is on disk; rejects with a `Refusal` when it could not be written.
   */
  async activate(
    request: LicenceRequest,
    management: Management | null,
    remote: string,
  ): Promise<Result<LicenceValues, ActivationFault>> {
    const { world } = this.#ports;
    const wait = this.#throttle.waitMs(request.unit, world.now());
    if (wait > 0)
      return this.#refused(request, {
        kind: "refused",
        code: "too-often",
        message: "this LoadMaster asks for a licence too often",
        remedy: `ask again in ${Math.ceil(wait / 1_000)} s; look for another machine with the same key, or a script in a loop`,
        lastNumber: null,
        retryAfterMs: wait,
      });
    const before = decidingStanding(this.#rowsOf(request.unit));
    const unwanted = this.#unwanted(request, remote, before);
    if (unwanted !== null) return unwanted;
    let decision = decideActivation(this.view(), request, world.wall());
    if (decision.kind === "ask-peer") {
      const gave = await this.#askPeer(decision.limited, decision.amount, request);
      decision = decideActivation(this.view(), request, world.wall());
      const type = licenceTypeOf(request.type ?? "");
      if (decision.kind === "ask-peer" && type !== undefined)
        decision = decideWithoutPeer(this.view(), type, gave !== null);
    }
    if (decision.kind === "ask-peer") throw new Error("a licence of no known type was decided about");
    if (decision.kind === "refused") return this.#refused(request, { ...decision, retryAfterMs: null });
    const { row, because } = decision;
    const { values } = await this.#grant(row, management, `licence of ${row.name} (${row.unit}) granted`);
    this.#tellGranted(values, because, before);
    return ok(values);
  }

  /** `request`: verified, with the purpose "check"; `isOwnGrant`: `grant` is signed by this Central's key. */
  async check(request: LicenceRequest, grant: LicenceGrant, isOwnGrant: boolean): Promise<Checked> {
    const { state, message, row, isCopy } = decideCheck(this.view(), request, grant, isOwnGrant);
    if (isCopy) this.#tellCopied(request);
    const own = this.#ledger.own(request.unit);
    const noted = row ?? (state === "held" && own?.number === request.number ? own : null);
    const wall = this.#ports.world.wall();
    // One that asks in a loop is answered, and not written down each time.
    const isNoted = row === null && Math.abs(wall - (own?.checkedAt ?? 0)) < checkNotedAgainMs;
    if (noted !== null && !isNoted) {
      const summary = `licence of ${noted.name} (${noted.unit}) checked`;
      await this.#grant(noted, null, summary, state === "held" ? wall : undefined);
    }
    if (row !== null && own !== undefined && (row.address !== own.address || row.machine !== own.machine))
      this.#tell("info", "licence-rebound", `${who(row)} keeps its licence at ${row.address}:${row.port}`);
    return { state, message };
  }

  /** `request`: verified, with the purpose "release". False when there was none to give back. */
  async release(request: LicenceRequest): Promise<boolean> {
    const deciding = decidingStanding(this.#rowsOf(request.unit));
    if (deciding === undefined || deciding.number > request.number) return false;
    const remark = "given back by the LoadMaster";
    return (await this.#end(request.unit, remark, "licence-released", request.number)) !== null;
  }

  /** By an operator. Null when there was none that is held. */
  recover(unit: LicensingId, by: string): Promise<Acknowledged | null> {
    return this.#end(unit, `recovered by ${by}`, "licence-recovered");
  }

  /** What the peer gave of its share; null when it did not answer. */
  async moveShare(kind: LimitedKind, amount: number): Promise<number | null> {
    return this.#askPeer(kind, amount, null);
  }

  /** Why a licence may not take the place of the present one: less would be left than is in use (see `shares.ts`). */
  faultOfImport(licence: CentralLicence): FieldError | null {
    for (const kind of limitedKinds) {
      const issued = issuedBy(this.#ledger.licences(), this.#self, kind);
      const share = shareOf(licence, kind, this.#ledger.shares(), this.#self);
      if (share >= issued) continue;
      const unit = kind === "local" ? "local licences" : "Mbit/s of the pool";
      return {
        code: "licence-below-issued",
        field: "licence",
        message: `this Central has granted ${issued} ${unit}, and its share under this licence would be ${share}`,
        remedy:
          "recover licences that are not needed, have the licence issued with a greater share for this unit, or move the LoadMasters to the other Central first",
      };
    }
    return null;
  }

  /** A Central's share and what it has granted of a kind, as far as this unit knows; null where it is not licensed. */
  usage(kind: LimitedKind): {
    readonly licence: CentralLicence;
    readonly peer: UnitId | null;
    readonly of: (unit: UnitId) => { readonly share: number; readonly issued: number };
  } | null {
    const { licence } = this.#ports.own.current();
    if (licence === null || licence[kind] === null) return null;
    const rows = this.#ledger.licences();
    const gifts = this.#ledger.shares();
    return {
      licence,
      peer: sharesWith(licence, this.#self) ?? null,
      of: (unit) => ({
        share: Math.max(0, shareOf(licence, kind, gifts, unit)),
        issued: issuedBy(rows, unit, kind),
      }),
    };
  }

  stop(): void {
    this.#stopped = true;
    for (const unfollow of this.#unfollow) unfollow();
    this.#cancelReconcile?.();
    this.#audit.stop();
    this.#exchange.stop();
    this.#ledger.close();
  }

  // Granting and ending.

  #rowsOf(unit: LicensingId): readonly LicenceValues[] {
    return this.#ledger.licences().filter((row) => row.unit === unit);
  }

  async #grant(
    row: LicenceRow,
    management: Management | null,
    summary: string,
    checkedAt?: WallMillis,
  ): Promise<{ readonly values: LicenceValues; readonly acknowledged: Acknowledged }> {
    const { pair } = this.#ports;
    const before = decidingStanding(this.#rowsOf(row.unit).filter(({ device }) => device !== ""));
    const placed = row.state === "held" ? placedDevice(pair, row, management, before) : null;
    const values: LicenceValues = {
      ...row,
      formerMachines: [...row.formerMachines],
      device: placed?.kind === "placed" ? placed.device : (before?.device ?? ""),
      checkedAt: checkedAt ?? this.#ledger.own(row.unit)?.checkedAt ?? null,
    };
    const numbers = this.#ledger.numbersOf([row.unit]);
    const edits = this.#ledger.record({ licences: [values], numbers });
    const placing = placed?.kind === "placed" ? placed.edits : [];
    const acknowledged = await this.#write([...placing, ...edits], summary);
    if (placed?.kind === "claimed") void this.#adopt(values, placed);
    return { values, acknowledged };
  }

  /** A device that others brought into the tree becomes this LoadMaster's once it has answered there. */
  async #adopt(row: LicenceValues, { target, device, edits }: Claimed): Promise<void> {
    const answer = await this.#ports.contact(target);
    const own = this.#ledger.own(row.unit);
    if (this.#stopped || own?.number !== row.number) return;
    if (!answer.ok) {
      this.#tell(
        "warning",
        "licence-device-kept",
        `${who(row)} says that it is the device ${device} of the tree, which stays as it is: ${answer.error.message}`,
      );
      return;
    }
    const recorded = this.#ledger.record({ licences: [{ ...own, device }] });
    // What cannot be written now follows from the ledger, and the device at the next activation.
    await this.#write([...edits, ...recorded], `device of ${who(row)} taken over`).catch(() => {});
  }

  async #end(
    unit: LicensingId,
    remark: string,
    code: "licence-released" | "licence-recovered",
    number = 0,
  ): Promise<Acknowledged | null> {
    const ended = endedRow(this.view(), unit, remark, number);
    if (ended === null) return null;
    const { acknowledged } = await this.#grant(
      ended,
      null,
      `licence of ${ended.name} (${unit}) ended: ${remark}`,
    );
    this.#tell("info", code, `${who(ended)}: ${remark}`);
    return acknowledged;
  }

  async #write(edits: readonly Edit[], summary: string): Promise<Acknowledged> {
    return edits.length === 0 ? "both" : written(await this.#ports.pair.write(edits, author, summary));
  }

  // Shares.

  #askPeer(kind: LimitedKind, amount: number, request: LicenceRequest | null): Promise<number | null> {
    const own = this.#ports.own.current();
    if (own.state !== "valid") return Promise.resolve(null);
    return this.#exchange
      .ask({
        account: own.licence.account,
        kind,
        amount,
        exactly: request === null,
        unit: request?.unit ?? null,
        number: request?.number ?? 0,
      })
      .then((gave) => {
        if (gave !== null && gave > 0)
          this.#tell(
            "info",
            "licence-share-received",
            `the peer gave ${amountWords(kind, gave)} of its share`,
          );
        return gave;
      });
  }

  /** The peer's wish. What moves to the peer is freed first, so that its share can go with it. */
  async #give({ account, kind, amount, exactly, unit, number }: ShareWanted): Promise<number> {
    const view = this.view();
    if (view.licence.state !== "valid" || view.notEntitled !== null) return 0;
    const { licence } = view.licence;
    if (licence.account !== account || sharesWith(licence, this.#self) === undefined) return 0;
    const own = unit === null ? undefined : this.#ledger.own(unit);
    const moving = own !== undefined && own.state === "held" && own.number < number ? own : undefined;
    const isCounted = moving !== undefined && decidingStanding(this.#rowsOf(moving.unit)) === moving;
    const freed = isCounted ? amountOf(moving.type, kind) : 0;
    const free = freeOf(view, licence, kind) + freed;
    const gift = exactly ? Math.min(free, amount) : giftOf(free, amount);
    if (gift === 0) return 0;
    const given = givenBy(licence, kind, view.gifts, this.#self);
    const ended =
      isCounted && freed > 0
        ? [{ ...moving, state: "moved" as const, remark: "moved to the other Central" }]
        : [];
    const edits = this.#ledger.record({
      licences: ended,
      shares: [{ account, kind, giver: this.#self, given: given + gift }],
    });
    await this.#write(edits, `${amountWords(kind, gift)} given to the peer`);
    this.#tell(
      "info",
      "licence-share-given",
      `${amountWords(kind, gift)} of this Central's share given to the peer`,
    );
    return gift;
  }

  // The pair.

  #notEntitled(): string | null {
    const { belonging } = this.#ports.pair;
    if (belonging.kind === "removed") return "this Central was removed from its pair";
    if (belonging.kind === "unsettled")
      return "this Central ended while it was being removed from its pair: set its pair up anew, or remove it once more on the other Central";
    if (belonging.kind === "joining" && this.#ports.pair.rows(networks).length === 0)
      return "this Central is about to join a pair, whose configuration it waits for";
    if (belonging.kind === "paired" && !belonging.isKnownThere)
      return "the other Central of the pair does not know this one any more";
    return null;
  }

  /** Only an operator ends a pair: by *Remove from pair*, or by setting another peer. */
  #followPair(): void {
    const { belonging } = this.#ports.pair;
    const former = this.#ledger.peer;
    const peer = belonging.kind === "paired" ? belonging.peer : null;
    if (former !== null && belonging.kind === "removed") this.#leftBehind(former);
    else if (former !== null && isOver(belonging, former)) this.#takeOver(former);
    else if (peer === null) return;
    this.#ledger.setPeer(peer);
  }

  /** ML4: this unit stays. What the other had licensed is not licensed any more, and its share is this one's. */
  #takeOver(removed: UnitId): void {
    const remark = `licensed by the Central ${removed}, which was removed from the pair`;
    const ended = [...decidingStandings(this.#ledger.licences()).values()]
      .filter(({ central, state }) => central === removed && state === "held")
      .map((row): LicenceValues => ({ ...row, central: this.#self, state: "ended", remark }));
    this.#ledger.record({
      licences: ended,
      shares: this.#sharesWithout(removed),
      numbers: this.#ledger.numbersOf(ended.map(({ unit }) => unit)),
    });
    this.#armReconcile();
    if (ended.length > 0)
      this.#tell(
        "warning",
        "licences-taken-over",
        `${ended.length} LoadMaster(s) that the removed Central had licensed are normal devices now: ${ended.map(({ name }) => name).join(", ")}; to license one again, remove its device and re-license it from its own pages against this Central`,
      );
  }

  /** What says that a unit which leaves the pair has given all it had. */
  #sharesWithout(leaving: UnitId): NonNullable<LedgerEntries["shares"]> {
    const { licence } = this.#ports.own.current();
    if (licence === null) return [];
    const gifts = this.#ledger.shares();
    return limitedKinds
      .map((kind) => ({
        account: licence.account,
        kind,
        giver: leaving,
        given: givenWhenRemoved(licence, kind, gifts, leaving),
      }))
      .filter(({ given }) => given > 0);
  }

  /** This unit leaves: what it had is the other's from now on, also when it is set up anew. */
  #leftBehind(stays: UnitId): void {
    const remark = `licensed by the Central ${this.#self}, which was removed from its pair`;
    this.#ledger.record({
      licences: this.#ledger
        .licences()
        .filter(({ central, state }) => central === this.#self && state === "held")
        .map((row): LicenceValues => ({ ...row, state: "ended", remark })),
      shares: this.#sharesWithout(this.#self),
    });
    this.#tell(
      "warning",
      "licences-left-behind",
      `this Central was removed from its pair and licenses nothing any more; its LoadMasters are re-licensed against ${stays}`,
    );
  }

  #armReconcile(): void {
    if (this.#stopped) return;
    this.#cancelReconcile ??= this.#ports.world.after(reconcileDelayMs, () => {
      this.#cancelReconcile = null;
      void this.#reconcile();
    });
  }

  async #reconcile(): Promise<void> {
    const { kind } = this.#ports.pair.belonging;
    // What is to be overwritten by a pair is left as it is: a blank unit must not look as if it held something.
    if (
      this.#stopped ||
      this.#isReconciling ||
      kind === "removed" ||
      kind === "joining" ||
      kind === "unsettled"
    )
      return;
    const edits = this.#ledger.reconcile();
    this.#lookAtAllowance();
    if (edits.length === 0) return;
    this.#isReconciling = true;
    try {
      // What cannot be written now is tried again at the next change.
      await this.#ports.pair.write(edits, author, "licences of this Central written anew");
    } catch {
      // The pair has stopped, and its owner knows why.
    } finally {
      this.#isReconciling = false;
    }
  }

  /** More may have been granted than the licence allows only where a removed unit went on granting, unreachable. */
  #lookAtAllowance(): void {
    const over = limitedKinds.flatMap((kind) => {
      const usage = this.usage(kind);
      if (usage === null) return [];
      const units = usage.licence.units.map(({ unit }) => usage.of(unit).issued);
      const issued = units.reduce((sum, each) => sum + each, 0);
      const allowed = allowedBy(usage.licence, kind);
      return issued > allowed ? [`${amountWords(kind, issued)} granted of ${allowed}`] : [];
    });
    const words = over.join("; ");
    if (words !== "" && words !== this.#overTold)
      this.#tell("error", "licences-over-allowance", `more is licensed than the licence allows: ${words}`);
    this.#overTold = words;
  }

  // Who may ask.

  /** The refusal of who may not be licensed, or not now. A key costs nothing: strangers share entries of the audit. */
  #unwanted(
    request: LicenceRequest,
    remote: string,
    before: LicenceValues | undefined,
  ): Result<never, ActivationFault> | null {
    const { world, pair } = this.#ports;
    const rule = this.activationRule();
    const cidrs = rule === "known-networks" ? pair.rows(networks).map(({ key }) => key) : [];
    const isLicensed = before?.state === "held";
    const refused = refusedByRule(rule, cidrs, { isLicensed, claimed: request.address, remote });
    if (refused !== null)
      return this.#refused(
        request,
        { ...refused, retryAfterMs: null },
        before === undefined ? `strangers at ${remote}` : request.unit,
      );
    const wait = before === undefined ? this.#newcomers.waitMs(request.unit, world.now()) : 0;
    if (wait === 0) return null;
    return this.#refused(
      request,
      {
        kind: "refused",
        code: "too-often",
        message: `${newcomersMax} LoadMasters that were never licensed here have asked in the last ${newcomerWindowMs / minute} minutes`,
        remedy: `ask again in ${Math.ceil(wait / 1_000)} s; if these are no LoadMasters of yours, say who may be licensed: tandem ctl licensing rules`,
        lastNumber: null,
        retryAfterMs: wait,
      },
      "strangers",
    );
  }

  // The audit.

  /** `kind`: whose refusals are counted together. */
  #refused(
    request: LicenceRequest,
    fault: ActivationFault,
    kind: string = request.unit,
  ): Result<never, ActivationFault> {
    this.#audit.refused(
      kind,
      fault.code,
      `${who(request)} was refused a licence (${request.type ?? "none"}): ${fault.message}`,
    );
    return err(fault);
  }

  #tellGranted(row: LicenceValues, because: GrantedBecause, before: LicenceValues | undefined): void {
    if (row.remark !== "") this.#tell("error", "licence-copied", `${who(row)}: ${row.remark}`);
    const type = licenceTypeOf(row.type)?.name ?? row.type;
    switch (because) {
      case "repeated":
        return;
      case "new":
        this.#tell("info", "licence-granted", `${who(row)} was licensed: ${type}`);
        return;
      case "renewed":
        this.#tell(
          "info",
          "licence-renewed",
          `${who(row)} was licensed again: ${type}${before === undefined || before.type === row.type ? "" : `, before: ${before.type}`}`,
        );
        return;
      case "migrated":
        this.#tell(
          "info",
          "licence-migrated",
          `the licence of ${who(row)} (${type}) moved here from the Central ${before?.central ?? ""}`,
        );
    }
  }

  #tellCopied(request: LicenceRequest): void {
    this.#audit.refused(
      request.unit,
      "copied",
      `${who(request)}: seen on two machines with one key; the one that was licensed last is served, the other (${request.machine}) is not`,
    );
  }

  #tell(severity: LicensingEvent["severity"], code: LicensingEvent["code"], message: string): void {
    this.#ports.note({ severity, code, message });
  }
}

const isOver = (belonging: Belonging, former: UnitId): boolean =>
  belonging.kind === "alone" ||
  ((belonging.kind === "paired" || belonging.kind === "joining") && belonging.peer !== former);

const who = ({ name, unit, address }: Pick<LicenceRow, "name" | "unit" | "address">): string =>
  `LoadMaster ${name || "without a name"} (${unit}, ${address})`;

const amountWords = (kind: LimitedKind, amount: number): string =>
  kind === "local" ? `${amount} local licence(s)` : `${amount} Mbit/s of the pool`;
