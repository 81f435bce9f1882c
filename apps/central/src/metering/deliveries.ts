/** Sends reports while this unit acts (SPEC ML6): `delivery-due.ts` says when, the shared rows what was sent already. */
import type { UnitId } from "@tandem/base/ids";
import { minute, type WallMillis } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { ReportSent } from "@tandem/central-api/metering";
import { createRow, deleteRow, type Edit, updateRow } from "@tandem/replica/edits";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { NotedEvent } from "../ha/timeline.ts";
import { type DeliveryFault, faultOf, whereOf } from "../notifications/delivery-fault.ts";
import { type Due, dueAt, isLastTry, isToBeSent } from "./delivery-due.ts";
import type { ReportText } from "./report-texts.ts";
import { asTarget, type SendReport } from "./send-report.ts";
import {
  deliveryKey,
  deliveryMessageMaxLength,
  type ReportDeliveryValues,
  type ReportDestinationValues,
  reportDeliveries,
  reportDestinations,
} from "./tables.ts";

const lookIntervalMs = 1 * minute;
/** What was sent is known so long, as samples are. */
const deliveriesKeptMs = 428 * 24 * 60 * minute;
const nothingRememberedMax = 100;
const author = "tandem";

export type DeliveriesPorts = {
  readonly world: World;
  readonly shared: SharedRows;
  readonly unit: UnitId;
  readonly isActing: () => boolean;
  /** It has no peer, or is connected with it. */
  readonly isReached: () => boolean;
  /** Null: there is nothing to tell. */
  readonly reportOf: (what: Due["what"], period: string) => Promise<ReportText | null>;
  readonly send: SendReport;
  readonly note: (event: NotedEvent) => void;
};

export class Deliveries {
  readonly #ports: DeliveriesPorts;
  readonly #unfollow: () => void;
  #cancel: Cancel = () => {};
  #isLooking = false;
  #stopped = false;
  /** Periods in which there was nothing to tell: they are not computed again and again. */
  readonly #nothing = new Set<string>();

  constructor(ports: DeliveriesPorts) {
    this.#ports = ports;
    this.#unfollow = ports.shared.onChange((what) => {
      if (what === "status") this.#arm(0);
    });
    this.#arm(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#unfollow();
    this.#cancel();
  }

  /** To every destination, turned on or not; it stays due where it was. */
  async sendNow(month: string): Promise<ReportSent> {
    const report = await this.#ports.reportOf("usage", month);
    const results: ReportSent["results"] = [];
    for (const { values } of this.#ports.shared.rows(reportDestinations)) {
      const { kind } = values;
      if (report === null) {
        results.push({
          kind,
          delivered: false,
          error: `no LoadMaster was licensed for metering or out of the pool in ${month}`,
          remedy: "choose another month",
        });
        continue;
      }
      const fault = await this.#send(values, report);
      results.push({
        kind,
        delivered: fault === null,
        error: fault?.message ?? null,
        remedy: fault?.remedy ?? null,
      });
    }
    return { results };
  }

  #arm(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel();
    this.#cancel = this.#ports.world.after(delayMs, () => {
      this.#arm(lookIntervalMs);
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const { world, shared } = this.#ports;
      for (const { values } of shared.rows(reportDestinations))
        for (const due of dueAt(world.wall()))
          if (values.enabled && due.endedAt >= values.enabledAt) await this.#deliver(values, due);
    } catch (error) {
      const { message } = error as Error;
      this.#ports.note({
        severity: "error",
        code: "usage-report-not-made",
        message: `a usage report could not be made: ${message}; this unit tries again in a minute`,
      });
    } finally {
      this.#isLooking = false;
    }
  }

  async #deliver(destination: ReportDestinationValues, due: Due): Promise<void> {
    const { world, shared, unit, isActing, isReached, reportOf, note } = this.#ports;
    const { what, period } = due;
    const key = deliveryKey(what, period, destination.kind);
    const row = shared.row(reportDeliveries, key);
    const isWanted = (): boolean =>
      !this.#stopped && isActing() && isToBeSent(row?.values, due, world.wall(), isReached());
    if (this.#nothing.has(key) || !isWanted()) return;
    const report = await reportOf(what, period);
    if (report === null) this.#hasNothing(key);
    if (report === null || !isWanted()) return;
    const begun: ReportDeliveryValues = {
      what,
      period,
      kind: destination.kind,
      state: "sending",
      unit,
      tries: (row?.values.tries ?? 0) + 1,
      begunAt: world.wall(),
      endedAt: null,
      message: "",
    };
    // Whoever changed the row meanwhile sends; this unit looks again in a minute.
    const edit =
      row === undefined
        ? createRow(reportDeliveries, begun)
        : updateRow(reportDeliveries, key, begun, row.tag);
    if (!(await this.#write([edit, ...this.#outdated(begun.begunAt)], `${what} ${period} is being sent`)))
      return;
    if (this.#stopped || !isActing()) return;
    const fault = await this.#send(destination, report);
    const target = asTarget(destination);
    const [state, message] = fault === null ? ["sent", ""] : ["failed", `${fault.message}; ${fault.remedy}`];
    const ended = {
      ...begun,
      state: state as "sent" | "failed",
      endedAt: world.wall(),
      message: message?.slice(0, deliveryMessageMaxLength) ?? "",
    };
    await this.#write([updateRow(reportDeliveries, key, ended)], `${what} ${period}: ${state}`);
    if (fault === null)
      note({
        severity: "info",
        code: "usage-report-sent",
        message: `"${report.subject}" was sent to ${whereOf(target)}`,
      });
    else if (begun.tries === 1 || isLastTry(begun.tries))
      note({
        severity: "warning",
        code: "usage-report-failed",
        message: `"${report.subject}" did not reach ${whereOf(target)}: ${message}${isLastTry(begun.tries) ? "; it is not tried again, send it by hand" : ""}`,
      });
  }

  #hasNothing(key: string): void {
    if (this.#nothing.size >= nothingRememberedMax) this.#nothing.clear();
    this.#nothing.add(key);
  }

  async #send(destination: ReportDestinationValues, report: ReportText): Promise<DeliveryFault | null> {
    try {
      await this.#ports.send(destination, report);
      return null;
    } catch (error) {
      return faultOf(asTarget(destination), error as Error);
    }
  }

  /** False when the other unit changed the row meanwhile; throws when it cannot be kept. */
  async #write(edits: readonly Edit[], words: string): Promise<boolean> {
    const written = await this.#ports.shared.write(edits, author, `usage report: ${words}`);
    if (!written.ok && !("table" in written.error)) throw new Error(written.error.message);
    return written.ok;
  }

  #outdated(now: WallMillis): readonly Edit[] {
    return this.#ports.shared
      .rows(reportDeliveries)
      .filter(({ values }) => values.begunAt < now - deliveriesKeptMs)
      .map(({ key }) => deleteRow(reportDeliveries, key));
  }
}
