/**
 * From one unit to two, and back (SPEC LH10). The unit that has the services runs the procedure; the other one is asked
 * over its API. The one that serves never stops serving: it is active from the moment it has a partner, and holds its
 * addresses throughout. What fails is undone as far as that does no harm.
 */
import { randomBytes } from "node:crypto";
import { sha256Hex } from "@tandem/base/digest";
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
} from "@tandem/loadmaster-api/pairing";
import type { Values } from "@tandem/loadmaster-api/parameters";
import { changeInterface } from "../api/interfaces.ts";
import { type NetworkInterface, onNetworkOf } from "../configuration-file.ts";
import { linkVersion } from "../ha/partner-messages.ts";
import { partnerKeyOf } from "../ha/partner-secret.ts";
import { heldAlone } from "../services/address-rules.ts";
import type { UnitDocument } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";
import { runChecks } from "./check.ts";
import { type Job, JobStore, type Membership } from "./job-store.ts";
import { asBefore, asFirst, asJoined, asLeft, membershipOf, type PairShape } from "./membership.ts";
import { type Partner, type PartnerAccess, realPartner } from "./partner.ts";
import { dissolvePlan, joinPlan, linkIsUp, type PlanSide, type Shape, type UnpairValues } from "./plans.ts";
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

/** Longer ago than the HA timeout and this the partner's CARP does not count as heard. */
export const heardMarginMs = 2_000;

type CheckValues = Values<typeof pairCheckParameters>;
type PairValues = Values<typeof pairParameters>;
type ReplaceValues = Values<typeof replaceParameters>;
type JoinValues = Values<typeof joinParameters>;
type LeaveValues = Values<typeof leaveParameters>;
type AccessValues = Pick<
  CheckValues,
  "partnerport" | "partneruser" | "partnerpassword" | "partnerfingerprint"
>;

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
  readonly #side: PlanSide;
  #job: Job | undefined;
  #running = false;

  constructor(unit: Unit, ports: PairingPorts) {
    this.#unit = unit;
    this.#ports = { segment: realSegment, partnerAt: realPartner, ...ports };
    this.#store = new JobStore(unit.configuration.stateDir);
    this.#loaded = this.#load();
    this.#side = {
      unit,
      facts: () => this.#facts(),
      checks: (shape, partner) => this.#checks(shape, partner),
      backUp: (partner) => this.#backUp(partner),
      changed: (caller, edit, seamless) => this.#changed(caller, edit, seamless),
    };
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
      if (linkIsUp(this.#unit) && this.#job?.state !== "failed")
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
      if (linkIsUp(this.#unit))
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
    return this.#start("dissolve", dissolvePlan(this.#side, values, setup.partner, partner, caller));
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
    if (content !== "before" && this.#unit.haStatus === "Active" && !linkIsUp(this.#unit))
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
    return this.#start(kind, joinPlan(this.#side, kind, shape, partner, before, caller), before);
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
    const nothing = {
      partner: undefined,
      shared: undefined,
      sharedv6: undefined,
      hacheck: undefined,
      hagateway: undefined,
    };
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
    const on = configuration.interfaces.find((each) =>
      values.interface === undefined ? onNetworkOf(each, values.partner) : each.id === values.interface,
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
      licence: this.#unit.licensing.type,
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
      ? `this unit is ${haStatus} in a pair with ${setup.partner}, which is ${linkIsUp(this.#unit) ? "there" : "not there"}`
      : "this unit is single and serves as before";
  }
}

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
