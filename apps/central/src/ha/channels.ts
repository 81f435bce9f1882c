/**
 * What other concerns of Central (statistics, files, events) say to their counterpart on the peer, over the pair's one
 * link. A channel is open while the units synchronise and the peer speaks a wire version that has channels.
 * Nothing is kept: what is sent while it is closed is dropped, and a concern that must not lose anything asks anew
 * when its channel opens.
 */
import { assert } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";

export type ChannelPorts = {
  /** From the peer, as it came: check its shape. */
  received(body: Json): void;
  opened?(): void;
  closed?(): void;
};

export type Channel = {
  readonly isOpen: boolean;
  /** False when it was dropped: the channel is closed, or the link's buffer full. */
  send(body: Json): boolean;
};

export class Channels {
  readonly #ports = new Map<string, ChannelPorts>();
  readonly #send: (channel: string, body: Json) => boolean;
  #isOpen = false;

  constructor(send: (channel: string, body: Json) => boolean) {
    this.#send = send;
  }

  /** Each name has one owner. When the channel is open already, `opened` is not called for it. */
  add(name: string, ports: ChannelPorts): Channel {
    assert(/^[a-z]{1,32}$/.test(name) && !this.#ports.has(name), `channel "${name}" is malformed or taken`);
    this.#ports.set(name, ports);
    const isOpen = (): boolean => this.#isOpen;
    return {
      get isOpen() {
        return isOpen();
      },
      send: (body) => this.#isOpen && this.#send(name, body),
    };
  }

  /** Call after whatever may have changed it. */
  setOpen(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    for (const ports of this.#ports.values()) (isOpen ? ports.opened : ports.closed)?.call(ports);
  }

  /** A name that nobody here owns is of a later version, and is passed over. */
  received(name: string, body: Json): void {
    this.#ports.get(name)?.received(body);
  }
}
