/**
 * The unit's log on its own disk: `<stateDir>/logs/messages`, and the one before it, each of a bounded size. What the unit
 * writes on its output stays the log that counts; a disk that takes nothing costs these files and nothing else.
 */
import { appendFile, mkdir, readFile, rename, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { logFileNames } from "@tandem/loadmaster-api/logging-commands";

export const logFileMaxBytes = 1_048_576;
/** Of one message; the rest of a longer one is left out. */
export const logLineMaxChars = 4_096;
/** Of messages that wait for the disk; what comes beyond is lost. */
export const logWaitingMax = 10_000;

type Name = (typeof logFileNames)[number];
const [presentName, formerName] = logFileNames;

export class LogFiles {
  readonly #directory: string;
  #waiting: string[] = [];
  #lost = 0;
  #bytes: number | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(stateDir: string) {
    this.#directory = join(stateDir, "logs");
  }

  write(level: string, event: string, details: object): void {
    if (this.#waiting.length >= logWaitingMax) {
      this.#lost += 1;
      return;
    }
    const line = `${new Date().toISOString()} ${level} ${event} ${JSON.stringify(details)}`;
    this.#waiting.push(`${line.slice(0, logLineMaxChars)}\n`);
    if (this.#waiting.length === 1) void this.#inTurn(() => this.#flush());
  }

  /** Once everything that was written is on the disk, or could not get there. */
  settled(): Promise<unknown> {
    return this.#inTurn(() => this.#flush());
  }

  /** Those that there are. */
  async list(): Promise<{ readonly name: Name; readonly bytes: number }[]> {
    await this.settled();
    const all = await Promise.all(
      logFileNames.map(async (name) => ({
        name,
        bytes: await stat(this.#path(name)).then(
          ({ size }) => size,
          () => undefined,
        ),
      })),
    );
    return all.flatMap(({ name, bytes }) => (bytes === undefined ? [] : [{ name, bytes }]));
  }

  /** Empty where there is no such file. */
  async read(name: Name): Promise<Buffer> {
    await this.settled();
    return readFile(this.#path(name)).catch(() => Buffer.alloc(0));
  }

  /** Rejects when the disk does. */
  clear(names: readonly Name[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#flush();
      const there = new Set(
        await Promise.all(
          names.map((name) =>
            stat(this.#path(name)).then(
              () => name,
              () => undefined,
            ),
          ),
        ),
      );
      for (const name of names) if (there.has(name)) await truncate(this.#path(name), 0);
      this.#bytes = undefined;
    });
  }

  #path(name: Name): string {
    return join(this.#directory, name);
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    if (this.#lost > 0) lines.push(`${new Date().toISOString()} warn messages-lost {"lost":${this.#lost}}\n`);
    const text = lines.join("");
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const path = this.#path(presentName);
      this.#bytes ??= await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
      if (this.#bytes > 0 && this.#bytes + Buffer.byteLength(text) > logFileMaxBytes) {
        await rename(path, this.#path(formerName));
        this.#bytes = 0;
      }
      await appendFile(path, text, { mode: 0o600 });
      this.#bytes += Buffer.byteLength(text);
      this.#lost = 0;
    } catch {
      this.#lost += lines.length;
      this.#bytes = undefined;
    }
  }
}
