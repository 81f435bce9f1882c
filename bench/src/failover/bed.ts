/**
 * The test bed: two units with two interfaces each, the client and the web server, every one a network namespace, on
 * two switches. The same for every contender, and so are the faults. A process has one bed; several processes, told
 * apart by a number in the environment, have one each.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type CommandLine, run, runAll } from "@tandem/lab/commands";
import { killNamespace, removeNetwork } from "@tandem/lab/namespaces";

export const bedVariable = "TANDEM_FAILOVER_BED";
const bedName = `failover${process.env[bedVariable] ?? "1"}`;
export const folder = `/tmp/tandem-${bedName}`;
export const sharedAddress = "10.77.0.100";
export const echoPort = 7007;
export const httpPort = 80;
const webAddress = "10.77.0.9";
const webPort = 8080;

export const units = ["a", "b"] as const;
export type UnitName = (typeof units)[number];
type Host = UnitName | "client" | "web";
const addresses: { readonly [host in Host]: string } = {
  a: "10.77.0.1",
  b: "10.77.0.2",
  client: "10.77.0.8",
  web: webAddress,
};

export const addressOf = (unit: UnitName): string => addresses[unit];
export const otherUnit = (unit: UnitName): UnitName => (unit === "a" ? "b" : "a");
export const namespaceOf = (host: Host | "sw"): string => `tandem-${bedName}-${host}`;
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const haproxyConfiguration = `global
  maxconn 2000
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend service
  bind ${sharedAddress}:${httpPort}
  default_backend servers
backend servers
  server web ${webAddress}:${webPort}
`;

/** Removes the bed, whole or half built, also one that a run which was killed has left behind. */
export async function removeBed(): Promise<void> {
  await removeNetwork(bedName);
  rmSync(folder, { recursive: true, force: true });
}

export async function buildBed(): Promise<void> {
  await removeBed();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sw = namespaceOf("sw");
  const plan: CommandLine[] = [
    ["ip", "netns", "add", sw],
    ...["br0", "br1"].flatMap((bridge): CommandLine[] => [
      [
        "ip",
        "-n",
        sw,
        "link",
        "add",
        bridge,
        "type",
        "bridge",
        "stp_state",
        "0",
        "forward_delay",
        "0",
        "mcast_snooping",
        "0",
      ],
      ["ip", "-n", sw, "link", "set", bridge, "up"],
    ]),
  ];
  for (const host of ["a", "b", "client", "web"] as const) {
    const namespace = namespaceOf(host);
    plan.push(
      ["ip", "netns", "add", namespace],
      ["ip", "-n", namespace, "link", "set", "lo", "up"],
      ["ip", "-n", sw, "link", "add", `${host}0`, "type", "veth", "peer", "name", "eth0", "netns", namespace],
      ["ip", "-n", sw, "link", "set", `${host}0`, "master", "br0", "up"],
      ["ip", "-n", sw, "link", "add", `${host}1`, "type", "veth", "peer", "name", "eth1", "netns", namespace],
      ["ip", "-n", sw, "link", "set", `${host}1`, "master", "br1", "up"],
      ...bootPlan(host),
    );
  }
  for (const unit of units)
    plan.push(["ip", "netns", "exec", namespaceOf(unit), "sysctl", "-qw", "net.ipv4.ip_nonlocal_bind=1"]);
  await runAll(plan);
  writeFileSync(`${folder}/haproxy.cfg`, haproxyConfiguration, { mode: 0o600 });
  start("web", "web", [
    process.execPath,
    here("../../../lab/src/web-server.ts"),
    "web",
    webAddress,
    String(webPort),
  ]);
  for (const unit of units) startServices(unit);
  const prober = here("../../../lab/src/prober.ts");
  start("client", "http-prober", [
    process.execPath,
    prober,
    `${folder}/http.sock`,
    sharedAddress,
    String(httpPort),
  ]);
  start("client", "udp-prober", [
    process.execPath,
    here("udp-prober.ts"),
    `${folder}/udp.sock`,
    sharedAddress,
    String(echoPort),
  ]);
}

/** What the machine's own start does to its network. */
function bootPlan(host: Host): CommandLine[] {
  const namespace = namespaceOf(host);
  return ["eth0", "eth1"].flatMap((device): CommandLine[] => [
    ["ip", "-n", namespace, "address", "flush", "dev", device, "scope", "global"],
    ["ip", "-n", namespace, "link", "set", device, "up"],
    [
      "ip",
      "-n",
      namespace,
      "address",
      "add",
      `${device === "eth0" ? addresses[host] : addresses[host].replace("10.77.0", "10.78.0")}/24`,
      "dev",
      device,
    ],
  ]);
}

/** What the shared address leads to on either unit. */
function startServices(unit: UnitName): void {
  start(unit, "haproxy", ["haproxy", "-db", "-f", `${folder}/haproxy.cfg`]);
  start(unit, "echo", [process.execPath, here("udp-echo.ts"), sharedAddress, String(echoPort)]);
}

export const logOf = (host: string, role: string): string => `${folder}/${host}-${role}.log`;

export function start(host: Host, role: string, command: readonly string[]): ChildProcess {
  const log = openSync(logOf(host, role), "a", 0o600);
  const child = spawn("ip", ["netns", "exec", namespaceOf(host), ...command], {
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.on("error", () => undefined);
  return child;
}

export const logText = (host: string, role: string): string => {
  try {
    return readFileSync(logOf(host, role), "utf8");
  } catch {
    return "";
  }
};

/** True while the unit's kernel has the shared address. */
export async function holds(unit: UnitName): Promise<boolean> {
  const text = await run(["ip", "-n", namespaceOf(unit), "-o", "-4", "addr", "show", "dev", "eth0"]);
  return text.includes(` ${sharedAddress}/`);
}

/** True once a speaker listens on the unit: CARP and VRRP both join 224.0.0.18. */
export async function hasSpeaker(unit: UnitName): Promise<boolean> {
  const text = await run(["ip", "-n", namespaceOf(unit), "maddress", "show", "dev", "eth0"]);
  return text.includes(" 224.0.0.18");
}

export async function owners(): Promise<readonly UnitName[]> {
  const held = await Promise.all(units.map(holds));
  return units.filter((_, index) => held[index]);
}

/** The switch side of a cable: carrier goes and comes. */
export const cable = (unit: UnitName, device: 0 | 1, isUp: boolean): Promise<void> =>
  runAll([["ip", "-n", namespaceOf("sw"), "link", "set", `${unit}${device}`, isUp ? "up" : "down"]]);

/** The units no longer hear each other, and everybody else hears both. */
export const split = (isSplit: boolean): Promise<void> =>
  runAll(
    units.map(
      (unit): CommandLine => [
        "bridge",
        "-n",
        namespaceOf("sw"),
        "link",
        "set",
        "dev",
        `${unit}0`,
        "isolated",
        isSplit ? "on" : "off",
      ],
    ),
  );

/** Its cables go silent first, so that nothing of its end is heard; then all that runs on it is killed. */
export async function killMachine(unit: UnitName): Promise<void> {
  await cable(unit, 0, false);
  await killNamespace(namespaceOf(unit));
}

export async function bootMachine(unit: UnitName): Promise<void> {
  await runAll(bootPlan(unit));
  await cable(unit, 0, true);
  startServices(unit);
}

/** Waits for a condition, and says what it was when it does not come. */
export async function until(
  what: string,
  timeoutMs: number,
  look: () => Promise<boolean> | boolean,
  everyMs = 50,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await pause(everyMs);
  }
}
