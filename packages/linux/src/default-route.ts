/** Devices that a default route of IPv4 leads over: /proc/net/route, proc(5). */
import { readFileSync } from "node:fs";

/** In the kernel's order; empty where the file cannot be read. */
export function defaultRouteDevices(path = "/proc/net/route"): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  // Device, destination and gateway, then the mask in the eighth column; a default route has neither bits nor mask.
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter((columns) => columns[1] === "00000000" && columns[7] === "00000000")
    .map((columns) => columns[0] ?? "")
    .filter((device, index, all) => device !== "" && all.indexOf(device) === index);
}
