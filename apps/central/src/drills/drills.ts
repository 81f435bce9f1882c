/**
 * Failover drills on real pairs (SPEC LH13): begins them on the unit that acts, keeps what they measured where both
 * Centrals have it, and records those that were cut off, by the end of a process or of a term, as interrupted.
 */
import type { FieldError } from "@tandem/base/result";
import type { Millis } from "@tandem/base/time";
import { second } from "@tandem/base/time";
import type { Cancel } from "@tandem/base/world";
import type { Acknowledged } from "@tandem/central-api/errors";
import { probeSettings } from "@tandem/probe/probe";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import { devices, haGroups } from "../fleet/tables.ts";
import { orRefuse, Refusal, written } from "../refusal.ts";
import { inBackground } from "../unit-stopped.ts";
import { Drill, type DrillEnding } from "./drill.ts";
import { type FitPair, fitPair, targetFault } from "./fitness.ts";
import type { DrillEvent, DrillPorts } from "./ports.ts";
import { type DrillValues, drills } from "./tables.ts";
import { shortened } from "./verdict.ts";

/** Drills under way at the same time: each has a thread that measures, and they disturb one another. */
export const drillsConcurrentMax = 2;
/** Drills kept; of more the oldest go first. */
export const drillsKeptMax = 500;
/** The unit that ran a drill may still record its end itself. */
const othersEndWaitMs = 15 * second;

const author = "drills";

export type DrillRow = RowView<(typeof drills)["columns"]>;
export type DrillWanted = Pick<DrillValues, "target" | "budgetMs" | "andBack">;
export type DrillBegun = { readonly values: DrillValues; readonly acknowledged: Acknowledged };

type Group = {
  readonly id: string;
  readonly name: string;
  readonly sharedAddress: string;
  readonly members: readonly [string, string];
};

export class Drills {
  readonly #ports: DrillPorts;
  readonly #running = new Map<string, { readonly drill: Drill; readonly over: Promise<void> }>();
  /** Groups for which a drill is being prepared: it has no row yet. */
  readonly #preparing = new Set<string>();
  /** When a drill that nobody seems to run any more was first seen so. */
  readonly #abandoned = new Map<string, Millis>();
  readonly #unfollow: () => void;
  #cancelLook: Cancel | null = null;
  #looked: readonly DrillRow[] | undefined;
  #isLooking = false;
  #isStopped = false;

  constructor(ports: DrillPorts) {
    this.#ports = ports;
    this.#unfollow = ports.pair.onChange(() => this.#changed());
    this.#lookIn(0);
  }

  /** Of one group, the newest first. */
  ofGroup(group: string): readonly DrillRow[] {
    return this.#ports.pair
      .rows(drills)
      .filter(({ values }) => values.group === group)
      .sort(newestFirst);
  }

  drill(id: string): DrillRow | undefined {
    return this.#ports.pair.row(drills, id);
  }

