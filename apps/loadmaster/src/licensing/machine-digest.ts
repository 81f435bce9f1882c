/** What tells this machine from a copy of it. */
import { readFile } from "node:fs/promises";
import { sha256Hex } from "@tandem/base/digest";

/** 16 hexadecimal digits of the machine's id and the MAC addresses of the unit's own devices, whichever of them there are. */
export async function machineDigest(devices: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    ["/etc/machine-id", ...[...new Set(devices)].sort().map((each) => `/sys/class/net/${each}/address`)].map(
      (path) => readFile(path, "utf8").catch(() => ""),
    ),
  );
  return sha256Hex(texts.map((each) => each.trim()).join("\n")).slice(0, 16);
}
