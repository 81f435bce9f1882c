/**
 * The licence of this unit (SPEC ML2, ML7): the shell around `@tandem/licensing/unit-licence`, which decides. It keeps,
 * signs, sends and waits, one thing after the other, and gives the Central its account on this unit.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { err, ok, type Result } from "@tandem/base/result";
import { hour } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import {
  additionFault,
  type CentralAddress,
  graceEndsAt,
  type Input,
  keptOf,
  type LicenceFault,
  licenceNotice,
  licenceWakeAt,
  type Moment,
  type Note,
  type Outcome,
  type Send,
  type Step,
  startedLicence,
  stepLicence,
  type UnitLicence,
} from "@tandem/licensing/unit-licence";
import { type LicenceRequest, licenceDocument, licenceTypeOf } from "@tandem/licensing/wire";
import type {
  LicenceNoticeView,
  LicenceView,
  OfferedLicences,
} from "@tandem/loadmaster-api/licence-commands";
import { managementUser } from "@tandem/loadmaster-api/user-parameters";
import { keyIdOf } from "@tandem/signed-documents/keys";
import { signDocument } from "@tandem/signed-documents/signed-document";
import { newPassword } from "../access/passwords.ts";
import type { Log } from "../unit.ts";
import { CentralCalls } from "./central-calls.ts";
import type { LicenceStore, LoadedLicence } from "./licence-store.ts";

/** What the unit says of itself in requests, as it is at the moment. */
export type SelfFacts = Omit<LicenceRequest, "purpose" | "unit" | "number" | "type" | "at">;

export type LicensingSide = {
  /** `host`: the Central that is asked. */
  facts(host: string): SelfFacts;
  /** The address that this unit knows a host by. */
  resolve(host: string): string;
  /** What people see of the licence may have changed. */
  changed(): void;
};

/** Where the operator says that a Central is; `fingerprint` absent: whatever is pinned, else what it shows. */
export type CentralAsked = {
  readonly host: string;
  readonly port: number;
  readonly fingerprint: string | undefined;
};

export class UnitLicensing {
  readonly #world: World;
  readonly #store: LicenceStore;
  readonly #key: LoadedLicence["key"];
  readonly #log: Log;
  readonly #timeoutMs: number | undefined;
  #state: UnitLicence;
  #password: string | null;
  #side: LicensingSide | undefined;
  #calls: CentralCalls | undefined;
  /** Whose types were asked for last, with the key that was shown then. */
  #offered: OfferedLicences | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: Cancel | undefined;
  #stopped = false;

  constructor(parts: {
    readonly world: World;
    readonly store: LicenceStore;
    readonly loaded: LoadedLicence;
    readonly log: Log;
    readonly callTimeoutMs?: number;
  }) {
    const { world, store, loaded, log } = parts;
    this.#world = world;
    this.#store = store;
    this.#key = loaded.key;
    this.#log = log;
    this.#timeoutMs = parts.callTimeoutMs;
    this.#password = loaded.managementPassword;
    this.#state = startedLicence(keyIdOf(loaded.key.publicKey), loaded.licence, this.#moment());
    for (const each of loaded.lost) log("error", "licence-unreadable", each);
  }

