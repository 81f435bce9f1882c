/**
 * What follows a unit's document outside its traffic: addresses, carpd, the partner link, the exchange of connections,
 * routes, syslog and where the API listens. What fails is among the unit's troubles and is no reason to stop.
 */
import { uptime } from "node:os";
import type { FieldError, Result } from "@tandem/base/result";
import type { ConntrackdSettings } from "@tandem/linux/conntrackd-configuration";
import { allowNonlocalBind, prepareSharedAddressDevice } from "@tandem/linux/sysctl";
import { ownAddresses } from "./configuration-file.ts";
import type { CarpRoleStatus } from "./ha/carp-role.ts";
import { carriersOf } from "./ha/carpd-group.ts";
import { CarpdRenewal } from "./ha/carpd-renewal.ts";
import type { PartnerLink } from "./ha/partner-link.ts";
import { linkKeyOf } from "./ha/partner-secret.ts";
import type { HaSetup } from "./ha/setup.ts";
import { addressOfHost } from "./network/hosts.ts";
import { changeRoutes } from "./network/routes.ts";
import { giveToCarp, takeFromCarp } from "./pairing/address-passage.ts";
import { type AddressFacts, heldAlone } from "./services/address-rules.ts";
import { syslogDefault, type UnitDocument } from "./state/document.ts";
import type { Troubles } from "./troubles.ts";
import type { UnitParts } from "./unit.ts";

/** A carpd that runs answers on its local socket at once. */
const leftCarpWaitMs = 200;

type PairSetup = Extract<HaSetup, { kind: "pair" }>;

/** A document, what it makes of the unit, and what addresses are to be judged by. */
export type Standing = {
  readonly document: UnitDocument;
  readonly setup: HaSetup;
  readonly facts: AddressFacts;
};

export type SurroundingsParts = Pick<
  UnitParts,
  "configuration" | "carp" | "standalone" | "syslog" | "connections" | "log"
> & {
  readonly link: PartnerLink;
  readonly troubles: Troubles;
};

export class Surroundings {
  readonly #parts: SurroundingsParts;
  readonly #renewal = new CarpdRenewal();
  #carpStarted = false;
  #ended = false;
  #listenOn: (addresses: readonly string[]) => Promise<void> = async () => {};

  constructor(parts: SurroundingsParts) {
    this.#parts = parts;
  }

  /** What makes the API listen on exactly these addresses. */
  apiListens(listenOn: (addresses: readonly string[]) => Promise<void>): void {
    this.#listenOn = listenOn;
  }

  /** Makes it possible to listen on the addresses of services that the document names. */
  async prepare({ document, setup, facts }: Standing): Promise<void> {
    if (setup.kind === "pair") this.#prepareDevices(setup);
    else await this.#reportAddresses(this.#parts.standalone.add(heldAlone(facts, document)));
  }

