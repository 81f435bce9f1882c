/** One TLS connection of a partner link as a queue of checked messages: ask or answer, one after the other, with deadlines. */
import type { TLSSocket } from "node:tls";
import type { Json } from "@tandem/base/canonical-json";
import { err, ok, type Result } from "@tandem/base/result";
import { encodeFrame, FrameReader, frameBeforeTrustMaxBytes } from "@tandem/peer-link/frames";
import { fingerprintOf } from "@tandem/peer-link/identity";
import {
  documentMaxBytes,
  isPartnerMessage,
  type LedgerMessage,
  type PartnerMessage,
} from "./partner-messages.ts";

/** Messages that may wait to be read; the protocol has one under way. */
const waitingMax = 4;

export class PartnerConnection {
  readonly #socket: TLSSocket;
  readonly #reader = new FrameReader(frameBeforeTrustMaxBytes);
  readonly #messages: PartnerMessage[] = [];
  #waiter: ((message: Result<PartnerMessage, string>) => void) | undefined;
  #ended: string | undefined;
  #trusted = false;
  /** Gets what stands outside the order of questions and answers. */
  onLedger: (message: LedgerMessage) => void = () => {};
  /** Called once, when nothing more can be sent or received. */
  onEnd: () => void = () => {};

  /** After the TLS handshake. */
  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (error) => this.#end(error.message));
    socket.on("close", () => this.#end("the connection was closed"));
    if (socket.destroyed) this.#end("the connection was closed");
  }

  /** Of the other end's certificate; undefined when it showed none. */
  get fingerprint(): string | undefined {
    const certificate = this.#socket.getPeerX509Certificate();
    return certificate === undefined ? undefined : fingerprintOf(certificate);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? "unknown";
  }

  /** From now on documents may arrive; before, nothing longer than a greeting. */
  trust(): void {
    this.#reader.maxBytes = documentMaxBytes;
    this.#trusted = true;
  }

  send(message: PartnerMessage): void {
    const frame = encodeFrame(message as unknown as Json, documentMaxBytes);
    if (!frame.ok) this.close(`a message of ours cannot be sent: ${frame.error.code}`);
    else if (this.#ended === undefined) this.#socket.write(frame.value);
  }

  /** The next message, or in words why there is none. */
  receive(timeoutMs: number): Promise<Result<PartnerMessage, string>> {
    const first = this.#messages.shift();
    if (first !== undefined) return Promise.resolve(ok(first));
    if (this.#ended !== undefined) return Promise.resolve(err(this.#ended));
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.close(`nothing was heard for ${timeoutMs} ms`), timeoutMs);
      this.#waiter = (message) => {
        clearTimeout(timer);
        this.#waiter = undefined;
        resolve(message);
      };
    });
  }

  async ask(message: PartnerMessage, timeoutMs: number): Promise<Result<PartnerMessage, string>> {
    this.send(message);
    return this.receive(timeoutMs);
  }

  close(reason: string): void {
    this.#end(reason);
    // What was written before, a refusal for example, still gets out.
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), 500).unref();
  }

  #receive(chunk: Buffer): void {
    for (const message of this.#reader.push(chunk)) {
      const fault = message.ok
        ? this.#take(message.value)
        : `a frame that cannot be read: ${message.error.code}`;
      if (fault === undefined) continue;
      this.close(`the other end sent ${fault}`);
      return;
    }
  }

  #take(message: unknown): string | undefined {
    if (!isPartnerMessage(message)) return "a message that is not known";
    if (message.type === "ledger" || message.type === "ledger-kept") {
      if (!this.#trusted) return "a ledger before it has proved who it is";
      this.onLedger(message);
    } else if (this.#waiter !== undefined) this.#waiter(ok(message));
    else if (this.#messages.length < waitingMax) this.#messages.push(message);
    else return "more without waiting for answers";
    return undefined;
  }

  #end(reason: string): void {
    const first = this.#ended === undefined;
    this.#ended ??= reason;
    this.#waiter?.(err(this.#ended));
    if (first) this.onEnd();
  }
}
