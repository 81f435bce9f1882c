/** The files of one HAProxy: its configuration, those that the configuration refers to, and its log. */
import { execFile } from "node:child_process";
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { RenderedConfiguration } from "@tandem/haproxy-config/render";
import { refusalFrom } from "./haproxy-messages.ts";

export const checkTimeoutMs = 10_000;
/** HAProxy writes to its log only when it loads and when a server changes state; a longer log is begun anew. */
export const logMaxBytes = 1024 * 1024;

/** A configuration's text, in parts or whole, and the digest that it carries. */
export type ConfigurationText = Pick<RenderedConfiguration, "parts" | "digest">;

export class HaproxyFiles {
  readonly #directory: string;
  readonly #binary: string;

  constructor(directory: string, binary: string) {
    this.#directory = directory;
    this.#binary = binary;
  }

  get configuration(): string {
    return join(this.#directory, "haproxy.cfg");
  }

  get referred(): string {
    return join(this.#directory, "files");
  }

  get log(): string {
    return join(this.#directory, "haproxy.log");
  }

  get #candidate(): string {
    return join(this.#directory, "haproxy.cfg.candidate");
  }

  /** Mode 0700. */
  async prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** The configuration that HAProxy would load now; undefined when there is none of ours. */
  async present(): Promise<ConfigurationText | undefined> {
    try {
      const text = await readFile(this.configuration, "utf8");
      const digest = /^ {4}description ([0-9a-f]{16})$/m.exec(text)?.[1];
      return digest === undefined ? undefined : { parts: [text], digest };
    } catch {
      return undefined;
    }
  }

  /** Replaces it whole; `flushed`: it is on disk when this resolves. */
  async place(text: string, flushed: boolean): Promise<void> {
    await this.#writeWhole(this.configuration, text, flushed);
  }

  async removeConfiguration(): Promise<void> {
    await rm(this.configuration, { force: true });
  }

  /** Has HAProxy read a text without loading it. */
  async check({ text, origins }: RenderedConfiguration): Promise<Result<void, FieldError>> {
    await this.prepare();
    await writeFile(this.#candidate, text, { mode: 0o600 });
    try {
      return await new Promise((resolve) => {
        execFile(
          this.#binary,
          ["-c", "-f", this.#candidate],
          { timeout: checkTimeoutMs, maxBuffer: 4 * 1024 * 1024 },
          (error, stdout, stderr) => {
            if (error === null) resolve(ok(undefined));
            else if (error.code === "ENOENT" || error.code === "EACCES")
              resolve(err(noBinary(this.#binary, error.message)));
            else resolve(err(refusalFrom(`${stderr}\n${stdout}`, origins)));
          },
        );
      });
    } finally {
      await rm(this.#candidate, { force: true });
    }
  }

  /** Those that are not there yet, for HAProxy to read as root; their names. What stands under a name never changes. */
  async writeReferred({ files }: Pick<RenderedConfiguration, "files">): Promise<string[]> {
    if (files.length === 0) return [];
    await mkdir(this.referred, { recursive: true, mode: 0o700 });
    const present = new Set(await readdir(this.referred));
    const written: string[] = [];
    for (const { name, text } of files) {
      if (present.has(name)) continue;
      await this.#writeWhole(join(this.referred, name), text, true);
      written.push(name);
    }
    return written;
  }

  async removeReferred(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.referred, name), { force: true });
  }

  /** Removes what this configuration, which is in force, does not use. Workers on their way out have read theirs. */
  async keepOnly({ files }: Pick<RenderedConfiguration, "files">): Promise<void> {
    const used = new Set(files.map(({ name }) => name));
    const present = await readdir(this.referred).catch(() => []);
    await this.removeReferred(present.filter((name) => !used.has(name)));
  }

  /** The size from which on the log tells about what comes next. */
  async beginLog(): Promise<number> {
    try {
      const { size } = await stat(this.log);
      if (size <= logMaxBytes) return size;
      await truncate(this.log, 0);
      return 0;
    } catch {
      return 0;
    }
  }

  async readLog(from: number): Promise<string> {
    try {
      return (await readFile(this.log)).subarray(from).toString("utf8");
    } catch {
      return "";
    }
  }

  /** A unit that is killed here leaves no half of a file under a name that counts as there. */
  async #writeWhole(path: string, text: string, flushed: boolean): Promise<void> {
    const file = await open(`${path}.part`, "w", 0o600);
    try {
      await file.writeFile(text);
      if (flushed) await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.part`, path);
  }
}

export const noBinary = (binary: string, reason: string): FieldError => ({
  code: "proxy-missing",
  field: "haproxy",
  value: binary,
  message: `HAProxy cannot be run at ${binary}: ${reason}`,
  remedy: "install the package haproxy, version 2.6 or later",
});
