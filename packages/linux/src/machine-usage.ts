/**
 * What a machine is busy with: processor, memory, interfaces and disk, from proc(5) and statfs(2). Reading and working out
 * are apart, so that shares over a period come from two readings.
 */
import { readFile, statfs } from "node:fs/promises";

/** Ticks since the machine has started (proc_stat(5)). */
export type ProcessorTicks = {
  /** Undefined: of all of them together. */
  readonly processor?: number;
  readonly user: number;
  readonly system: number;
  readonly idle: number;
  readonly ioWaiting: number;
  readonly hardwareInterrupts: number;
  readonly softwareInterrupts: number;
};

export type InterfaceBytes = { readonly device: string; readonly in: number; readonly out: number };

export type MachineReading = {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly processors: readonly ProcessorTicks[];
  /** Kibibytes. */
  readonly memory: { readonly total: number; readonly available: number };
  readonly interfaces: readonly InterfaceBytes[];
};

/** Per cent of the period between two readings. */
export type ProcessorShares = Omit<ProcessorTicks, "processor"> & { readonly processor?: number };

export async function readMachine(): Promise<MachineReading> {
  const [stat, memory, devices] = await Promise.all(
    ["/proc/stat", "/proc/meminfo", "/proc/net/dev"].map((path) => readFile(path, "utf8")),
  );
  return {
    at: performance.now(),
    processors: processorsIn(stat ?? ""),
    memory: memoryIn(memory ?? ""),
    interfaces: interfacesIn(devices ?? ""),
  };
}

/** The first is all of them together. */
export const processorsIn = (text: string): ProcessorTicks[] =>
  [...text.matchAll(/^cpu(\d*) +(.+)$/gm)].map(([, number, rest]) => {
    const [user = 0, nice = 0, system = 0, idle = 0, ioWaiting = 0, hard = 0, soft = 0] = (rest ?? "")
      .split(" ")
      .map(Number);
    return {
      ...(number === "" ? {} : { processor: Number(number) }),
      user: user + nice,
      system,
      idle,
      ioWaiting,
      hardwareInterrupts: hard,
      softwareInterrupts: soft,
    };
  });

export function memoryIn(text: string): MachineReading["memory"] {
  const of = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
  return { total: of("MemTotal"), available: of("MemAvailable") };
}

export const interfacesIn = (text: string): InterfaceBytes[] =>
  [...text.matchAll(/^ *([^:\s]+): *(\d+)(?: +\d+){7} +(\d+)/gm)].map(([, device, bytesIn, bytesOut]) => ({
    device: device ?? "",
    in: Number(bytesIn),
    out: Number(bytesOut),
  }));

const counts = ["user", "system", "idle", "ioWaiting", "hardwareInterrupts", "softwareInterrupts"] as const;

/** Whole per cent; all idle when nothing was counted in between. A processor that was not there before has none. */
export function sharesBetween(before: MachineReading, now: MachineReading): ProcessorShares[] {
  return now.processors.flatMap((ticks) => {
    const earlier = before.processors.find(({ processor }) => processor === ticks.processor);
    if (earlier === undefined) return [];
    const passed = counts.map((name) => Math.max(0, ticks[name] - earlier[name]));
    const all = passed.reduce((sum, each) => sum + each, 0);
    const share = (index: number): number =>
      all === 0 ? (index === 2 ? 100 : 0) : Math.round((100 * (passed[index] ?? 0)) / all);
    const [user, system, idle, ioWaiting, hardwareInterrupts, softwareInterrupts] = counts.map((_, index) =>
      share(index),
    ) as [number, number, number, number, number, number];
    return [
      {
        ...(ticks.processor === undefined ? {} : { processor: ticks.processor }),
        user,
        system,
        idle,
        ioWaiting,
        hardwareInterrupts,
        softwareInterrupts,
      },
    ];
  });
}

/** Megabits per second that the interface says it can do; 0 where it does not say. */
export const speedOf = async (device: string): Promise<number> =>
  Math.max(0, Number(await readFile(`/sys/class/net/${device}/speed`, "utf8").catch(() => "0")) || 0);

/** Bytes of the file system that a folder is on. */
export async function diskOf(folder: string): Promise<{ readonly total: number; readonly free: number }> {
  const { bsize, blocks, bavail } = await statfs(folder);
  return { total: bsize * blocks, free: bsize * bavail };
}