  start(side: LicensingSide): void {
    this.#side = side;
    this.#calls = new CentralCalls((host) => side.resolve(host), this.#timeoutMs);
    this.#sleep();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.();
    this.#calls?.abandon();
    // How far the clock of the licence has come; whatever is under way is as it is after a power cut.
    await this.#inTurn(async () => {
      if (this.#state.stand.kind === "unlicensed") return;
      const { state } = stepLicence(this.#state, { kind: "tick" }, this.#moment());
      await this.#store
        .save({ licence: keptOf(state), managementPassword: this.#password })
        .catch((error: Error) => this.#log("error", "licence-not-kept", { reason: error.message }));
    });
  }

  /** What Centrals know this unit by. */
  get id(): string {
    return this.#state.unit;
  }

  /** Null without a licence. */
  get type(): string | null {
    const { stand } = this.#state;
    return stand.kind === "unlicensed" ? null : stand.licence.grant.type;
  }

  /** For the home page. */
  get notice(): LicenceNoticeView | null {
    return licenceNotice(this.#state);
  }

  /** Why no service can be added; null when one can. */
  get additionFault(): LicenceFault | null {
    return additionFault(this.#state);
  }

  get view(): LicenceView {
    const { stand, unit, attempt, clock, checkDueAt } = this.#state;
    const { now, wall } = this.#moment();
    const licence = stand.kind === "unlicensed" ? undefined : stand.licence;
    const typeName =
      licence === undefined ? "" : (licenceTypeOf(licence.grant.type)?.name ?? licence.grant.type);
    return {
      uuid: unit,
      LicenseStatus: statusWords[stand.kind],
      LicenseType: typeName,
      ActivationDate: licence === undefined ? "" : new Date(licence.grant.grantedAt).toISOString(),
      state: stand.kind,
      type: licence?.grant.type ?? null,
      holder: licence?.grant.holder ?? null,
      number: licence?.grant.number ?? null,
      centrals: (licence?.centrals ?? []).map((each) => ({
        name: each.name,
        unit: each.unit,
        host: each.address,
        port: each.port,
        fingerprint: each.certificateFingerprint,
        isHolder: each.unit === licence?.grant.central,
      })),
      grantedAt: licence?.grant.grantedAt ?? null,
      heldAt: licence === undefined ? null : Math.round(wall - (clock - licence.heldAt)),
      nextCheckAt: licence === undefined ? null : Math.round(wall + Math.max(0, checkDueAt - now)),
      graceUntil: roundedOrNull(graceEndsAt(this.#state, wall)),
      reason: stand.kind === "grace" || stand.kind === "over" ? stand.reason : null,
      unanswered: attempt === null ? null : { host: attempt.central.address, type: attempt.type },
    };
  }

  // The Central's account.

  /** Whether this is the Central, which may sign in while the unit is licensed, in the grace, and while it is asked. */
  signsIn(user: string, password: string): boolean {
    const expected = this.#password;
    if (user !== managementUser || expected === null || !this.hasAccount) return false;
    const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
    return timingSafeEqual(digest(password), digest(expected));
  }

  /** A Central that is about to grant a licence looks at the unit before its answer is here. */
  get hasAccount(): boolean {
    const { stand, doing } = this.#state;
    const isGiven = stand.kind === "licensed" || stand.kind === "grace" || doing.kind === "activating";
    return this.#password !== null && isGiven;
  }

  /** Another one whenever the account has ended in between; undefined while there is none. */
  get accountMark(): string | undefined {
    return this.hasAccount && this.#password !== null
      ? createHash("sha256").update(this.#password).digest("hex")
      : undefined;
  }

  // What operators ask for.

  /** What a Central offers; its key is trusted as it is shown where none is known. */
  async types(asked: CentralAsked): Promise<Result<OfferedLicences, LicenceFault>> {
    const central = await this.#central(asked);
    if (!central.ok) return central;
    const called = await this.#callsNow.types(central.value);
    if (!called.ok) {
      const { error } = called;
      return err(
        error.kind === "refused"
          ? error
          : {
              code: error.kind,
              message: `the Central ${asked.host}:${asked.port}: ${error.reason}`,
              remedy: "look at its address and port, and whether it runs",
            },
      );
    }
    const offered: OfferedLicences = {
      host: asked.host,
      port: asked.port,
      fingerprint: central.value.certificateFingerprint,
      ...called.value,
    };
    this.#offered = offered;
    return ok(offered);
  }

  /** `asked` undefined: the Central whose types were asked for last, else the one that has licensed this unit. */
  async activate(type: string, asked: CentralAsked | undefined): Promise<Outcome> {
    const given = asked ?? this.#lastCentral();
    if (given === undefined)
      return {
        ok: false,
        fault: {
          code: "no-central",
          message: "aslhost: it is not known which Central to ask",
          remedy: "give aslhost and aslport, or ask for the types of licence first (aslgetlicensetypes)",
        },
      };
    const central = await this.#central(given);
    return central.ok
      ? this.#carryOut({ kind: "activate", type, central: central.value })
      : { ok: false, fault: central.error };
  }

  check(): Promise<Outcome> {
    return this.#carryOut({ kind: "check" });
  }

  release(force: boolean): Promise<Outcome> {
    return this.#carryOut({ kind: "release", force });
  }

  get #callsNow(): CentralCalls {
    if (this.#calls === undefined) throw new Error("the unit has not started");
    return this.#calls;
  }

  #lastCentral(): CentralAsked | undefined {
    if (this.#offered !== undefined) return this.#offered;
    const holder = this.view.centrals.find((each) => each.isHolder);
    return holder?.host == null
      ? undefined
      : { host: holder.host, port: holder.port, fingerprint: holder.fingerprint ?? undefined };
  }

  /** With the key that has to be shown: the given one, else a pinned one, else the one that was seen, else what is shown. */
  async #central({ host, port, fingerprint }: CentralAsked): Promise<Result<CentralAddress, LicenceFault>> {
    const isThere = (each: { readonly host: string | null; readonly port: number }) =>
      each.host?.toLowerCase() === host.toLowerCase() && each.port === port;
    const known =
      fingerprint?.toLowerCase() ??
      this.view.centrals.find(isThere)?.fingerprint ??
      [this.#offered].find((each) => each !== undefined && isThere(each))?.fingerprint;
    if (known != null) return ok({ address: host, port, certificateFingerprint: known });
    const shown = await this.#callsNow.fingerprint(host, port);
    return shown.ok
      ? ok({ address: host, port, certificateFingerprint: shown.value })
      : err({
          code: "no-answer",
          message: `the Central ${host}:${port} does not answer${shown.error.kind === "no-answer" ? `: ${shown.error.reason}` : ""}`,
          remedy: "look at its address and port, whether it runs, and the network between",
        });
  }

  // Steps, one after the other.

  async #carryOut(input: Input): Promise<Outcome> {
    const outcome = await this.#inTurn(() => this.#run(input));
    return (
      outcome ?? {
        ok: false,
        fault: { code: "stopping", message: "this unit is stopping", remedy: "ask again once it runs" },
      }
    );
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #run(input: Input): Promise<Outcome | null> {
    if (this.#stopped) return null;
    this.#timer?.();
    let outcome: Outcome | null = null;
    let next: Input | undefined = input;
    while (next !== undefined) {
      const before = this.#state;
      const step: Step = stepLicence(before, next, this.#moment());
      this.#state = step.state;
      next = undefined;
      try {
        await this.#keep(step);
      } catch (error) {
        // Nothing is sent of which the number is not on disk.
        this.#state = { ...before, doing: { kind: "nothing" } };
        const message = `the licence cannot be kept on disk: ${(error as Error).message}`;
        this.#log("error", "licence-not-kept", { reason: message });
        outcome = {
          ok: false,
          fault: { code: "not-kept", message, remedy: "look at the disk; nothing was sent" },
        };
        break;
      }
      for (const note of step.notes) this.#tell(note);
      outcome ??= step.outcome;
      if (step.send === null) break;
      const answer = await this.#send(step.send);
      if (this.#stopped) return outcome;
      next = { kind: "answer", answer };
    }
    this.#side?.changed();
    this.#sleep();
    return outcome;
  }

  async #keep({ keep, send }: Step): Promise<void> {
    if (keep === null) return;
    const password =
      send?.purpose === "activate"
        ? (this.#password ?? newPassword())
        : keep.stand.kind === "unlicensed" && keep.attempt === null
          ? null
          : this.#password;
    await this.#store.save({ licence: keep, managementPassword: password });
    this.#password = password;
  }

  async #send(send: Send): ReturnType<CentralCalls["send"]> {
    const side = this.#side;
    if (side === undefined) return { kind: "no-answer", reason: "the unit has not started" };
    const claims: LicenceRequest = {
      purpose: send.purpose,
      unit: this.#state.unit,
      number: send.number,
      type: send.purpose === "activate" ? send.type : null,
      ...side.facts(send.central.address),
      at: this.#world.wall(),
    };
    const request = await signDocument(licenceDocument.request, claims, this.#key);
    return this.#callsNow.send(send, request, { user: managementUser, password: this.#password ?? "" });
  }

  #moment(): Moment {
    const spread = Number.parseInt(this.#world.randomHex(4), 16) / 2 ** 32;
    return { now: this.#world.now(), wall: this.#world.wall(), spread };
  }

  #sleep(): void {
    this.#timer?.();
    const at = this.#stopped ? null : licenceWakeAt(this.#state);
    // A machine that slept, or a clock that jumped, is noticed within the hour.
    if (at !== null)
      this.#timer = this.#world.after(Math.min(hour, Math.max(0, at - this.#world.now())), () => {
        void this.#inTurn(() => this.#run({ kind: "tick" }));
      });
  }

  #tell({ kind, ...details }: Note): void {
    const [level, event] = events[kind];
    this.#log(level, event, details);
  }
}

const events = {
  licensed: ["info", "licence-granted"],
  "held-again": ["info", "licence-held-again"],
  grace: ["warn", "licence-in-grace"],
  "grace-over": ["error", "licence-over"],
  "activation-failed": ["warn", "licence-not-granted"],
  released: ["info", "licence-released"],
} as const satisfies { readonly [Kind in Note["kind"]]: readonly [Parameters<Log>[0], string] };

const statusWords = {
  unlicensed: "Not licensed",
  licensed: "Licensed",
  grace: "Licensed, not confirmed",
  over: "Not confirmed for too long",
} as const;

const roundedOrNull = (value: number | null): number | null => (value === null ? null : Math.round(value));
