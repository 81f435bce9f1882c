/**
 * From one unit to two, and back (SPEC LH10). The unit that has the services runs the procedure; the other one is asked
 * over its API. The one that serves never stops serving: it is active from the moment it has a partner, and holds its
 * addresses throughout. What fails is undone as far as that does no harm.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { sha256Hex } from "@tandem/base/digest";
import { parseIpv4 } from "@tandem/base/ip";
import { err, ok, type Result } from "@tandem/base/result";
import { shownFingerprint } from "@tandem/loadmaster-api/client";
import { completedOk, type Failure } from "@tandem/loadmaster-api/envelope";
import {
  certificateBackup,
  type joinParameters,
  type leaveParameters,
  type PairingCheckView,
  type PairingFacts,
  type PairingKind,
  type PairingStarted,
  type PairingView,
  type pairCheckParameters,
  type pairParameters,
  type replaceParameters,
  type unpairParameters,
} from "@tandem/loadmaster-api/pairing";
import type { Values } from "@tandem/loadmaster-api/parameters";
import { changeInterface } from "../api/interfaces.ts";
import { type NetworkInterface, onNetworkOf } from "../configuration-file.ts";
import { linkVersion } from "../ha/partner-messages.ts";
import { partnerKeyOf } from "../ha/partner-secret.ts";
import { heldAlone } from "../services/address-rules.ts";
import { digestOf, type UnitDocument } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";
import { runChecks } from "./check.ts";
import { type Job, JobStore, type Membership } from "./job-store.ts";
import {
  asBefore,
  asFirst,
  asJoined,
  asLast,
  asLeft,
  membershipOf,
  type PairShape,
  withMembership,
} from "./membership.ts";
import { neverArrived, type Partner, type PartnerAccess, realPartner } from "./partner.ts";
import {
  done,
  failed,
  interrupted,
  type ProcedureState,
  runProcedure,
  type StepOutcome,
  type StepPlan,
  waiting,
} from "./procedure.ts";
import { realSegment, type Segment } from "./segment.ts";

export const activeWithinMs = 15_000;
export const linkWithinMs = 30_000;
export const synchronisedWithinMs = 60_000;
/** Beyond the HA timeout: a standby that has stood so long has heard the active one. */
export const standbyWithinMs = 30_000;
/** Both may be active for one exchange of CARP, not for so long. */
export const bothActiveMaxMs = 3_000;
const lookIntervalMs = 100;
const askIntervalMs = 500;
/** Longer ago than the HA timeout and this the partner's CARP does not count as heard. */
export const heardMarginMs = 2_000;

type CheckValues = Values<typeof pairCheckParameters>;
type PairValues = Values<typeof pairParameters>;
type ReplaceValues = Values<typeof replaceParameters>;
type UnpairValues = Values<typeof unpairParameters>;
type JoinValues = Values<typeof joinParameters>;
type LeaveValues = Values<typeof leaveParameters>;
type AccessValues = Pick<
  CheckValues,
  "partnerport" | "partneruser" | "partnerpassword" | "partnerfingerprint"
>;
type Shape = PairShape & { readonly on: NetworkInterface; readonly overwrite: boolean };

export type PairingPorts = {
  readonly version: string;
  readonly segment?: Segment;
  readonly partnerAt?: (access: PartnerAccess) => Partner;
};

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });
const missing = (name: string): Result<never, Failure> =>
  err({ code: 400, message: `${name}: String Value missing` });

export class Pairing {
  readonly #unit: Unit;
  readonly #ports: Required<PairingPorts>;
  readonly #store: JobStore;
  readonly #loaded: Promise<void>;
  #job: Job | undefined;
  #running = false;

  constructor(unit: Unit, ports: PairingPorts) {
    this.#unit = unit;
    this.#ports = { segment: realSegment, partnerAt: realPartner, ...ports };
    this.#store = new JobStore(unit.configuration.stateDir);
    this.#loaded = this.#load();
  }