  /** `before`: what the unit was until now. `seamless`: it is alone before or after, and holds its addresses throughout. */
  async settle({ document, setup, facts }: Standing, before: HaSetup, seamless?: true): Promise<void> {
    const { configuration, syslog, connections, troubles } = this.#parts;
    const { unit } = document;
    syslog.configure(unit.syslog ?? syslogDefault, unit.hostname, (host) => addressOfHost(unit.hosts, host));
    this.#keepRoutes(document);
    if (setup.kind === "pair") await this.#carryInPair(setup, document, seamless);
    else await this.#carryAlone(document, facts, before, seamless);
    await troubles.during("partner link", this.#linkIs(document, setup));
    this.#connectionsAre(await connections.configure(this.#connectionSettings({ document, setup, facts })));
    const addresses = [
      ...configuration.interfaces.flatMap(ownAddresses),
      ...(setup.kind === "pair" || unit.holdsShared === true ? facts.sharedAddresses : []),
    ];
    await troubles.during("API", this.#listenOn([...new Set(addresses)]));
  }

  /** Brings back what has gone without anybody's order. */
  async supervise(document: UnitDocument): Promise<void> {
    this.#keepRoutes(document);
    this.#connectionsAre(await this.#parts.connections.supervise());
  }

  /** A unit that was killed while it left its pair may have left a carpd that still holds addresses. */
  async endLeftCarp(): Promise<void> {
    const { carp, troubles } = this.#parts;
    carp.start();
    const deadline = performance.now() + leftCarpWaitMs;
    while (carp.status === null && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await carp.stop().catch((error: Error) => troubles.report("CARP", error.message));
  }

  /** True: a carpd of an earlier version is to be renewed. It is replaced where that moves no role, told of where it would. */
  get wantsRenewal(): boolean {
    const { carp, troubles } = this.#parts;
    if (carp.status === null || this.#ended) return false;
    const need = this.#renewal.look(carp);
    troubles.report("carpd's configuration", need.kind === "none" ? undefined : need.reason);
    return need.kind === "renew";
  }

  async renewCarp(): Promise<void> {
    const { carp, troubles } = this.#parts;
    if (this.#ended || !this.#carpStarted) return;
    await carp
      .stop()
      .then(() => carp.spawn())
      .catch((error: Error) => troubles.report("carpd", error.message));
  }

  roleIs(role: CarpRoleStatus["role"] | undefined): void {
    if (role === "master" || role === "backup")
      void this.#parts.connections.become(role === "master" ? "active" : "standby");
  }

  /** carpd is not started any more. */
  ending(): void {
    this.#ended = true;
  }

  /** Orderly: carpd bows out, and the partner takes over. */
  async stopCarp(): Promise<void> {
    const { carp, log } = this.#parts;
    if (this.#carpStarted)
      await carp.stop().catch((error: Error) => log("error", "carpd-not-stopped", { reason: error.message }));
  }

  /** Lets go of what is left when nothing is served any more. */
  async letGo(): Promise<void> {
    await this.#parts.connections.configure(undefined);
    await this.#parts.standalone.keepOnly([]);
  }

  async #carryInPair(setup: PairSetup, document: UnitDocument, seamless?: true): Promise<void> {
    const { carp, standalone, troubles } = this.#parts;
    this.#prepareDevices(setup);
    const holding = this.#carpStarted ? undefined : seamless;
    if (holding === undefined) await this.#reportAddresses(standalone.keepOnly([]));
    const configured = carp.configure(setup.carpd);
    if (!configured.ok)
      return troubles.report(
        "CARP",
        configured.error.map(({ message, remedy }) => `${message}; ${remedy}`).join("; "),
      );
    troubles.report("CARP", undefined);
    await this.#startCarp(document, holding);
    if (holding !== undefined) await this.#reportAddresses(giveToCarp(setup.carpd, carp, standalone));
  }

  async #carryAlone(
    document: UnitDocument,
    facts: AddressFacts,
    before: HaSetup,
    seamless?: true,
  ): Promise<void> {
    const { carp, standalone, troubles } = this.#parts;
    if (this.#carpStarted) {
      this.#carpStarted = false;
      const keep =
        seamless === true && before.kind === "pair" && (await takeFromCarp(before.carpd, carp, standalone));
      await carp.stop(keep || undefined).catch((error: Error) => troubles.report("CARP", error.message));
    }
    if (document.unit.hamode === 0) carp.forgetStarts();
    const wanted = heldAlone(facts, document);
    await this.#reportAddresses(standalone.add(wanted));
    await this.#reportAddresses(standalone.keepOnly(wanted));
  }

  /**
   * carpd begins no earlier than `hawait` after the machine has started; one that runs already is left alone. A unit that
   * is `holding` the addresses does not wait, and resolves once carpd answers.
   */
  async #startCarp({ unit }: UnitDocument, holding?: true): Promise<void> {
    if (this.#carpStarted) return;
    this.#carpStarted = true;
    const { carp, log, troubles } = this.#parts;
    const waitMs = holding === true ? 0 : Math.max(0, (unit.hawaitSeconds - uptime()) * 1_000);
    if (waitMs > 0) log("info", "ha-waits", { seconds: Math.ceil(waitMs / 1_000) });
    const spawn = async (): Promise<void> => {
      if (this.#carpStarted && !this.#ended) await troubles.during("carpd", carp.spawn(holding));
    };
    if (waitMs > 0) setTimeout(() => void spawn(), waitMs).unref();
    else if (holding === true) await spawn();
    else void spawn();
  }

  #linkIs({ unit }: UnitDocument, setup: HaSetup): Promise<void> {
    const { configuration, link } = this.#parts;
    if (setup.kind !== "pair" || unit.partnerKey === undefined) return link.configure(undefined);
    return link.configure({
      ownAddress: setup.own.address,
      furtherAddresses: configuration.interfaces
        .filter(({ id }) => id !== setup.own.id && unit.partners[id] !== undefined)
        .map(({ address }) => address),
      partner: setup.partner,
      key: linkKeyOf(unit.partnerKey),
    });
  }

  /** With whom connections are exchanged, when *Inter-HA L4 TCP Connection Updates* is on. */
  #connectionSettings({ document, setup, facts }: Standing): ConntrackdSettings | undefined {
    const { ha, services } = document.shared;
    if (setup.kind !== "pair" || ha.l4Updates !== true) return undefined;
    return {
      device: setup.own.device,
      ownAddress: setup.own.address,
      partner: setup.partner,
      localAddresses: [
        ...this.#parts.configuration.interfaces.flatMap(ownAddresses),
        ...facts.partners,
        ...facts.sharedAddresses,
        ...services.map(({ address }) => address),
      ],
    };
  }

  #connectionsAre(applied: Result<void, FieldError>): void {
    const reason = applied.ok ? undefined : `${applied.error.message}; ${applied.error.remedy}`;
    this.#parts.troubles.report("connection updates", reason);
  }

  #prepareDevices({ carpd }: PairSetup): void {
    // Every address of 127.0.0.0/8 can be listened on as it is.
    const devices = carriersOf(carpd).flatMap(({ device }) => (device === "lo" ? [] : [device]));
    if (devices.length === 0) return;
    const failures = [allowNonlocalBind(), ...devices.flatMap(prepareSharedAddressDevice)].filter(
      (each) => each !== undefined,
    );
    this.#parts.troubles.report(
      "kernel",
      failures.map(({ parameter, code }) => `${parameter} cannot be set: ${code}`).join("; "),
    );
  }

  async #reportAddresses(work: Promise<string[]>): Promise<void> {
    this.#parts.troubles.report("addresses", (await work).join("; "));
  }

  /** Routes go with an interface that goes; those that are missing come again. */
  #keepRoutes({ unit }: UnitDocument): void {
    const failures = changeRoutes("add", unit.routes ?? [], this.#parts.configuration.interfaces).filter(
      ({ code }) => code !== "EEXIST",
    );
    this.#parts.troubles.report(
      "routes",
      failures.map(({ route, code }) => `${route.destination}: ${code}`).join("; "),
    );
  }
}
