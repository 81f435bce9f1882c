/**
 * The system calls that Node does not offer, bound from the C library through koffi, one thin function each.
 * Every descriptor made here is close-on-exec and non-blocking. Structure layouts are those of 64-bit
 * little-endian Linux (x86-64, arm64).
 */
import { endianness } from "node:os";
import { getSystemErrorName } from "node:util";
import { assert } from "@tandem/base/assert";
import koffi from "koffi";

assert(endianness() === "LE", "the structure layouts of this module are those of little-endian machines");

const library = koffi.load("libc.so.6");

const call = {
  socket: library.func("int socket(int, int, int)") as (
    domain: number,
    type: number,
    protocol: number,
  ) => number,
  socketpair: library.func("int socketpair(int, int, int, _Out_ void *)") as (
    domain: number,
    type: number,
    protocol: number,
    descriptors: Uint8Array,
  ) => number,
  setsockopt: library.func("int setsockopt(int, int, int, const void *, uint32_t)") as (
    descriptor: number,
    level: number,
    option: number,
    value: Uint8Array,
    length: number,
  ) => number,
  bind: library.func("int bind(int, const void *, uint32_t)") as (
    descriptor: number,
    address: Uint8Array,
    length: number,
  ) => number,
  sendto: library.func("int64_t sendto(int, const void *, size_t, int, const void *, uint32_t)") as (
    descriptor: number,
    data: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array | null,
    addressLength: number,
  ) => number | bigint,
  recv: library.func("int64_t recv(int, _Out_ void *, size_t, int)") as (
    descriptor: number,
    buffer: Uint8Array,
    length: number,
    flags: number,
  ) => number | bigint,
  poll: library.func("int poll(_Inout_ void *, unsigned long, int)"),
  flock: library.func("int flock(int, int)") as (descriptor: number, operation: number) => number,
  dup3: library.func("int dup3(int, int, int)") as (old: number, replaced: number, flags: number) => number,
  close: library.func("int close(int)") as (descriptor: number) => number,
  if_nametoindex: library.func("uint32_t if_nametoindex(const char *)") as (name: string) => number,
  sched_setscheduler: library.func("int sched_setscheduler(int, int, const void *)") as (
    thread: number,
    policy: number,
    parameters: Uint8Array,
  ) => number,
};

/** Address families, socket types and flags, as `<sys/socket.h>` and `<linux/*.h>` number them. */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
const SCHED_FIFO = 1;
const LOCK_EX_NB = 2 | 4;

/** Error numbers that callers tell apart. */
export const EINTR = 4;
export const EAGAIN = 11;
export const ESRCH = 3;
export const EEXIST = 17;
export const ENODEV = 19;
export const EADDRNOTAVAIL = 99;
export const ENOBUFS = 105;

/** A system call that failed: `call` is its name, `errno` the number, `code` its name (such as `EPERM`). */
export class SystemCallError extends Error {
  override name = "SystemCallError";
  readonly call: string;
  readonly errno: number;
  readonly code: string;

  constructor(name: string, errno: number) {
    const code = errorName(errno);
    super(`${name}: ${code}`);
    this.call = name;
    this.errno = errno;
    this.code = code;
  }
}

/** The symbolic name of an error number, such as `EPERM`. */
export function errorName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

function checked(name: string, result: number | bigint): number {
  const value = Number(result);
  if (value < 0) throw new SystemCallError(name, koffi.errno());
  return value;
}

/** socket(2). */
export const openSocket = (domain: number, type: number, protocol: number): number =>
  checked("socket", call.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));

/** socketpair(2) of connected local datagram sockets. */
export function openSocketPair(): readonly [number, number] {
  const descriptors = Buffer.alloc(8);
  checked("socketpair", call.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, descriptors));
  return [descriptors.readInt32LE(0), descriptors.readInt32LE(4)];
}

/** setsockopt(2); a number is passed as a C `int`. */
export function setOption(
  descriptor: number,
  level: number,
  option: number,
  value: Uint8Array | number,
): void {
  const bytes = typeof value === "number" ? int32(value) : value;
  checked(`setsockopt ${level}/${option}`, call.setsockopt(descriptor, level, option, bytes, bytes.length));
}

/** bind(2) to an address given as the bytes of its `sockaddr`. */
export function bindSocket(descriptor: number, address: Uint8Array): void {
  checked("bind", call.bind(descriptor, address, address.length));
}

/** sendto(2); `address` is null for a socket that is bound or connected to where it sends. */
export function send(descriptor: number, data: Uint8Array, address: Uint8Array | null = null): void {
  checked("sendto", call.sendto(descriptor, data, data.length, MSG_NOSIGNAL, address, address?.length ?? 0));
}

/** recv(2) without waiting: the bytes received, or undefined when there is nothing to read. */
export function receive(descriptor: number, buffer: Uint8Array): number | undefined {
  for (;;) {
    const received = Number(call.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT));
    if (received >= 0) return received;
    const errno = koffi.errno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) throw new SystemCallError("recv", errno);
  }
}

/** flock(2), exclusive and without waiting: false when another open file holds the lock. */
export function lockDescriptor(descriptor: number): boolean {
  if (call.flock(descriptor, LOCK_EX_NB) === 0) return true;
  const errno = koffi.errno();
  if (errno === EAGAIN) return false;
  throw new SystemCallError("flock", errno);
}

/** dup3(2): `replaced` is closed and becomes another number for what `descriptor` stands for. */
export function replaceDescriptor(descriptor: number, replaced: number): void {
  checked("dup3", call.dup3(descriptor, replaced, SOCK_CLOEXEC));
}

/** close(2). */
export function closeDescriptor(descriptor: number): void {
  call.close(descriptor);
}

/** poll(2) for reading on a thread of koffi's pool: true when the descriptor can be read within `timeoutMs`. */
export function waitReadable(descriptor: number, timeoutMs: number): Promise<boolean> {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(descriptor, 0);
  entry.writeInt16LE(POLLIN, 4);
  return new Promise((resolve, reject) => {
    call.poll.async(entry, 1, timeoutMs, (error: Error | null, ready: number) => {
      if (error) reject(error);
      else resolve(ready > 0);
    });
  });
}

/** if_nametoindex(3) in the caller's network namespace; undefined when there is no such device. */
export function interfaceIndex(device: string): number | undefined {
  const index = call.if_nametoindex(device);
  if (index > 0) return index;
  // It opens a socket of its own, which can fail for reasons that say nothing about the device.
  const errno = koffi.errno();
  if (errno === ENODEV) return undefined;
  throw new SystemCallError("if_nametoindex", errno);
}

/**
 * sched_setscheduler(2): puts the calling thread alone under SCHED_FIFO, priority 1 to 99.
 * Returns undefined, or the error's name where it is not permitted (CAP_SYS_NICE).
 */
export function setRealtimePriority(priority: number): string | undefined {
  return call.sched_setscheduler(0, SCHED_FIFO, int32(priority)) < 0 ? errorName(koffi.errno()) : undefined;
}

/** The four bytes of a C `int`. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