  /** Where the procedure stands, and what this unit says of itself. */
  async status(): Promise<PairingView> {
    await this.#loaded;
    const job = this.#job;
    return {
      kind: job?.kind ?? null,
      state: job?.state ?? "none",
      steps: job?.steps ?? [],
      outcome: job?.outcome ?? "",
      backups: job?.backups ?? [],
      unit: this.#facts(),
    };
  }

  /** Without a fingerprint only the one that is shown is answered, and nothing secret is sent. */
  async check(values: CheckValues): Promise<Result<PairingCheckView, Failure>> {
    const shape = await this.#shapeOf(values, undefined);
    if (!shape.ok) return shape;
    const { partner: address, partnerport: port = 443 } = values;
    if (values.partnerfingerprint === undefined) {
      const shown = await shownFingerprint({ address, port });
      return ok(
        shown.ok
          ? { fingerprint: shown.value, confirmed: false, ready: false, checks: [] }
          : {
              fingerprint: "",
              confirmed: false,
              ready: false,
              checks: [
                {
                  name: "certificate",
                  ok: false,
                  found: shown.error.message,
                  remedy: "look whether the other unit runs, its address and port, and the network between",
                },
              ],
            },
      );
    }
    const access = accessOf(address, values);
    if (!access.ok) return access;
    const checks = await this.#checks(shape.value, this.#ports.partnerAt(access.value));
    return ok({
      fingerprint: access.value.fingerprint,
      confirmed: true,
      ready: checks.every((each) => each.ok !== false),
      checks,
    });
  }

