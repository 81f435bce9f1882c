/**
 * A Central that outlives its disk's troubles. When its state can no longer be written the unit lets go of its peer, which
 * takes over; then the process stays up, answers every call with 503, the cause and the remedy, and tries from
 * time to time to open its state again. Whatever is not the disk's fault ends the process, as before. A Central whose
 * state was replaced by a backup is started anew in the same way.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { second } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import { apiPrefix } from "@tandem/central-api/routes";
import { type Identity, loadOrCreateIdentity } from "@tandem/peer-link/identity";
import { type DiskTrouble, diskTroubleOf } from "@tandem/storage/disk-trouble";
import type { FastifyInstance } from "fastify";
import { makeServer } from "./api/server.ts";
import { addressesOf, Central, type CentralOptions } from "./central.ts";
import type { CentralConfiguration } from "./configuration.ts";
import { Refusal } from "./refusal.ts";

export type ResumingOptions = CentralOptions & {
  readonly world: World;
  /** Central serves: at the start, and each time it has come back. */
  readonly onServing: (central: Central) => void;
  /** The disk failed, first or again; the next try is in so long. */
  readonly onTrouble: (trouble: DiskTrouble, againInMs: number) => void;
};

const retryFirstMs = 5 * second;
const retryMaxMs = 60 * second;
/** What must fit on the disk before the state is opened again: more than one commit needs. */
const probeBytes = 256 * 1024;

export class ResumingCentral {
  readonly #configuration: CentralConfiguration;
  readonly #options: ResumingOptions;
  #central: Central | undefined;
  #server: FastifyInstance | undefined;
  #cancelRetry: Cancel = () => {};
  #retryMs = retryFirstMs;
  #since: number | undefined;
  #isStopped = false;

  /** Rejects for what is not the disk's trouble; otherwise it goes on trying by itself. */
  static async start(
    configuration: CentralConfiguration,
    options: ResumingOptions,
  ): Promise<ResumingCentral> {
    const resuming = new ResumingCentral(configuration, options);
    await resuming.#open();
    return resuming;
  }

  private constructor(configuration: CentralConfiguration, options: ResumingOptions) {
    this.#configuration = configuration;
    this.#options = options;
  }

  /** Undefined while the disk keeps it from serving. */
  get central(): Central | undefined {
    return this.#central;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    await this.#server?.close();
    await this.#central?.stop();
  }

  async #open(cause?: string): Promise<void> {
    let central: Central | undefined;
    let failed: Error | undefined;
    const onFatal = (error: Error): void => {
      failed = error;
      // Before the start has come to its end, that end is waited for.
      if (central !== undefined) void this.#failed(central, error);
    };
    try {
      const onReplaced = (): void => {
        // Only a Central that serves is asked to restore a backup.
        if (central !== undefined) void this.#replaced(central);
      };
      const started = await Central.start(this.#configuration, { ...this.#options, onFatal, onReplaced });
      if (failed !== undefined) {
        await this.#failed(started, failed);
        return;
      }
      central = started;
    } catch (error) {
      const trouble = diskTroubleOf(error);
      if (trouble === null) throw error;
      await this.#hold(trouble);
      return;
    }
    this.#central = central;
    if (cause !== undefined && this.#since !== undefined) {
      const heldMs = this.#options.world.now() - this.#since;
      central.pair.report({ code: "disk-back", cause, heldSeconds: Math.round(heldMs / second) });
    }
    this.#since = undefined;
    this.#retryMs = retryFirstMs;
    this.#options.onServing(central);
  }

  /** A backup took the place of its state (SPEC ML5). The call that did it is answered before the server closes. */
  async #replaced(central: Central): Promise<void> {
    this.#central = undefined;
    try {
      await central.stop();
      if (!this.#isStopped) await this.#open();
    } catch (error) {
      this.#options.onFatal(error as Error);
    }
  }

  async #failed(central: Central, error: Error): Promise<void> {
    this.#central = undefined;
    const trouble = diskTroubleOf(error);
    if (trouble === null) {
      this.#options.onFatal(error);
      return;
    }
    // The pair has let go already; what else fails to close has nothing more to lose.
    await central.stop().catch(() => undefined);
    if (!this.#isStopped) await this.#hold(trouble);
  }

  async #hold(trouble: DiskTrouble): Promise<void> {
    const { world, onTrouble } = this.#options;
    this.#since ??= world.now();
    const againInMs = this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, retryMaxMs);
    onTrouble(trouble, againInMs);
    await this.#explain(trouble);
    this.#cancelRetry = world.after(againInMs, () => void this.#retry(trouble));
  }

  async #retry(trouble: DiskTrouble): Promise<void> {
    const still = this.#probe();
    try {
      if (still !== null) {
        await this.#hold(still);
        return;
      }
      await this.#server?.close();
      this.#server = undefined;
      if (!this.#isStopped) await this.#open(trouble.cause);
    } catch (error) {
      this.#options.onFatal(error as Error);
    }
  }

  /** Whether the disk takes writes, tried on a file of no importance. */
  #probe(): DiskTrouble | null {
    const path = join(this.#configuration.stateDir, "disk-probe");
    try {
      const file = openSync(path, "w", 0o600);
      try {
        writeSync(file, Buffer.alloc(probeBytes));
        fsyncSync(file);
      } finally {
        closeSync(file);
        rmSync(path, { force: true });
      }
      return null;
    } catch (error) {
      const trouble = diskTroubleOf(error);
      if (trouble === null) throw error;
      return trouble;
    }
  }

  /** Serves the web pages, and 503 for every call of the API. */
  async #explain(trouble: DiskTrouble): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
    const identity = await this.#identity();
    if (identity === undefined || this.#isStopped) return;
    const { listen } = this.#configuration;
    const server = await makeServer(
      {
        identity,
        sessionCookie: "tandem_session",
        onDenied: () => {},
        onFault: this.#options.onFault ?? (() => {}),
        ...(this.#options.webPages === undefined ? {} : { webPages: this.#options.webPages }),
      },
      (scope) => {
        const { code, cause, remedy } = trouble;
        scope.all(`${apiPrefix}/*`, { schema: { hide: true } }, () => {
          throw new Refusal(503, {
            code,
            field: "",
            message: `${cause}; this unit has let go of its peer, and stands still until it can write again`,
            remedy: `${remedy}; it then goes on by itself`,
          });
        });
      },
    );
    await server.listen({ host: listen.address, port: listen.port });
    this.#server = server;
  }

  /** Undefined when there is none yet: a disk that was full from the beginning. */
  async #identity(): Promise<Identity | undefined> {
    try {
      const { stateDir, name, listen } = this.#configuration;
      return await loadOrCreateIdentity(join(stateDir, "identity"), {
        commonName: name,
        addresses: addressesOf(listen),
      });
    } catch (error) {
      if (diskTroubleOf(error) === null) throw error;
      return undefined;
    }
  }
}
