/**
 * Does what the README's section "Set up on two machines in five minutes" says, word for word, on two machines that
 * are plain network and mount namespaces: nothing of the lab takes part.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { needsRoot } from "@tandem/linux/network-namespace";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const section = "Set up on two machines in five minutes";
const machines = ["machine-a", "machine-b"] as const;
type MachineName = (typeof machines)[number];
/** The machine that stands for everybody else: the web servers, and the one who asks for a page. */
const elsewhere = "elsewhere";
const addresses = {
  "machine-a": ["192.0.2.11/24"],
  "machine-b": ["192.0.2.12/24"],
  [elsewhere]: ["192.0.2.21/24", "192.0.2.22/24"],
} as const;
const sharedAddress = "192.0.2.10";
const blockTimeoutMs = 60_000;
const outcomeWithinMs = 60_000;

/** One fenced `sh` block. `reads` and `prints` name what a person carries from one machine's screen to the other's. */
type Block = {
  readonly machine: MachineName;
  readonly prints?: string;
  readonly reads?: string;
  readonly script: string;
};

/** The blocks of the section that are labelled with `<!-- run: MACHINE [prints: NAME] [reads: NAME] -->`, in order. */
function blocksOf(readme: string): readonly Block[] {
  const start = readme.indexOf(`## ${section}`);
  assert.notEqual(start, -1, `README.md has no section "${section}"`);
  const end = readme.indexOf("\n## ", start + 1);
  const text = readme.slice(start, end === -1 ? undefined : end);
  const pattern = /<!-- run: (\S+)(?: prints: (\S+))?(?: reads: (\S+))? -->\n+```sh\n([\s\S]*?)```/g;
  return [...text.matchAll(pattern)].map(([, machine, prints, reads, script]) => {
    assert.ok(
      machines.some((name) => name === machine),
      `the README names a machine "${machine}"`,
    );
    return {
      machine: machine as MachineName,
      script: script ?? "",
      ...(prints === undefined ? {} : { prints }),
      ...(reads === undefined ? {} : { reads }),
    };
  });
}

const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });

/** A switch, two machines with folders of their own, and one more machine; `remove` takes all of it away. */
class Site {
  readonly #prefix = `tandem-m${process.pid}`;
  readonly #folder = mkdtempSync(join(tmpdir(), "tandem-two-machines-"));
  /** One process for each machine, which keeps its mount namespace. */
  readonly #keepers = new Map<string, ChildProcess>();

  namespace(machine: string): string {
    return `${this.#prefix}-${machine}`;
  }