  async pair(values: PairValues, caller: Author): Promise<Result<PairingStarted, Failure>> {
    await this.#loaded;
    const shape = await this.#shapeOf(values, values.secret);
    if (!shape.ok) return shape;
    const { setup } = this.#unit;
    if (setup.kind === "pair") {
      if (setup.partner !== values.partner)
        return refuse(
          `partner: this unit has the partner ${setup.partner}; end that pair first (haunpair), or give hareplace if it is dead`,
        );
      if (this.#linkIsUp() && this.#job?.state !== "failed")
        return refuse(`hapair: this unit and ${setup.partner} are a pair already; nothing was changed`);
    }
    const access = this.#mayBegin(shape.value, values);
    if (!access.ok) return access;
    return this.#begin("pair", shape.value, access.value, caller);
  }

  async replace(values: ReplaceValues, caller: Author): Promise<Result<PairingStarted, Failure>> {
    await this.#loaded;
    const { setup } = this.#unit;
    if (setup.kind !== "pair")
      return refuse("hareplace: this unit is no part of a pair; give hapair to make one");
    if (values.partner !== setup.partner || this.#job?.state !== "failed") {
      if (this.#linkIsUp())
        return refuse(
          `hareplace: the partner ${setup.partner} is there; end the pair first (haunpair), then give hapair`,
        );
      if (this.#facts().hearsPartner)
        return refuse(
          `hareplace: CARP of the partner ${setup.partner} was heard a moment ago; switch it off for good first`,
        );
    }
    const shape = await this.#shapeOf(
      {
        ...values,
        shared: setup.sharedAddress,
        interface: setup.own.id,
        vhid: undefined,
        timeout: undefined,
        fast: undefined,
        mode: undefined,
      },
      undefined,
    );
    if (!shape.ok) return shape;
    const access = this.#mayBegin(shape.value, values);
    if (!access.ok) return access;
    return this.#begin("replace", shape.value, access.value, caller);
  }

  async unpair(values: UnpairValues, caller: Author): Promise<Result<PairingStarted, Failure>> {
    await this.#loaded;
    const { setup } = this.#unit;
    if (setup.kind !== "pair") return refuse("haunpair: this unit is no part of a pair; nothing to end");
    const faults = this.#faultsBefore(values.backupdigest);
    if (faults !== undefined) return err(faults);
    let partner: Partner | undefined;
    if (values.gone !== true) {
      const access = accessOf(setup.partner, values);
      if (!access.ok) return access;
      partner = this.#ports.partnerAt(access.value);
    }
    return this.#start("dissolve", this.#dissolvePlan(values, setup.partner, partner, caller));
  }

  /** Asked by the other unit: this one becomes its partner, without services until they reach it. */
  async join(values: JoinValues, caller: Author): Promise<Result<object, Failure>> {
    const { document, configuration } = this.#unit;
    const on = configuration.interfaces.find((each) => each.id === values.interface);
    if (on === undefined) return refuse(`interface: there is no interface ${values.interface} on this unit`);
    const fault = this.#addressFault(on, values.partner, values.shared);
    if (fault !== undefined) return refuse(fault);
    const again = document.unit.hamode !== 0 && document.unit.partners[on.id] === values.partner;
    if (document.unit.hamode !== 0 && !again)
      return refuse(
        `hajoin: this unit is HA${document.unit.hamode} of another pair; end that one first (haunpair)`,
      );
    if (again && this.#unit.haStatus === "Active")
      return refuse("hajoin: this unit is active itself; its partner's CARP does not reach it");
    if (!again) {
      const count = document.shared.services.length;
      if (count > 0 && values.overwrite !== true)
        return refuse(
          `overwrite: this unit has ${count} virtual services of its own; say overwrite=yes if they may go`,
        );
      await this.#store.keepBeforeJoining(document);
      await this.#unit.keepDocument();
    }
    const shape: PairShape = {
      mode: values.mode === "1" ? 1 : 2,
      partner: values.partner,
      shared: values.shared,
      interface: values.interface,
      vhid: values.vhid,
      timeout: values.timeout,
      fast: values.fast,
      partnerKey: values.partnerkey.toLowerCase(),
    };
    return this.#changed(caller, (now) => (again ? asFirst(now, shape) : asJoined(now, shape)));
  }

  /** This unit is single afterwards. A unit that is single already is left as it is. */
  async leave({ content }: LeaveValues, caller: Author): Promise<Result<object, Failure>> {
    const { document } = this.#unit;
    const before = await this.#store.beforeJoining();
    if (document.unit.hamode === 0) return ok({ message: "it is single already" });
    if (content !== "before" && this.#unit.haStatus === "Active" && !this.#linkIsUp())
      return refuse(
        "haleave: this unit is active, and no partner is there to go on; give haunpair gone=yes if it is to stay",
      );
    await this.#unit.keepDocument();
    const made = await this.#changed(caller, (now) =>
      content === "before"
        ? before === undefined
          ? asLeft(now, "keep")
          : asBefore(now, before)
        : asLeft(now, content === "empty" ? "empty" : "keep"),
    );
    if (made.ok) await this.#store.forgetBeforeJoining();
    return made;
  }

  async #load(): Promise<void> {
    const job = await this.#store.load();
    if (job === undefined) return;
    this.#job = { ...job, ...interrupted(job, Date.now(), this.#standing()) };
  }

  #mayBegin(
    shape: Shape,
    values: AccessValues & { readonly backupdigest: string },
  ): Result<PartnerAccess, Failure> {
    const fault = this.#faultsBefore(values.backupdigest);
    if (fault !== undefined) return err(fault);
    const unfit = this.#addressFault(shape.on, shape.partner, shape.shared);
    return unfit === undefined ? accessOf(shape.partner, values) : refuse(unfit);
  }

  /** What keeps any procedure from beginning. */
  #faultsBefore(backupDigest: string): Failure | undefined {
    if (this.#running)
      return {
        code: 422,
        message: "a procedure runs on this unit already; hapairstatus tells how far it is",
      };
    const { setup, haStatus } = this.#unit;
    if (setup.kind === "pair" && haStatus !== "Active")
      return {
        code: 422,
        message: `this unit is ${haStatus}; give the command to the active one, or hand over to this one first`,
      };
    if (backupDigest.toLowerCase() !== sha256Hex(this.#unit.backup().bytes))
      return {
        code: 422,
        message:
          "backupdigest: this is not the digest of a backup of the present configuration; fetch one with the command backup, keep it, and give its digest",
      };
    return undefined;
  }

  async #begin(
    kind: "pair" | "replace",
    shape: Shape,
    access: PartnerAccess,
    caller: Author,
  ): Promise<Result<PairingStarted, Failure>> {
    const partner = this.#ports.partnerAt(access);
    const goesOn =
      this.#job?.state === "failed" && this.#job.kind === kind && this.#unit.setup.kind === "pair";
    const before = goesOn && this.#job !== undefined ? this.#job.before : membershipOf(this.#unit.document);
    return this.#start(kind, this.#joinPlan(kind, shape, partner, before, caller), before);
  }

  async #start(
    kind: PairingKind,
    plan: readonly StepPlan[],
    before: Membership = membershipOf(this.#unit.document),
  ): Promise<Result<PairingStarted, Failure>> {
    this.#running = true;
    const keep = async (state: ProcedureState): Promise<void> => {
      const job: Job = { ...state, before, backups: this.#job?.backups ?? [] };
      await this.#store.save(job);
      this.#job = job;
      if (state.state !== "running") this.#running = false;
    };
    this.#job = { ...waiting(kind, plan), before, backups: [] };
    try {
      await keep(waiting(kind, plan));
    } catch (error) {
      this.#running = false;
      return err({
        code: 500,
        message: `where the procedure stands cannot be kept: ${(error as Error).message}; nothing was changed`,
      });
    }
    void runProcedure(kind, plan, { wall: () => Date.now(), keep, standing: () => this.#standing() })
      .catch(() => {
        // Where it stands could not be written down: what is on disk says how far it was.
      })
      .finally(() => {
        this.#running = false;
      });
    return ok({ ...(await this.status()), certificates: certificateBackup });
  }

  #joinPlan(
    kind: "pair" | "replace",
    shape: Shape,
    partner: Partner,
    before: Membership,
    caller: Author,
  ): StepPlan[] {
    const unit = this.#unit;
    let asked = false;
    return [
      {
        name: "check",
        about: "look whether the two units can be a pair",
        act: async () => {
          const faults = (await this.#checks(shape, partner)).filter((each) => each.ok === false);
          return faults.length === 0
            ? done("everything is well")
            : failed(
                faults.map((each) => `${each.name}: ${each.found}`).join("; "),
                faults.map((each) => each.remedy).join("; "),
              );
        },
      },
      { name: "backup", about: "keep a backup of both units", act: () => this.#backUp(partner) },
      {
        name: "this unit",
        about:
          kind === "pair"
            ? `this unit becomes HA${shape.mode} and is active at once`
            : `this unit takes ${shape.partner} as its partner`,
        act: async () => {
          const made = await this.#changed(caller, (now) => asFirst(now, shape), true);
          if (!made.ok) return failed(made.error.message, "put this right, then give the command again");
          return (await until(() => unit.haStatus === "Active", activeWithinMs))
            ? done(`it is active, with ${shape.shared}`)
            : failed(
                `it is ${unit.haStatus}: ${unit.carpStatus?.reason ?? "carpd does not answer"}`,
                "look at the reason and at carpd.log in the state directory",
              );
        },
        undo: async () => {
          const made = await this.#changed(caller, (now) => withMembership(now, before), true);
          return made.ok
            ? done("this unit is set as it was before")
            : failed(made.error.message, "give haunpair gone=yes once the other unit is out of the pair");
        },
      },
      {
        name: "partner",
        about: `${shape.partner} becomes HA${3 - shape.mode}`,
        act: async () => {
          const { on, mode, shared, partnerKey, overwrite } = shape;
          const { vhid, timeout, fast } = unit.document.shared.ha;
          const joined = await partner.join({
            partner: on.address,
            interface: on.id,
            shared,
            vhid,
            timeout,
            fast: fast === true,
            mode: String(3 - mode),
            partnerkey: partnerKey,
            overwrite,
          });
          asked = joined.ok || !neverArrived(joined.error);
          return joined.ok
            ? done("it has joined")
            : failed(joined.error.message, "put this right on the other unit, then give the command again");
        },
        undo: async () => {
          if (!asked) return done("the other unit was never asked");
          const left = await partner.leave("before");
          return left.ok || neverWasThere(left.error)
            ? done("the other unit is as it was before")
            : failed(
                `the other unit cannot be asked to leave: ${left.error.message}`,
                "this unit stays active, without a partner: give the same command again once the other one is back, or haunpair gone=yes if it never will be",
              );
        },
      },
      {
        name: "link",
        about: "the two find each other on the partner link",
        act: async () => {
          if (await until(() => this.#linkIsUp(), linkWithinMs)) return done("it is up");
          const { partnerState } = unit;
          return failed(
            "reason" in partnerState ? partnerState.reason : "it does not come up",
            `let TCP ${unit.configuration.partnerPort} through between the units, in both directions`,
          );
        },
      },
      {
        name: "synchronised",
        about: "the other unit has the whole configuration",
        act: async () => {
          const same = (): boolean => {
            const { partnerState, document } = unit;
            const digest = digestOf(document.shared);
            return (
              partnerState.kind === "up" &&
              partnerState.status.digest === digest &&
              document.agreedDigest === digest
            );
          };
          const bothActive = lasting(bothActiveMaxMs, () => {
            const { partnerState } = unit;
            return partnerState.kind === "up" && partnerState.status.role === "master";
          });
          await until(() => same() || bothActive(), synchronisedWithinMs);
          if (bothActive()) return failed("both units are active", carpRemedy);
          return same()
            ? done(`revision ${unit.revision}, digest ${digestOf(unit.document.shared).slice(0, 16)}`)
            : failed(
                `the other unit has not taken the configuration: ${unit.haProblems.join("; ") || "no answer"}`,
                "look into the other unit's log for configuration-not-accepted",
              );
        },
      },
      {
        name: "standby",
        about: "the other unit is standby and ready",
        act: () => this.#standsBy(partner),
      },
    ];
  }

  async #standsBy(partner: Partner): Promise<StepOutcome> {
    const deadline = performance.now() + standbyWithinMs + this.#unit.document.shared.ha.timeout * 3_000;
    let active = false;
    const bothActive = lasting(bothActiveMaxMs, () => active);
    for (;;) {
      const facts = await partner.facts();
      active = facts.ok && facts.value.hastatus === "Active";
      // Where its API listens does not keep it from standing in.
      const faults = facts.ok ? facts.value.problems.filter((each) => !each.startsWith("API:")) : [];
      const ready =
        facts.ok &&
        facts.value.hastatus === "Standby" &&
        facts.value.hearsPartner &&
        faults.length === 0 &&
        this.#unit.haStatus === "Active";
      if (ready) return done("this unit is active, the other one standby");
      if (bothActive() || performance.now() > deadline) {
        const found = facts.ok
          ? [
              `it is ${facts.value.hastatus}`,
              ...(facts.value.hearsPartner ? [] : ["it does not hear this unit's CARP"]),
              ...faults,
            ].join("; ")
          : facts.error.message;
        return failed(found, active ? carpRemedy : "put right what it reports, then give the command again");
      }
      await pause(askIntervalMs);
    }
  }

  #dissolvePlan(
    { leaver, gone, sharedaddress }: UnpairValues,
    address: string,
    partner: Partner | undefined,
    caller: Author,
  ): StepPlan[] {
    const unit = this.#unit;
    return [
      { name: "backup", about: "keep a backup", act: () => this.#backUp(partner) },
      {
        name: "leave",
        about: gone === true ? `${address} is gone for good` : `${address} leaves the pair`,
        act: async () => {
          if (partner === undefined) {
            // Both would hold the addresses if it were there and heard nothing of it.
            if (this.#linkIsUp() || this.#facts().hearsPartner)
              return failed(
                `${address} is still there`,
                "give its password and fingerprint instead of gone=yes, or switch it off",
              );
            return done("nothing is heard of it");
          }
          const facts = await partner.facts();
          if (facts.ok && facts.value.hastatus === "Active")
            return failed("it is active itself", "look at hareport of both units first");
          const left = await partner.leave(leaver === "empty" ? "empty" : "keep");
          return left.ok
            ? done(
                leaver === "empty"
                  ? "it is single and empty"
                  : "it is single, with the services switched off",
              )
            : failed(
                left.error.message,
                "give the command again once it can be reached, or gone=yes if it is dead for good",
              );
        },
      },
      {
        name: "single",
        about: "this unit is single and goes on",
        act: async () => {
          const made = await this.#changed(
            caller,
            (now) => asLast(now, sharedaddress === "drop" ? "drop" : "keep"),
            true,
          );
          if (!made.ok)
            return failed(
              made.error.message,
              "this unit is still active, without a partner; put this right, then give haunpair gone=yes",
            );
          return done(
            `it holds ${heldAlone(unit.addressFacts(), unit.document)
              .map((each) => each.address)
              .join(", ")}`,
          );
        },
      },
    ];
  }

  async #backUp(partner: Partner | undefined): Promise<StepOutcome> {
    const backups = [await this.#unit.keepDocument()];
    if (partner !== undefined) {
      const facts = await partner.facts();
      const backup = facts.ok ? await partner.backup() : facts;
      if (!facts.ok || !backup.ok || backup.value.bytes === null)
        return failed(
          backup.ok ? "the other unit gave no backup" : backup.error.message,
          "look whether the other unit answers, then give the command again",
        );
      backups.push(await this.#store.keepPartnerBackup(facts.value.serial, backup.value.bytes, new Date()));
    }
    if (this.#job !== undefined) this.#job = { ...this.#job, backups };
    return done(`on this unit's disk: ${backups.join(", ")}; ${certificateBackup}`);
  }

  #checks(shape: Shape, partner: Partner) {
    const unit = this.#unit;
    const { document, setup, configuration } = unit;
    return runChecks({
      document,
      own: this.#facts(),
      on: shape.on,
      interfaces: configuration.interfaces,
      addressFault: this.#addressFault(shape.on, shape.partner, shape.shared),
      partnerAddress: shape.partner,
      sharedAddress: shape.shared,
      vhid: shape.vhid,
      overwrite: shape.overwrite,
      paired: setup.kind === "pair",
      holdsShared:
        setup.kind === "pair"
          ? setup.sharedAddress === shape.shared
          : heldAlone(unit.addressFacts(), document).some((each) =>
              each.address.startsWith(`${shape.shared}/`),
            ),
      partner,
      segment: this.#ports.segment,
      wall: () => Date.now(),
    });
  }

  /** What `modiface` would say to these addresses on a unit that has none yet. */
  #addressFault(on: NetworkInterface, partner: string, shared: string): string | undefined {
    const { document } = this.#unit;
    const without = <Of extends { readonly [id: string]: string }>(of: Of): Of => {
      const { [String(on.id)]: _now, ...rest } = of;
      return rest as Of;
    };
    let next: UnitDocument = {
      ...document,
      shared: { ...document.shared, sharedAddresses: without(document.shared.sharedAddresses) },
      unit: { ...document.unit, partners: without(document.unit.partners) },
    };
    const nothing = { partner: undefined, shared: undefined, hacheck: undefined, hagateway: undefined };
    for (const given of [{ partner }, { shared }]) {
      const made = changeInterface(this.#unit, next, { interface: on.id, ...nothing, ...given });
      if (!made.ok) return made.error.message;
      next = made.value.document;
    }
    return undefined;
  }

  async #shapeOf(
    values: Pick<
      CheckValues,
      "partner" | "shared" | "interface" | "vhid" | "timeout" | "fast" | "mode" | "overwrite"
    >,
    secret: string | undefined,
  ): Promise<Result<Shape, Failure>> {
    const { configuration, document } = this.#unit;
    const { unit, shared } = document;
    const number = parseIpv4(values.partner);
    const on = configuration.interfaces.find((each) =>
      values.interface === undefined
        ? number !== undefined && onNetworkOf(each, number)
        : each.id === values.interface,
    );
    if (on === undefined)
      return refuse(
        values.interface === undefined
          ? `partner: ${values.partner} lies in none of this unit's networks; give the other unit's own address beside one of ${configuration.interfaces.map((each) => `${each.address}/${each.prefix}`).join(", ")}`
          : `interface: there is no interface ${values.interface}; there are ${configuration.interfaces.map((each) => each.id).join(", ")}`,
      );
    const mode = values.mode ?? (unit.hamode === 2 ? "2" : "1");
    return ok({
      mode: mode === "2" ? 2 : 1,
      partner: values.partner,
      shared: values.shared,
      interface: on.id,
      vhid: values.vhid ?? shared.ha.vhid,
      timeout: values.timeout ?? shared.ha.timeout,
      fast: values.fast ?? shared.ha.fast === true,
      partnerKey:
        secret === undefined
          ? (unit.partnerKey ?? randomBytes(32).toString("hex"))
          : await partnerKeyOf(secret),
      on,
      overwrite: values.overwrite === true,
    });
  }

  #linkIsUp(): boolean {
    return this.#unit.partnerState.kind === "up";
  }

  async #changed(
    caller: Author,
    edit: (document: UnitDocument) => UnitDocument,
    seamless?: true,
  ): Promise<Result<object, Failure>> {
    const { baseRevision: _seen, ...author } = caller;
    const made = await this.#unit.change(author, (document) =>
      ok({ document: edit(document), value: {}, ...(seamless === undefined ? {} : { seamless }) }),
    );
    return made.ok ? ok({ message: completedOk, revision: made.value.revision }) : made;
  }

  #facts(): PairingFacts {
    const { document, setup, configuration, carpStatus, haStatus, identity } = this.#unit;
    const peer = carpStatus?.peer ?? null;
    const partner = setup.kind === "pair" ? setup.partner : (Object.values(document.unit.partners)[0] ?? "");
    return {
      now: Date.now(),
      name: document.unit.hostname,
      serial: identity.unit,
      version: this.#ports.version,
      linkVersion,
      hamode: document.unit.hamode,
      hastatus: haStatus,
      partner,
      partnerPort: configuration.partnerPort,
      services: document.shared.services.length,
      hearsPartner:
        peer !== null &&
        !peer.bowedOut &&
        peer.source === partner &&
        Date.now() - peer.heardAt <= document.shared.ha.timeout * 3_000 + heardMarginMs,
      problems: this.#unit.haProblems,
    };
  }

  #standing(): string {
    const { setup, haStatus } = this.#unit;
    return setup.kind === "pair"
      ? `this unit is ${haStatus} in a pair with ${setup.partner}, which is ${this.#linkIsUp() ? "there" : "not there"}`
      : "this unit is single and serves as before";
  }
}

const carpRemedy =
  "CARP does not pass between the units: let multicast 224.0.0.18 through (IGMP snooping off), or set macglobal first";

/** True once the condition has been found true each time for so long. */
function lasting(forMs: number, condition: () => boolean): () => boolean {
  let since: number | undefined;
  return () => {
    const now = performance.now();
    if (condition()) since ??= now;
    else since = undefined;
    return since !== undefined && now - since >= forMs;
  };
}

/** A unit that has no such command, or whose user is not let in any more, has joined nothing. */
const neverWasThere = (error: { readonly kind: string; readonly code?: unknown }): boolean =>
  error.kind === "refused" && error.code === 405;

function accessOf(address: string, values: AccessValues): Result<PartnerAccess, Failure> {
  const { partnerport: port = 443, partneruser: user = "bal", partnerpassword, partnerfingerprint } = values;
  if (partnerfingerprint === undefined) return missing("partnerfingerprint");
  if (partnerpassword === undefined) return missing("partnerpassword");
  return ok({
    address,
    port,
    user,
    password: partnerpassword,
    fingerprint: partnerfingerprint.toLowerCase(),
  });
}

async function until(condition: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await pause(lookIntervalMs);
  }
  return true;
}
