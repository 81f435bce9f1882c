import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HaproxyProcess } from "@tandem/linux/haproxy-process";
import { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { freePort } from "./central-process.ts";
import { TandemProcess } from "./tandem-process.ts";

export const loadMasterUser = "bal";

/** A real LoadMaster of its own process on a loopback address, with HAProxy. */
export type LoadMasterProcess = {
  readonly address: string;
  readonly port: number;
  readonly password: string;
  readonly client: LoadMasterClient;
  /** Stops it and its HAProxy, and removes its state. */
  remove(): Promise<void>;
};

export async function startLoadMaster(name: string, address: string): Promise<LoadMasterProcess> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-loadmaster-"));
  const [port, partnerPort] = [await freePort(address), await freePort(address)];
  const configuration = join(folder, "loadmaster.json");
  const stateDir = join(folder, "state");
  writeFileSync(
    configuration,
    JSON.stringify({
      name,
      stateDir,
      interfaces: [{ id: 0, device: "lo", address: `${address}/8` }],
      api: { port },
      partnerLink: { port: partnerPort },
      rebootCommand: "exit",
    }),
  );
  const process = new TandemProcess("loadmaster", configuration);
  const remove = async (): Promise<void> => {
    await process.stop();
    await new HaproxyProcess({ directory: join(stateDir, "haproxy"), observe: () => {} }).stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await process.start();
    const password = readFileSync(join(stateDir, "first-password"), "utf8").trim();
    const credentials = { kind: "password", user: loadMasterUser, password } as const;
    const client = new LoadMasterClient({ address, port, credentials });
    const lifted = await client.set("apicalllimit", 0);
    if (!lifted.ok) throw new Error(lifted.error.message);
    return { address, port, password, client, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
