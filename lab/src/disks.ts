/**
 * Small disks for machines whose disk is to fail: a tmpfs of a few MiB over the machine's state folder (tmpfs(5)),
 * which `down` takes away again, also after a crash.
 */
import { rmSync, writeFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { run } from "./commands.ts";
import { nodeFolder } from "./processes.ts";
import { stateFolderOf } from "./state.ts";
import type { FaultyNode } from "./topology.ts";

const smallDiskMiB = 32;
const chunkBytes = 64 * 1024;

const fillerOf = (lab: string, node: FaultyNode): string => `${nodeFolder(lab, node)}/filler`;

/** Puts a disk of 32 MiB where the machine keeps its state; what the folder held before is hidden until `down`. */
export async function mountSmallDisk(lab: string, node: FaultyNode): Promise<void> {
  const folder = nodeFolder(lab, node);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await run(["mount", "-t", "tmpfs", "-o", `size=${smallDiskMiB}m,mode=0700`, `tandem-${lab}`, folder]);
}

/** Fills the machine's small disk to the last block. */
export function fillDisk(lab: string, node: FaultyNode): void {
  const filler = fillerOf(lab, node);
  // Ever smaller pieces, so that not even a small write fits afterwards.
  for (let bytes = chunkBytes; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    const piece = Buffer.alloc(bytes);
    for (let count = 0; count < (smallDiskMiB * 1024 * 1024) / chunkBytes + 1; count += 1)
      try {
        writeFileSync(filler, piece, { flag: "a", mode: 0o600 });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        break;
      }
  }
}

/** Gives back what `fillDisk` took. */
export const freeDisk = (lab: string, node: FaultyNode): void => rmSync(fillerOf(lab, node), { force: true });

/** Takes away every small disk of a lab, with all that is on it. */
export async function unmountDisks(lab: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1]);
  const own = mounts.filter((path) => path?.startsWith(`${stateFolderOf(lab)}/`));
  // A process that was killed a moment ago may hold it still; the kernel lets go once that has ended.
  for (const path of own) await run(["umount", "--lazy", path as string]);
}
