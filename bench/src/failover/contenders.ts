/** Who is measured: what each is set to, and how it is started. None of them takes the role back unasked. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { addressOf, folder, sharedAddress, type UnitName } from "./bed.ts";

export type Contender = {
  readonly name: string;
  /** What it is set to, for the page. */
  readonly setting: string;
  readonly program: string;
  /** The longest time between two of its advertisements: events come at any moment of it. */
  readonly intervalMs: number;
  readonly hasChecks: boolean;
  /** Writes what it is configured by, and gives the command. */
  readonly prepare: (unit: UnitName) => readonly string[];
};

const carpdPath = fileURLToPath(new URL("../../../apps/loadmaster/src/carpd.ts", import.meta.url));

const ours = (
  name: string,
  setting: string,
  advbase: number,
  skews: readonly [number, number],
): Contender => ({
  name,
  setting,
  program: process.execPath,
  intervalMs: advbase * 1_000 + (Math.max(...skews) * 1_000) / 256,
  hasChecks: true,
  prepare: (unit) => {
    const stateDir = `${folder}/${unit}-carpd`;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const configuration = {
      vhid: 7,
      advbase,
      advskew: skews[unit === "a" ? 0 : 1],
      preempt: false,
      password: "measured",
      device: "eth0",
      ownAddress: addressOf(unit),
      sharedAddresses: [`${sharedAddress}/24`],
      serviceAddresses: [],
      checks: [{ device: "eth1", ownAddress: addressOf(unit).replace("10.77.0", "10.78.0") }],
    };
    writeFileSync(`${stateDir}/carpd.json`, JSON.stringify({ configuration, retired: [] }), { mode: 0o600 });
    writeFileSync(`${folder}/${unit}-carpd-file.json`, JSON.stringify({ stateDir }), { mode: 0o600 });
    return [process.execPath, carpdPath, "--config", `${folder}/${unit}-carpd-file.json`];
  },
});

const keepalived = (name: string, setting: string, version: 2 | 3, intervalSeconds: number): Contender => ({
  name,
  setting,
  program: "keepalived",
  intervalMs: intervalSeconds * 1_000,
  hasChecks: true,
  prepare: (unit) => {
    const path = `${folder}/${unit}-keepalived.conf`;
    writeFileSync(
      path,
      `global_defs {
  vrrp_version ${version}
}
vrrp_instance shared {
  state BACKUP
  nopreempt
  interface eth0
  virtual_router_id 7
  priority ${unit === "a" ? 101 : 100}
  advert_int ${intervalSeconds}
  track_interface {
    eth1
  }
  virtual_ipaddress {
    ${sharedAddress}/24 dev eth0
  }
}
`,
      { mode: 0o600 },
    );
    const pidFile = (option: string): string => `${folder}/${unit}-keepalived${option}.pid`;
    // One that was killed leaves them, and another process may have its number by now.
    for (const option of ["-p", "-r"]) rmSync(pidFile(option), { force: true });
    const files = ["-p", "-r"].map((option) => `${option}${pidFile(option)}`);
    return ["keepalived", "-n", "-l", "-D", "-P", "-f", path, ...files];
  },
});

const ucarp: Contender = {
  name: "ucarp",
  setting: "advbase 1, advskew 0 and 1",
  program: "ucarp",
  intervalMs: 1_000,
  hasChecks: false,
  prepare: (unit) => {
    for (const [script, order] of [
      ["up", "add"],
      ["down", "del"],
    ])
      writeFileSync(
        `${folder}/ucarp-${script}`,
        `#!/bin/sh\nip addr ${order} ${sharedAddress}/24 dev eth0\n`,
        {
          mode: 0o700,
        },
      );
    const options = ["-i", "eth0", "-s", addressOf(unit), "-v", "7", "-p", "measured", "-a", sharedAddress];
    const skew = ["-b", "1", "-k", unit === "a" ? "0" : "1", "-z"];
    return ["ucarp", ...options, ...skew, "-u", `${folder}/ucarp-up`, "-d", `${folder}/ucarp-down`];
  },
};

export const oursSlow = ours("Tandem, 3 s", "timeout 3 s (advbase 1)", 1, [0, 1]);
export const oursFast = ours("Tandem, fast mode", "advbase 0, advskew 10 and 20", 0, [10, 20]);
export const keepalivedSlow = keepalived("keepalived v2, 1 s", "VRRPv2, advert_int 1", 2, 1);
const keepalivedQuick = keepalived("keepalived v3, 0.1 s", "VRRPv3, advert_int 0.1", 3, 0.1);
const keepalivedQuickest = keepalived("keepalived v3, 0.01 s", "VRRPv3, advert_int 0.01", 3, 0.01);
/** Adverts as far apart as those of the fast mode: 39 ms, of which VRRP's centiseconds allow 4. */
const keepalivedEqual = keepalived(
  "keepalived v3, 0.04 s",
  "VRRPv3, advert_int 0.04, as in fast mode",
  3,
  0.04,
);

export const contenders: readonly Contender[] = [
  oursSlow,
  oursFast,
  keepalivedSlow,
  keepalivedQuick,
  keepalivedEqual,
  keepalivedQuickest,
  ucarp,
];
/** Those that give a silent partner up in well under a second. */
export const quickContenders = [oursFast, keepalivedQuick, keepalivedEqual, keepalivedQuickest];
