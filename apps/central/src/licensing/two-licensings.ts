/** The licensing of two Centrals on one virtual clock, and LoadMasters that ask them; for tests. */
import type { Json } from "@tandem/base/canonical-json";
import { err, ok, type Result } from "@tandem/base/result";
import type { CentralLicence } from "@tandem/licensing/central-licence";
import type { LicenceGrant, LicenceRequest } from "@tandem/licensing/wire";
import type { Table } from "@tandem/replica/schema";
import { devices, haGroups, networks } from "../fleet/tables.ts";
import { Channels } from "../ha/channels.ts";
import { ReplicaUnit } from "../ha/replica-on-virtual-time.ts";
import { VirtualTime } from "../ha/virtual-time.ts";
import { ledgerInMemory } from "./ledger-file.ts";
import { type ActivationFault, type Checked, Licensing } from "./licensing.ts";
import type { Management } from "./placed-device.ts";
import type { Belonging, LicensingEvent } from "./ports.ts";
import { type LicenceValues, licences, licensingTables } from "./tables.ts";

const tables = [networks, devices, haGroups, ...licensingTables] as unknown as readonly Table[];

export const unitA = "a".repeat(16);
export const unitB = "b".repeat(16);
export const account = "c".repeat(16);

/** For both units, divided as `shares` says. */
export const licenceFor = (
  shares: readonly { readonly unit: string; readonly local: number; readonly poolMbps?: number }[],
  changes: Partial<CentralLicence> = {},
): CentralLicence => {
  const units = shares.map(({ poolMbps = 0, ...share }) => ({ ...share, poolMbps }));
  const local = units.reduce((sum, unit) => sum + unit.local, 0);
  const capacityMbps = units.reduce((sum, unit) => sum + unit.poolMbps, 0);
  return {
    id: "d".repeat(16),
    account,
    holder: "Example Ltd",
    isTrial: false,
    issuedAt: 0,
    notBefore: 0,
    expiresAt: Number.MAX_SAFE_INTEGER,
    units,
    local: { allowance: local },
    metered: { tierGbps: 10 },
    pool: capacityMbps === 0 ? null : { capacityMbps },
    ...changes,
  };
};

export class LicensingUnit extends ReplicaUnit {
  licence: CentralLicence | null;
  belonging: Belonging;
  readonly events: LicensingEvent[] = [];
  readonly ledger = new Map<string, Json>();
  /** Addresses at which devices answer. */
  readonly answering = new Set<string>();
  readonly channels: Channels;
  licensing: Licensing;
  /** What it says to the other one stays on its way. */
  holdsMessages = false;
  #held: (() => void)[] = [];
  #ownListeners = new Set<() => void>();

