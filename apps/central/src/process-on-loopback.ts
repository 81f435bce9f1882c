/** Whole Centrals on loopback as processes of their own, which can be killed; for tests. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { CentralClient } from "@tandem/central-api/client";
import { administrator } from "./access/access.ts";
import type { ListenAddress } from "./configuration.ts";

type Ready = {
  readonly event: "ready";
  readonly unit: string;
  readonly fingerprint: string;
  readonly listen: ListenAddress;
  readonly peerLink: ListenAddress;
};

export type CentralProcess = {
  readonly unit: string;
  readonly stateDir: string;
  readonly peerLink: ListenAddress;
  /** Signed in as the administrator. */
  client: CentralClient;
  /** With SIGKILL: no last word, and its ports refuse from then on. */
  kill(): Promise<void>;
  /**
   * On the same state and ports; its wall clock runs so much ahead of this process's, and it says that it is of this
   * version.
   */
  start(clockAheadMs?: number, version?: string): Promise<void>;
};

/** To be imported before the program: another text in the place of `version.ts`. */
const ofVersion = (version: string): string =>
  `data:text/javascript,import { registerHooks } from "node:module";
  const source = ${JSON.stringify(`export const centralVersion = ${JSON.stringify(version)};`)};
  registerHooks({ load: (url, context, next) => url.endsWith("/central/src/version.ts") ? { format: "module", source, shortCircuit: true } : next(url, context) });`;

export async function startCentralProcess(
  t: TestContext,
  name: string,
  address: string,
): Promise<CentralProcess> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-central-test-"));
  const stateDir = join(folder, "state");
  const configPath = join(folder, "central.json");
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    await new Promise((resolve) => {
      ending.once("exit", resolve);
      ending.kill("SIGKILL");
    });
  };
  t.after(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (
    ports: { web: number; peer: number },
    clockAheadMs: number,
    version: string | undefined,
  ): Promise<Ready> => {
    const listen = (port: number) => ({ address, port });
    const configuration = { name, stateDir, listen: listen(ports.web), peerLink: listen(ports.peer) };
    writeFileSync(configPath, JSON.stringify({ ...configuration, syslog: listen(0) }));
    const ahead = `data:text/javascript,const now = Date.now; Date.now = () => now() + ${clockAheadMs};`;
    const started = spawn(
      process.execPath,
      [
        ...(clockAheadMs === 0 ? [] : ["--import", ahead]),
        ...(version === undefined ? [] : ["--import", ofVersion(version)]),
        join(import.meta.dirname, "main.fixture.ts"),
        configPath,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    child = started;
    return new Promise((resolve, reject) => {
      const said: string[] = [];
      createInterface({ input: started.stdout }).on("line", (line) => {
        said.push(line);
        const entry = JSON.parse(line) as { readonly event: string };
        if (entry.event === "ready") resolve(entry as Ready);
      });
      started.once("exit", () =>
        reject(new Error(`${name} has ended by itself: ${said.slice(-5).join("\n")}`)),
      );
    });
  };
  const ready = await run({ web: 0, peer: 0 }, 0, undefined);
  const password = readFileSync(join(stateDir, "first-password"), "utf8").trim();
  const connect = async (): Promise<CentralClient> => {
    const { fingerprint, listen } = ready;
    const client = new CentralClient({ host: listen.address, port: listen.port, fingerprint });
    t.after(() => client.close());
    await client.signIn(administrator, password);
    return client;
  };
  const here: CentralProcess = {
    unit: ready.unit,
    stateDir,
    peerLink: ready.peerLink,
    client: await connect(),
    kill,
    start: async (clockAheadMs = 0, version = undefined) => {
      assert.equal(child, undefined, "it runs already");
      await run({ web: ready.listen.port, peer: ready.peerLink.port }, clockAheadMs, version);
      here.client = await connect();
    },
  };
  return here;
}
