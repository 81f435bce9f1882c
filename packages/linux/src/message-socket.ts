/**
 * Event-driven reading of any datagram socket (raw, netlink, local) without native code of our own.
 *
 * The first way is adoption: Node's `dgram` takes a throw-away UDP descriptor, and before the event loop first looks
 * at it, dup3(2) puts our socket in its place. From then on `dgram` reads ours. That leans on libuv registering a
 * descriptor no sooner than at its next look, so it is not believed but tried, once per thread, on a pair of local
 * sockets. The second way is poll(2) on a thread of koffi's pool: plain API, some 30 µs later and with more CPU.
 * (koffi's own `node.poll` is neither: it swallows what its callback throws, and aborts the process when a worker
 * thread is ended under it.)
 */
import { createSocket } from "node:dgram";
import {
  AF_INET,
  closeDescriptor,
  openSocket,
  openSocketPair,
  receive,
  replaceDescriptor,
  SOCK_DGRAM,
  SystemCallError,
  send,
  waitReadable,
} from "./libc.ts";

export type MessageSocket = {
  /** Ends the reading and closes the descriptor. */
  close(): void;
};

export type MessageHandlers = {
  /** One datagram; the bytes are the callee's to keep. */
  readonly onMessage: (message: Buffer) => void;
  /** A read that failed, such as ENOBUFS after messages were lost; the reading goes on. */
  readonly onError: (code: string) => void;
};

/** Takes over a non-blocking descriptor and closes it in the end; it is not to be used by the caller any more. */
export type ReadMessages = (descriptor: number, handlers: MessageHandlers) => MessageSocket;

export type MessageReader = { readonly name: "adoption" | "thread-poll"; readonly read: ReadMessages };

const selfTestTimeoutMs = 250;
const pollTimeoutMs = 250;
const datagramMaxBytes = 65_536;
/** Bounds what one wake-up may take, so that a flood cannot keep timers from running (libuv has a bound of its own). */
const messagesPerWakeMax = 64;

export const adoption: MessageReader = {
  name: "adoption",
  read(descriptor, handlers) {
    const standIn = openSocket(AF_INET, SOCK_DGRAM, 0);
    const socket = createSocket("udp4");
    socket.on("message", (message) => handlers.onMessage(message));
    socket.on("error", (error) => handlers.onError((error as NodeJS.ErrnoException).code ?? error.message));
    socket.bind({ fd: standIn, exclusive: true });
    replaceDescriptor(descriptor, standIn);
    closeDescriptor(descriptor);
    let open = true;
    return {
      close() {
        if (open) socket.close();
        open = false;
      },
    };
  },
};

export const threadPoll: MessageReader = {
  name: "thread-poll",
  read(descriptor, handlers) {
    const buffer = Buffer.alloc(datagramMaxBytes);
    let open = true;
    const drain = (): void => {
      for (let taken = 0; open && taken < messagesPerWakeMax; taken++) {
        try {
          const length = receive(descriptor, buffer);
          if (length === undefined) return;
          handlers.onMessage(Buffer.from(buffer.subarray(0, length)));
        } catch (error) {
          if (!(error instanceof SystemCallError)) throw error;
          handlers.onError(error.code);
        }
      }
    };
    const wait = async (): Promise<void> => {
      while (open) if (await waitReadable(descriptor, pollTimeoutMs)) drain();
      // Closed only here, when no thread waits on it, so that its number is not used again under a waiting poll(2).
      closeDescriptor(descriptor);
    };
    void wait();
    return {
      close() {
        open = false;
      },
    };
  },
};

/** True when `reader` hands on one datagram sent through a pair of local sockets. */
export async function works(reader: MessageReader): Promise<boolean> {
  const [receiving, sending] = openSocketPair();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let socket: MessageSocket | undefined;
  const timeout = setTimeout(() => resolve(false), selfTestTimeoutMs);
  try {
    socket = reader.read(receiving, {
      onMessage: (message) => resolve(message.length === 1),
      onError: () => resolve(false),
    });
    send(sending, Uint8Array.of(1));
    return await promise;
  } catch {
    return false;
  } finally {
    clearTimeout(timeout);
    socket?.close();
    closeDescriptor(sending);
  }
}

/** The better way that works on this system, tried in the calling thread. */
export async function chooseMessageReader(): Promise<MessageReader> {
  return (await works(adoption)) ? adoption : threadPoll;
}
