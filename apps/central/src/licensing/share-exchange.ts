/**
 * Moves shares between the Centrals of a pair, over the channel `licensing`. The asker says what it lacks, and for
 * whom; the giver frees what moves away from it, writes what it gives, and only then says so. Nothing here is a
 * promise: the asker decides anew from the rows that it has then.
 */
import type { Json } from "@tandem/base/canonical-json";
import { type Static, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import { LicensingId } from "@tandem/licensing/wire";
import type { Channel, ChannelPorts } from "../ha/channels.ts";

const Wanted = Type.Object({
  type: Type.Literal("wanted"),
  id: Type.Integer({ minimum: 1 }),
  account: Type.String({ pattern: "^[0-9a-f]{16}$" }),
  kind: Type.Union([Type.Literal("local"), Type.Literal("pool")]),
  amount: Type.Integer({ minimum: 1 }),
  /** Give just this, and not more to save further questions. */
  exactly: Type.Boolean(),
  /** The LoadMaster that it is for, which may be licensed by the giver with a lower number. */
  unit: Type.Union([LicensingId, Type.Null()]),
  number: Type.Integer({ minimum: 0 }),
});
const Gave = Type.Object({
  type: Type.Literal("gave"),
  id: Type.Integer({ minimum: 1 }),
  amount: Type.Integer({ minimum: 0 }),
});
const Message = Type.Union([Wanted, Gave]);

export type ShareWanted = Omit<Static<typeof Wanted>, "type" | "id">;

/** An operator's second of waiting (CH21), and the way there and back. */
const answerTimeoutMs = 2 * second;

export type ShareExchangePorts = {
  readonly world: World;
  channel(ports: ChannelPorts): Channel;
  /** Gives what it can of what the peer wants; resolves with how much, once that is written. */
  give(wanted: ShareWanted): Promise<number>;
};

export class ShareExchange {
  readonly #ports: ShareExchangePorts;
  readonly #channel: Channel;
  readonly #asked = new Map<number, (amount: number | null) => void>();
  #nextId = 1;

  constructor(ports: ShareExchangePorts) {
    this.#ports = ports;
    this.#channel = ports.channel({
      received: (body) => this.#received(body),
      closed: () => this.stop(),
    });
  }

  /** What the peer gave, 0 included; null when it did not answer. */
  ask(wanted: ShareWanted): Promise<number | null> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    let cancel: Cancel = () => {};
    const answered = (amount: number | null): void => {
      cancel();
      this.#asked.delete(id);
      resolve(amount);
    };
    this.#asked.set(id, answered);
    cancel = this.#ports.world.after(answerTimeoutMs, () => answered(null));
    if (!this.#channel.send({ type: "wanted", id, ...wanted })) answered(null);
    return promise;
  }

  /** Whoever waits for an answer gets none. */
  stop(): void {
    for (const answered of [...this.#asked.values()]) answered(null);
  }

  #received(body: Json): void {
    // A message of another shape is of a later version.
    if (schemaFaults(Message, body, { whole: "the message" }).length > 0) return;
    const message = body as Static<typeof Message>;
    if (message.type === "gave") {
      this.#asked.get(message.id)?.(message.amount);
      return;
    }
    const { type: _, id, ...wanted } = message;
    const answer = (amount: number): void => {
      this.#channel.send({ type: "gave", id, amount });
    };
    // What could not be written was not given.
    void this.#ports.give(wanted).then(answer, () => answer(0));
  }
}