  constructor(unit: string, time: VirtualTime, licence: CentralLicence, belonging: Belonging) {
    super(unit, time, tables);
    this.licence = licence;
    this.belonging = belonging;
    this.channels = new Channels((channel, body) => {
      if (!this.isConnected || !(this.peer instanceof LicensingUnit)) return false;
      const { peer } = this;
      const send = (): void => {
        if (this.isConnected) peer.channels.received(channel, JSON.parse(JSON.stringify(body)) as Json);
      };
      time.world.after(1, () => (this.holdsMessages ? this.#held.push(send) : send()));
      return true;
    });
    this.channels.setOpen(true);
    this.licensing = this.#open(this.channels);
  }

  #open(channels: Channels): Licensing {
    const self = this;
    return new Licensing({
      world: this.time.world,
      pair: {
        identity: { unit: this.unit },
        get belonging() {
          return self.belonging;
        },
        channel: (name, ports) => channels.add(name, ports),
        ...this.shared,
      },
      own: {
        current: () =>
          this.licence === null
            ? { state: "none", licence: null, message: "there is none" }
            : { state: "valid", licence: this.licence },
        onChange: (listener) => {
          this.#ownListeners.add(listener);
          return () => this.#ownListeners.delete(listener);
        },
      },
      ledger: ledgerInMemory(this.ledger),
      contact: async ({ address, fingerprint = "" }) =>
        this.answering.has(address)
          ? ok({ kind: "answered", haRole: "single", version: null, name: null, fingerprint })
          : err({ kind: "unreachable", message: "no answer", code: "ECONNREFUSED" }),
      note: (event) => {
        this.events.push(event);
      },
    });
  }

  releaseMessages(): void {
    this.holdsMessages = false;
    for (const send of this.#held.splice(0)) send();
  }

  becomes(belonging: Belonging): void {
    this.belonging = belonging;
    this.notify("status");
  }

  row(unit: string, central: string): LicenceValues | undefined {
    return this.replica.row(licences, `${unit} ${central}`)?.values;
  }

  said(code: LicensingEvent["code"]): readonly string[] {
    return this.events.filter((event) => event.code === code).map(({ message }) => message);
  }
}

/** A LoadMaster: its number only grows, and its grant is the last that it heard of. */
export class VirtualLoadMaster {
  readonly unit: string;
  number = 0;
  machine: string;
  address: string;
  /** Where its requests come from. */
  remote: string;
  partner: string | null = null;
  grant: LicenceGrant | null = null;
  readonly #time: VirtualTime;

  constructor(index: number, time: VirtualTime) {
    this.unit = index.toString(16).padStart(16, "0");
    this.machine = this.unit;
    this.address = `10.1.${Math.floor(index / 250)}.${1 + (index % 250)}`;
    this.remote = this.address;
    this.#time = time;
  }

  request(purpose: LicenceRequest["purpose"], type: string | null, number: number): LicenceRequest {
    return {
      purpose,
      unit: this.unit,
      number,
      type,
      name: `lm${Number.parseInt(this.unit, 16)}`,
      version: "1.0.0",
      serial: this.unit,
      machine: this.machine,
      address: this.address,
      port: 443,
      certificateFingerprint: this.unit.repeat(4),
      partner: this.partner,
      at: this.#time.world.wall(),
    };
  }

  /** Lets as much time pass as the answer takes. */
  async activate(
    central: LicensingUnit,
    type = "local",
    management: Management | null = null,
  ): Promise<Result<LicenceValues, ActivationFault>> {
    this.number += 1;
    const number = this.number;
    const answer = await inTime(
      this.#time,
      central.licensing.activate(this.request("activate", type, number), management, this.remote),
    );
    if (answer.ok)
      this.grant = {
        unit: this.unit,
        number,
        type,
        central: central.unit,
        holder: "",
        grantedAt: answer.value.grantedAt,
        checkIntervalMs: 1_000,
        graceMs: 1_000,
        centrals: [],
      };
    return answer;
  }

  check(central: LicensingUnit): Promise<Checked> {
    if (this.grant === null) throw new Error("there is no grant to check");
    const { number } = this.grant;
    const isOwn = this.grant.central === central.unit;
    return inTime(
      this.#time,
      central.licensing.check(this.request("check", null, number), this.grant, isOwn),
    );
  }

  release(central: LicensingUnit): Promise<boolean> {
    return inTime(
      this.#time,
      central.licensing.release(this.request("release", null, this.grant?.number ?? 1)),
    );
  }
}

async function inTime<Value>(time: VirtualTime, answer: Promise<Value>): Promise<Value> {
  let isOver = false;
  const ending = answer.finally(() => {
    isOver = true;
  });
  for (let ms = 0; ms < 10_000 && !isOver; ms += 10) await time.pass(10);
  return ending;
}

export type TwoLicensings = {
  readonly time: VirtualTime;
  readonly a: LicensingUnit;
  readonly b: LicensingUnit;
  /** The next LoadMaster, of which nobody has heard. */
  loadMaster(): VirtualLoadMaster;
};

/** A connected pair under one licence, by default for four local licences, two for each unit. */
export async function twoLicensings(
  licence = licenceFor([
    { unit: unitA, local: 2 },
    { unit: unitB, local: 2 },
  ]),
): Promise<TwoLicensings> {
  const time = new VirtualTime("2026-11-01T00:00:00Z");
  const a = new LicensingUnit(unitA, time, licence, { kind: "paired", peer: unitB, isKnownThere: true });
  const b = new LicensingUnit(unitB, time, licence, { kind: "paired", peer: unitA, isKnownThere: true });
  a.peer = b;
  b.peer = a;
  let loadMasters = 0;
  await time.pass(1_000);
  return {
    time,
    a,
    b,
    loadMaster: () => {
      loadMasters += 1;
      return new VirtualLoadMaster(loadMasters, time);
    },
  };
}