  async build(): Promise<void> {
    const sw = this.namespace("sw");
    ip("netns", "add", sw);
    ip("-n", sw, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0", "forward_delay", "0");
    ip("-n", sw, "link", "set", "br0", "up");
    for (const [machine, own] of Object.entries(addresses)) {
      const namespace = this.namespace(machine);
      ip("netns", "add", namespace);
      ip("-n", namespace, "link", "set", "lo", "up");
      ip("-n", sw, "link", "add", machine, "type", "veth", "peer", "name", "eth0", "netns", namespace);
      ip("-n", sw, "link", "set", machine, "master", "br0", "up");
      ip("-n", namespace, "link", "set", "eth0", "up");
      for (const address of own) ip("-n", namespace, "address", "add", address, "dev", "eth0");
      await this.#keep(machine);
    }
  }

  /** Gives the machine an /etc, /var/lib and /var/log of its own, which the README's commands write to. */
  async #keep(machine: string): Promise<void> {
    const own = (name: string): string => `${this.#folder}/${machine}-${name}`;
    for (const name of ["lib", "log"]) mkdirSync(own(name), { recursive: true });
    cpSync("/etc", own("etc"), { recursive: true, verbatimSymlinks: true });
    const mounts = [
      `mount --bind ${own("etc")} /etc`,
      `mount --bind ${own("lib")} /var/lib`,
      `mount --bind ${own("log")} /var/log`,
    ].join(" && ");
    const keeper = spawn(
      "ip",
      [
        "netns",
        "exec",
        this.namespace(machine),
        "unshare",
        "--mount",
        "sh",
        "-c",
        `${mounts} && echo kept && exec sleep infinity`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    this.#keepers.set(machine, keeper);
    await once(keeper.stdout as NodeJS.ReadableStream, "data");
  }

  /** Runs a shell script on a machine, as its operator in the project's folder; answers what it printed. */
  async run(machine: string, script: string, input = ""): Promise<string> {
    const keeper = this.#keepers.get(machine);
    assert.ok(keeper?.pid);
    const target = ["--target", String(keeper.pid), "--net", "--mount"];
    // Entering a mount namespace leads to its root folder, so the way to the project is said again.
    const there = ["sh", "-c", 'cd "$1" && exec sh -e -c "$2"', "sh", repository, script];
    const shell = spawn("nsenter", [...target, ...there], {
      stdio: ["pipe", "pipe", "pipe"],
      // The operator's own folder on that machine: what `ctl` keeps goes there.
      env: { PATH: process.env.PATH, HOME: `${this.#folder}/${machine}-home` },
    });
    let stdout = "";
    let stderr = "";
    shell.stdout.on("data", (chunk: Buffer) => (stdout += chunk));
    shell.stderr.on("data", (chunk: Buffer) => (stderr += chunk));
    // A block that reads nothing closes its input before it is written.
    shell.stdin.on("error", () => {});
    shell.stdin.end(input);
    const timer = setTimeout(() => shell.kill("SIGKILL"), blockTimeoutMs);
    const [code] = (await once(shell, "exit")) as [number | null];
    clearTimeout(timer);
    // What the block printed has arrived once its own output ends; what it started in the background wrote to files.
    await delay(20);
    assert.equal(code, 0, `on ${machine}:\n${script}\nended with ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Pulls the cable, then kills all that runs there. */
  async switchOff(machine: MachineName): Promise<void> {
    ip("-n", this.namespace("sw"), "link", "set", machine, "down");
    await killAllIn(this.namespace(machine));
  }

  async remove(): Promise<void> {
    const namespaces = [...Object.keys(addresses), "sw"].map((machine) => this.namespace(machine));
    for (const namespace of namespaces) await killAllIn(namespace);
    for (const namespace of namespaces) spawnSync("ip", ["netns", "delete", namespace]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The ends of the machine's logs, for the message of a failure. */
  logs(machine: MachineName): string {
    const folder = `${this.#folder}/${machine}-log`;
    return readdirSync(folder)
      .map((file) => `${machine} ${file}:\n${readFileSync(`${folder}/${file}`, "utf8").slice(-2_000)}`)
      .join("\n");
  }
}

/** Takes away what a run that was killed left: its namespaces carry the number of a process that is gone. */
async function removeLeftovers(): Promise<void> {
  const names = ip("netns", "list")
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "");
  for (const name of names) {
    const pid = /^tandem-m(\d+)-/.exec(name)?.[1];
    if (pid === undefined || runs(Number(pid))) continue;
    await killAllIn(name);
    spawnSync("ip", ["netns", "delete", name]);
  }
}

/** Kills every process whose network namespace is this one: the test made it, so they are the test's own. */
async function killAllIn(namespace: string): Promise<void> {
  const listed = spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" });
  const pids = (listed.stdout ?? "").split("\n").filter(Boolean).map(Number);
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself meanwhile.
    }
  }
  const deadline = performance.now() + 5_000;
  while (pids.some(runs) && performance.now() < deadline) await delay(20);
}

const runs = (pid: number): boolean => {
  try {
    readlinkSync(`/proc/${pid}/ns/net`);
    return true;
  } catch {
    return false;
  }
};

/** Looks until the answer fits, or fails with the last one. */
async function eventually(what: string, look: () => Promise<string>, fits: RegExp): Promise<string> {
  const deadline = performance.now() + outcomeWithinMs;
  for (;;) {
    const answer = await look().catch((error: Error) => error.message);
    if (fits.test(answer)) return answer;
    assert.ok(performance.now() < deadline, `${what}: ${answer}`);
    await delay(500);
  }
}

const askTwice = `
  const ask = () => fetch("http://${sharedAddress}/", { signal: AbortSignal.timeout(2000) }).then((answer) => answer.text());
  ask().then(async (first) => console.log(first + (await ask())));`;

/** Two web servers on the addresses that the README takes for the ones a reader has. */
const webServers = `
  const http = require("node:http");
  for (const address of ["192.0.2.21", "192.0.2.22"])
    http.createServer((request, response) => response.end("web server " + address + "\\n")).listen(80, address);
  setInterval(() => {}, 1000);`;

test("[CH14] the README's section on two machines does what it says", {
  skip: needsRoot(),
  timeout: 300_000,
}, async (t) => {
  const blocks = blocksOf(readFileSync(join(repository, "README.md"), "utf8"));
  for (const machine of machines)
    assert.ok(
      blocks.some((block) => block.machine === machine),
      `no block for ${machine}`,
    );
  const site = new Site();
  let failed = false;
  /** Everything builds on what was before: after the first failure nothing more is tried. */
  const part = (title: string, act: () => Promise<void>): Promise<void> =>
    t.test(title, { skip: failed && "what it builds on failed" }, async () => {
      try {
        await act();
      } catch (error) {
        failed = true;
        throw error;
      }
    });
  const askAgain = (): Promise<string> => site.run(elsewhere, `"${process.execPath}" -e '${askTwice}'`);
  try {
    await removeLeftovers();
    await site.build();
    await site.run(elsewhere, `"${process.execPath}" -e '${webServers}' >/dev/null 2>&1 &`);
    const carried = new Map<string, string>();
    for (const [index, { machine, script, prints, reads }] of blocks.entries())
      await part(`block ${index + 1}, on ${machine}`, async () => {
        const input = reads === undefined ? "" : carried.get(reads);
        assert.ok(input !== undefined, `nothing was printed under the name ${reads}`);
        const output = await site.run(machine, script, input);
        if (prints !== undefined) carried.set(prints, `${output.trim().split("\n").at(-1)}\n`);
      });
    await part("one Central is Master, the other its Slave", async () => {
      const status = (machine: MachineName) => () => site.run(machine, haStatusCommand);
      await eventually("machine-a", status("machine-a"), /Our State +Master[\s\S]*Peer State +Slave/);
      await eventually("machine-b", status("machine-b"), /Our State +Slave[\s\S]*Peer State +Master/);
    });
    await part("the shared address answers through the service, from both servers", async () => {
      const answer = await eventually("the service", askAgain, /web server/);
      assert.match(answer, /192\.0\.2\.21/);
      assert.match(answer, /192\.0\.2\.22/);
    });
    await part("the service goes on when a machine is switched off", async () => {
      await site.switchOff("machine-a");
      await eventually("the service", askAgain, /web server/);
    });
  } finally {
    if (failed) for (const machine of machines) t.diagnostic(site.logs(machine));
    await site.remove();
  }
});

const haStatusCommand = "bin/tandem ctl --server 127.0.0.1 ha status";