  /** Begins a drill; answers once it is on disk and under way. Throws {@link Refusal}. */
  async start(groupId: string, wanted: DrillWanted, by: string): Promise<DrillBegun> {
    const { pair } = this.#ports;
    const group = this.#knownGroup(groupId);
    this.#refuseUnlessActing();
    const running = this.ofGroup(groupId).find(({ values }) => values.state === "running");
    if (running !== undefined || this.#preparing.has(groupId))
      throw new Refusal(409, {
        code: "drill-running",
        field: "id",
        value: groupId,
        message: `a drill on "${group.name}" is under way${running === undefined ? "" : ` since ${new Date(running.values.startedAt).toISOString()}`}`,
        remedy: "wait until it is over; its row says how far it is",
      });
    if (this.#running.size + this.#preparing.size >= drillsConcurrentMax)
      throw new Refusal(409, {
        code: "drills-too-many",
        field: "id",
        value: groupId,
        message: `${drillsConcurrentMax} drills are under way already, and more would disturb what they measure`,
        remedy: "wait until one of them is over",
      });
    this.#preparing.add(groupId);
    try {
      const fit = await this.#admit(group, wanted);
      this.#refuseUnlessActing();
      const values = this.#valuesOf(group, wanted, fit, by);
      const old = this.#oldest();
      const acknowledged = written(
        await pair.write(
          [...old.map(({ key }) => deleteRow(drills, key)), createRow(drills, values)],
          by,
          `drill on ${group.name} begun`,
        ),
      );
      this.#begin(values, fit);
      return { values, acknowledged };
    } finally {
      this.#preparing.delete(groupId);
    }
  }

  /** Those under way end as interrupted; resolves when that is recorded. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unfollow();
    this.#cancelLook?.();
    for (const { drill } of this.#running.values()) drill.interrupt("this Central was stopped");
    await Promise.allSettled([...this.#running.values()].map(({ over }) => over));
  }

  #knownGroup(id: string): Group {
    const row = this.#ports.pair.row(haGroups, id);
    const [one, two] = row?.values.members ?? [];
    if (row !== undefined && one !== undefined && two !== undefined)
      return { id, name: row.values.name, sharedAddress: row.values.sharedAddress, members: [one, two] };
    throw new Refusal(404, {
      code: "ha-group-unknown",
      field: "id",
      value: id,
      message: `there is no HA group "${id}"`,
      remedy: "read the list of HA groups; it may have been removed",
    });
  }

  #refuseUnlessActing(): void {
    if (this.#ports.pair.isActing && !this.#isStopped) return;
    throw new Refusal(409, {
      code: "not-acting",
      field: "",
      message: "drills run on the Central that acts, and this one does not",
      remedy: "ask the Master of the pair; HA Status says which one it is",
    });
  }

  /** What both units say of themselves, or throws every reason why the role cannot be moved, or not be measured. */
  async #admit(group: Group, wanted: DrillWanted): Promise<FitPair> {
    const { units } = this.#ports;
    const { target } = orRefuse(probeSettings({ target: wanted.target }));
    const [one, two] = group.members;
    const names = [this.#nameOf(one), this.#nameOf(two)] as const;
    const fit = fitPair(names, await Promise.all([units.look(one), units.look(two)]), group.sharedAddress);
    if (!fit.ok)
      throw new Refusal(409, {
        code: "pair-not-ready",
        field: "id",
        value: group.id,
        message: `the role of "${group.name}" cannot be moved: ${fit.error.join("; ")}`,
        remedy:
          "mend what is named, and begin the drill again once one unit is active and the other is a ready standby",
      });
    const services = await units.services(group.members[fit.value.active]);
    const fault = services.ok ? targetFault(target, services.value) : services.error;
    if (fault !== undefined)
      throw new Refusal(services.ok ? 400 : 409, {
        code: "target-not-of-pair",
        field: "target",
        value: wanted.target,
        message: `${wanted.target} is no measure of "${group.name}": ${fault}`,
        remedy:
          "give the address and port of one of the pair's virtual services, as http://ADDRESS:PORT/ or ADDRESS:PORT",
      });
    return fit.value;
  }

  #valuesOf(group: Group, wanted: DrillWanted, { active }: FitPair, by: string): DrillValues {
    const { world, pair } = this.#ports;
    const [from, to] = [group.members[active], group.members[1 - active] as string];
    return {
      id: world.randomHex(8),
      group: group.id,
      groupName: group.name,
      target: wanted.target,
      budgetMs: wanted.budgetMs,
      andBack: wanted.andBack,
      author: by,
      unit: pair.identity.unit,
      startedAt: world.wall(),
      from,
      fromName: this.#nameOf(from),
      to,
      toName: this.#nameOf(to),
      state: "running",
      step: "probing before",
      endedAt: null,
      moves: [],
      measured: null,
      message: "",
    };
  }

  #nameOf(device: string): string {
    return this.#ports.pair.row(devices, device)?.values.name || device;
  }

