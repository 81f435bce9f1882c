/**
 * One timeline from both units (SPEC CH25). Each unit numbers its own entries; the other asks for what follows the last
 * it has, when the channel opens and when it hears of a newer one, so that nothing is missing after an absence
 * but what is older than the log keeps. Both tell each other their clocks: entries are shown in order of time, and each
 * unit's among themselves always in the order in which they happened, whatever its clock did.
 */
import type { Json } from "@tandem/base/canonical-json";
import { compiledCheck } from "@tandem/base/compiled-check";
import type { UnitId } from "@tandem/base/ids";
import { type Static, Type } from "@tandem/base/schema";
import { minute, second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import { type NumberedEvent, ownEvents, type Store } from "@tandem/storage/store";
import type { Channel, ChannelPorts } from "./channels.ts";
import { type MergedEntry, mergeLogs, type Positions } from "./merged-logs.ts";
import type { ShellEvent, TimelineEntry } from "./timeline.ts";

const entriesPerMessageMax = 200;
const messageMaxChars = 128 * 1024;
/** Beyond it the units' clocks are said to differ. */
const clockDifferenceMaxMs = 5 * second;
/** An answer that took longer says too little about the other's clock. */
const clockRoundTripMaxMs = 2 * second;
const clockIntervalMs = 1 * minute;
const logDocument = "eventLog";

const Entry = Type.Object({
  at: Type.Number(),
  unit: Type.String({ pattern: "^[0-9a-f]{16}$" }),
  unitName: Type.String({ maxLength: 256 }),
  severity: Type.Union([Type.Literal("info"), Type.Literal("warning"), Type.Literal("error")]),
  code: Type.String({ maxLength: 64 }),
  message: Type.String({ maxLength: 65_536 }),
  details: Type.Unknown(),
});
const Log = Type.String({ pattern: "^[0-9a-f]{16}$" });
const Count = Type.Integer({ minimum: 0 });
const Message = Type.Union([
  /** What the sender's own log is called, and its newest entry's number. */
  Type.Object({ type: Type.Literal("newest"), log: Log, number: Count }),
  Type.Object({ type: Type.Literal("want"), log: Log, after: Count }),
  Type.Object({
    type: Type.Literal("entries"),
    log: Log,
    newest: Count,
    entries: Type.Array(Type.Object({ number: Type.Integer({ minimum: 1 }), event: Type.Unknown() }), {
      maxItems: entriesPerMessageMax,
    }),
  }),
  Type.Object({ type: Type.Literal("clock"), asked: Type.Number() }),
  Type.Object({ type: Type.Literal("clock-is"), asked: Type.Number(), wall: Type.Number() }),
]);
type Message = Static<typeof Message>;

export type SharedTimelinePorts = {
  readonly world: World;
  readonly store: Store;
  /** The other unit now; null when there is none. */
  peer(): UnitId | null;
  channel(ports: ChannelPorts): Channel;
  /** Adds to this unit's own log. */
  observe(event: ShellEvent): void;
  /** Runs what a timer caused. */
  inTurn(body: () => void): void;
  /** Entries of the other unit have come. */
  changed(): void;
};

const isMessage = compiledCheck(Message);
const isEntry = compiledCheck(Entry);

export type TimelineQuery = {
  readonly limit: number;
  /** From an earlier answer: what is older than that. */
  readonly positions?: Positions;
  readonly unit?: UnitId;
  readonly severities?: ReadonlySet<string>;
};

export class SharedTimeline {
  readonly #ports: SharedTimelinePorts;
  readonly #channel: Channel;
  /** Names this log: a unit whose disk was set aside begins another, with numbers from 1. */
  readonly #log: string;
  #cancelClock: Cancel = () => {};
  #clockDifferenceMs: number | null = null;
  #isClockWrong = false;

  constructor(ports: SharedTimelinePorts) {
    this.#ports = ports;
    const { store, world } = ports;
    const kept = store.document(logDocument);
    this.#log = typeof kept === "string" ? kept : world.randomHex(8);
    if (kept === undefined) store.commit([{ kind: "document", name: logDocument, value: this.#log }]);
    this.#channel = ports.channel({
      received: (body) => {
        // What a later version says beyond this is passed over.
        if (isMessage(body)) this.#receive(body as Message);
      },
      opened: () => {
        this.#askClock();
        this.#sayNewest();
      },
      closed: () => this.#cancelClock(),
    });
  }

  /** How far the other unit's clock is ahead of this one's (negative: behind); null until it has told. */
  get clockDifferenceMs(): number | null {
    return this.#clockDifferenceMs;
  }

  /** Call after each entry of this unit's own. */
  appended(): void {
    this.#sayNewest();
  }

  /** The newest first. */
  page({ limit, positions, unit, severities }: TimelineQuery): {
    readonly entries: readonly MergedEntry[];
    readonly next: Positions | null;
  } {
    const { store } = this.#ports;
    const isWanted = ({ event }: MergedEntry): boolean =>
      (unit === undefined || event.unit === unit) && (severities?.has(event.severity) ?? true);
    const sources = [ownEvents, ...store.foreignLogs()];
    const { entries, next } = mergeLogs(store, sources, { limit, positions: positions ?? {}, isWanted });
    // The peer knows this log by that name, so that an entry is called the same on both.
    const named = (entry: MergedEntry): MergedEntry =>
      entry.source === ownEvents ? { ...entry, source: `${entry.event.unit}.${this.#log}` } : entry;
    return { entries: entries.map(named), next };
  }

  stop(): void {
    this.#cancelClock();
  }

  #newest(source: string): number {
    return this.#ports.store.eventsBefore(source, Number.MAX_SAFE_INTEGER, 1)[0]?.number ?? 0;
  }

  #sayNewest(): void {
    if (this.#channel.isOpen)
      this.#channel.send({ type: "newest", log: this.#log, number: this.#newest(ownEvents) });
  }

  #receive(message: Message): void {
    switch (message.type) {
      case "newest":
        this.#wantAfter(message.log, message.number);
        break;
      case "want":
        if (message.log === this.#log) this.#sendAfter(message.after);
        break;
      case "entries":
        this.#take(message.log, message.newest, message.entries as readonly NumberedEvent[]);
        break;
      case "clock":
        this.#channel.send({ type: "clock-is", asked: message.asked, wall: this.#ports.world.wall() });
        break;
      case "clock-is":
        this.#clockTold(message.asked, message.wall);
        break;
    }
  }

  #wantAfter(log: string, newest: number): void {
    const known = this.#newest(this.#sourceOf(log));
    if (known < newest) this.#channel.send({ type: "want", log, after: known });
  }

  #sendAfter(after: number): void {
    const entries: NumberedEvent[] = [];
    let chars = 0;
    for (const entry of this.#ports.store.eventsAfter(ownEvents, after, entriesPerMessageMax)) {
      chars += JSON.stringify(entry).length;
      if (entries.length > 0 && chars > messageMaxChars) break;
      entries.push(entry);
    }
    if (entries.length === 0) return;
    this.#channel.send({
      type: "entries",
      log: this.#log,
      newest: this.#newest(ownEvents),
      entries: entries as unknown as Json,
    });
  }

  #take(log: string, newest: number, entries: readonly NumberedEvent[]): void {
    const source = this.#sourceOf(log);
    const known = this.#newest(source);
    const peer = this.#ports.peer();
    const fresh = entries.filter(
      ({ number, event }) =>
        number > known && isEntry(event) && (event as unknown as TimelineEntry).unit === peer,
    );
    if (fresh.length === 0) return;
    this.#ports.store.commit([{ kind: "foreignEvents", source, events: fresh }]);
    this.#ports.changed();
    this.#wantAfter(log, newest);
  }

  #sourceOf(log: string): string {
    return `${this.#ports.peer() ?? ""}.${log}`;
  }

  #askClock(): void {
    this.#cancelClock();
    this.#channel.send({ type: "clock", asked: this.#ports.world.now() });
    this.#cancelClock = this.#ports.world.after(clockIntervalMs, () =>
      this.#ports.inTurn(() => this.#askClock()),
    );
  }

  #clockTold(asked: number, wall: number): void {
    const { world } = this.#ports;
    const roundTripMs = world.now() - asked;
    if (roundTripMs < 0 || roundTripMs > clockRoundTripMaxMs) return;
    const differenceMs = Math.round(wall + roundTripMs / 2 - world.wall());
    this.#clockDifferenceMs = differenceMs;
    const isWrong = Math.abs(differenceMs) > clockDifferenceMaxMs;
    if (isWrong === this.#isClockWrong) return;
    this.#isClockWrong = isWrong;
    this.#ports.observe({ code: isWrong ? "clocks-differ" : "clocks-agree", differenceMs });
  }
}
