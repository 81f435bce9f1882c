/** What `stats` says of the machine: shares and rates of the time between two samples, in the units of real LoadMasters. */

import {
  diskOf,
  type MachineReading,
  readMachine,
  sharesBetween,
  speedOf,
} from "@tandem/linux/machine-usage";
import type { MachineStatistics } from "@tandem/loadmaster-api/views";
import type { NetworkInterface } from "../configuration-file.ts";

const bitsPerByte = 8;
const mega = 1_000_000;
const kibibytesPerMebibyte = 1_024;
const gibibyte = 1_024 ** 3;

export type MachinePlaces = {
  readonly interfaces: readonly NetworkInterface[];
  /** On whose disk the unit keeps what it has. */
  readonly stateDir: string;
};

export class MachineWatch {
  readonly #places: MachinePlaces;
  #before: MachineReading | undefined;
  #now: MachineReading | undefined;

  constructor(places: MachinePlaces) {
    this.#places = places;
  }

  async sample(): Promise<void> {
    this.#before = this.#now;
    this.#now = await readMachine();
  }

  /** Of the time between the last two samples, of which the second is taken now if there is but one. */
  async view(): Promise<MachineStatistics> {
    while (this.#before === undefined || this.#now === undefined) await this.sample();
    const [before, now] = [this.#before, this.#now];
    const [all, ...each] = sharesBetween(before, now);
    return {
      CPU: {
        total: {
          User: all?.user ?? 0,
          System: all?.system ?? 0,
          Idle: all?.idle ?? 0,
          IOWaiting: all?.ioWaiting ?? 0,
        },
        cpu: each.map((shares) => ({
          cpu: shares.processor ?? 0,
          User: shares.user,
          System: shares.system,
          HWInterrupts: shares.hardwareInterrupts,
          SWInterrupts: shares.softwareInterrupts,
          Idle: shares.idle,
          IOWaiting: shares.ioWaiting,
        })),
      },
      Memory: memoryView(now.memory),
      Network: { Interface: await this.#network(before, now) },
      DiskUsage: { partition: [await this.#disk()] },
    };
  }

  #network(before: MachineReading, now: MachineReading): Promise<MachineStatistics["Network"]["Interface"]> {
    const seconds = Math.max(1, now.at - before.at) / 1_000;
    // Several of the unit's interfaces may stand on one device.
    const devices = new Map(this.#places.interfaces.map(({ device, id }) => [device, id] as const).reverse());
    return Promise.all(
      now.interfaces
        .flatMap(({ device, in: bytesIn, out: bytesOut }) => {
          const id = devices.get(device);
          return id === undefined ? [] : [{ device, id, bytesIn, bytesOut }];
        })
        .map(async ({ device, id, bytesIn, bytesOut }) => {
          const earlier = before.interfaces.find((each) => each.device === device);
          const rate = (total: number, since: number | undefined): number =>
            Math.max(0, Math.round((total - (since ?? total)) / seconds));
          const [inbytes, outbytes] = [rate(bytesIn, earlier?.in), rate(bytesOut, earlier?.out)];
          return {
            Name: device,
            ifaceID: id,
            speed: await speedOf(device),
            in: megabits(inbytes),
            inbytes,
            inbytesTotal: bytesIn,
            out: megabits(outbytes),
            outbytes,
            outbytesTotal: bytesOut,
          };
        }),
    );
  }

  async #disk(): Promise<MachineStatistics["DiskUsage"]["partition"][number]> {
    const { stateDir } = this.#places;
    const { total, free } = await diskOf(stateDir);
    const percentused = total === 0 ? 0 : Math.round((100 * (total - free)) / total);
    return {
      name: stateDir,
      GBtotal: gigabytes(total),
      GBused: gigabytes(total - free),
      percentused,
      GBfree: gigabytes(free),
      percentfree: 100 - percentused,
    };
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
const megabits = (bytes: number): number => rounded((bytes * bitsPerByte) / mega, 1);
const gigabytes = (bytes: number): number => rounded(bytes / gibibyte, 2);

function memoryView({ total, available }: MachineReading["memory"]): MachineStatistics["Memory"] {
  const used = total - available;
  const percentmemused = total === 0 ? 0 : Math.round((100 * used) / total);
  const mebibytes = (kibibytes: number): number => Math.round(kibibytes / kibibytesPerMebibyte);
  return {
    MBtotal: mebibytes(total),
    memused: used,
    MBused: mebibytes(used),
    percentmemused,
    memfree: available,
    MBfree: mebibytes(available),
    percentmemfree: 100 - percentmemused,
  };
}
