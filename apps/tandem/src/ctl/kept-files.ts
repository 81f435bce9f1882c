/** What `ctl` keeps between calls: which certificate each server showed first, and an API key for each. Mode 0600. */
import { mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Fingerprint } from "@tandem/base/ids";
import { writeFileAtomicallySync } from "@tandem/peer-link/atomic-file";

export type KeptKey = { readonly id: string; readonly key: string };
type Kept<Value> = { readonly [server: string]: Value };

export class KeptFile<Value> {
  readonly path: string;

  constructor(folder: string, name: string) {
    this.path = join(folder, name);
  }

  get(server: string): Value | undefined {
    const all = this.#read();
    return Object.hasOwn(all, server) ? all[server] : undefined;
  }

  /** Undefined forgets the server. */
  set(server: string, value: Value | undefined): void {
    const others = Object.entries(this.#read()).filter(([key]) => key !== server);
    const all = Object.fromEntries(value === undefined ? others : [...others, [server, value]]);
    mkdirSync(join(this.path, ".."), { recursive: true, mode: 0o700 });
    writeFileAtomicallySync(this.path, `${JSON.stringify(all, null, 2)}\n`, 0o600);
  }

  #read(): Kept<Value> {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw error;
    }
    try {
      return JSON.parse(text) as Kept<Value>;
    } catch {
      throw new Error(`${this.path} is not JSON; correct or remove it`);
    }
  }
}

export type KeptFiles = { readonly knownServers: KeptFile<Fingerprint>; readonly keys: KeptFile<KeptKey> };

export function keptFiles(env: NodeJS.ProcessEnv): KeptFiles {
  const folder =
    env.TANDEM_CONFIG_DIR || join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "tandem");
  return {
    knownServers: new KeptFile(folder, "known-servers.json"),
    keys: new KeptFile(folder, "keys.json"),
  };
}