  /** Those that make room for one more. */
  #oldest(): readonly DrillRow[] {
    const rows = this.#ports.pair.rows(drills);
    return rows
      .filter(({ values }) => values.state !== "running")
      .sort((a, b) => newestFirst(b, a))
      .slice(0, Math.max(0, rows.length + 1 - drillsKeptMax));
  }

  #begin(values: DrillValues, { returnsByItself }: FitPair): void {
    const back = returnsByItself ? "by itself" : values.andBack ? "by order" : "no";
    const { id, groupName, fromName, toName, budgetMs, target, author: by } = values;
    const drill = new Drill({ ...values, back }, this.#ports, (progress) =>
      this.#record(id, progress, `drill on ${groupName}: ${progress.step}`),
    );
    this.#observe(
      "info",
      "drill-started",
      `${by} began a drill on ${groupName}: from ${fromName} to ${toName}, measured at ${target}, ${budgetMs} ms allowed`,
    );
    const over = this.#follow(drill, values).finally(() => this.#running.delete(id));
    this.#running.set(id, { drill, over });
    inBackground(over);
    // What ended the term while the row was written was told to nobody who runs.
    this.#interruptUnlessActing();
  }

  async #follow(drill: Drill, values: DrillValues): Promise<void> {
    const ending = await drill.run();
    // Nothing is said to have passed under a Central that was not in office to the end.
    const wasInOffice = this.#ports.pair.isActing && !this.#isStopped;
    const isCutOff = !wasInOffice && ending.state !== "interrupted";
    const why = "this Central lost its role as the drill ended; before that: ";
    await this.#end(
      values,
      isCutOff ? { ...ending, state: "interrupted", message: `${why}${ending.message}` } : ending,
    );
  }

  async #end(
    { id, groupName }: DrillValues,
    { state, moves, measured, message }: DrillEnding,
  ): Promise<void> {
    const ended = { state, moves: [...moves], measured, message: shortened(message) };
    await this.#record(
      id,
      { ...ended, step: "over", endedAt: this.#ports.world.wall() },
      `drill on ${groupName}: ${state}`,
    );
    const told = {
      passed: "passed",
      "over budget": "over-budget",
      failed: "failed",
      interrupted: "interrupted",
    } as const;
    const severity = {
      passed: "info",
      "over budget": "warning",
      failed: "error",
      interrupted: "warning",
    } as const;
    this.#observe(
      severity[state],
      `drill-${told[state]}`,
      `the drill on ${groupName} ${stateWords[state]}: ${message}`,
    );
  }

  async #record(id: string, changes: Partial<DrillValues>, summary: string): Promise<void> {
    const { pair } = this.#ports;
    if (pair.row(drills, id) === undefined) return;
    const recorded = await pair.write([updateRow(drills, id, changes)], author, summary);
    if (!recorded.ok)
      this.#observe(
        "error",
        "drill-not-recorded",
        `${summary} could not be recorded: ${JSON.stringify(recorded.error)}`,
      );
  }

  #observe(severity: DrillEvent["severity"], code: DrillEvent["code"], message: string): void {
    this.#ports.observe({ severity, code, message });
  }

  #changed(): void {
    this.#interruptUnlessActing();
    // The list is the same one until a drill changes; the role may have changed without it.
    const rows = this.#ports.pair.rows(drills);
    if (rows !== this.#looked || rows.some(({ values }) => values.state === "running")) this.#lookIn(0);
  }

  #interruptUnlessActing(): void {
    if (this.#ports.pair.isActing) return;
    for (const { drill } of this.#running.values()) drill.interrupt("this Central no longer acts");
  }

  #lookIn(ms: number): void {
    if (this.#isStopped) return;
    this.#cancelLook?.();
    this.#cancelLook = this.#ports.world.after(ms, () => {
      this.#cancelLook = null;
      inBackground(this.#look());
    });
  }

  /** Records what nobody runs any more: a drill of this unit's that this process does not know, and later the other's. */
  async #look(): Promise<void> {
    const { pair, world } = this.#ports;
    if (this.#isLooking) return this.#lookIn(second);
    this.#isLooking = true;
    try {
      this.#looked = pair.rows(drills);
      const adrift = this.#looked.filter(
        ({ key, values }) =>
          values.state === "running" && !this.#running.has(key) && !this.#preparing.has(values.group),
      );
      for (const key of this.#abandoned.keys())
        if (!adrift.some((row) => row.key === key)) this.#abandoned.delete(key);
      for (const { key, values } of adrift) {
        const isOurs = values.unit === pair.identity.unit;
        if (!isOurs && !pair.isActing) continue;
        const since = this.#abandoned.get(key) ?? world.now();
        this.#abandoned.set(key, since);
        if (!isOurs && world.now() - since < othersEndWaitMs) continue;
        await this.#end(values, {
          state: "interrupted",
          moves: values.moves,
          measured: null,
          message: `the Central that ran it ended during "${values.step}"; the role may have been moved`,
        });
      }
    } finally {
      this.#isLooking = false;
    }
    if (this.#abandoned.size > 0) this.#lookIn(second);
  }
}

const stateWords = {
  passed: "passed",
  "over budget": "is over its budget",
  failed: "failed",
  interrupted: "was interrupted",
} as const;

const newestFirst = (a: DrillRow, b: DrillRow): number =>
  b.values.startedAt - a.values.startedAt || (a.key < b.key ? 1 : -1);

export const missingDrill = (id: string): FieldError => ({
  code: "drill-unknown",
  field: "drill",
  value: id,
  message: `there is no drill "${id}" on this group`,
  remedy: "read the list of the group's drills; the oldest are removed",
});
