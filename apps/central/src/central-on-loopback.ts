/** Whole Centrals on loopback, each in its own folder, with real HTTPS; for tests. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { FieldError } from "@tandem/base/result";
import { ApiError } from "@tandem/central-api/call";
import { CentralClient } from "@tandem/central-api/client";
import { administrator } from "./access/access.ts";
import { Central, type CentralOptions } from "./central.ts";
import type { CentralConfiguration, ListenAddress } from "./configuration.ts";
import { realWorld } from "./real-world.ts";
import { ResumingCentral } from "./resuming-central.ts";

export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

export type LoopbackCentral = {
  central: Central;
  readonly stateDir: string;
  readonly firstPassword: string;
  /** Signed in as the administrator. */
  client: CentralClient;
  readonly server: { readonly host: string; readonly port: number };
  /** Where the peer link listens. */
  readonly peerLink: ListenAddress;
  /** Stops it and starts it again on the same state and ports; the client has to sign in anew. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Any call, also one that no typed client would make. */
  raw(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<RawAnswer>;
};

const freePort = (address: string): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, address, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export async function startCentral(
  t: TestContext,
  name: string,
  address: string,
  options: {
    readonly pollIntervalMs?: number;
    readonly statisticsSlotMs?: number;
    readonly meteringSlotMs?: number;
    readonly webPages?: string;
    readonly keepFirstPassword?: true;
    /** A free one by default. */
    readonly syslogPort?: number;
    /** As its process does, so that it starts anew by itself. */
    readonly resuming?: true;
  } = {},
): Promise<LoopbackCentral> {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-central-test-"));
  let running: Pick<Central, "stop"> | undefined;
  t.after(async () => {
    await running?.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });
  const syslogPort = options.syslogPort ?? 0;
  const start = async (port: number, peerPort: number): Promise<Central> => {
    const configuration = {
      name,
      stateDir,
      listen: { address, port },
      peerLink: { address, port: peerPort },
      syslog: { address, port: syslogPort, retentionDays: 90, announcedAddress: null },
      metering: { slotSeconds: 300 },
    };
    const all = {
      onFatal: (error: Error) => assert.fail(error),
      onFault: (error: Error) => assert.fail(error),
      contactTimeoutMs: 2_000,
      ...options,
    };
    if (options.resuming) return startResuming(configuration, all);
    const central = await Central.start(configuration, all);
    running = central;
    return central;
  };
  const startResuming = async (
    configuration: CentralConfiguration,
    all: CentralOptions,
  ): Promise<Central> => {
    let serving: Central | undefined;
    running = await ResumingCentral.start(configuration, {
      ...all,
      world: realWorld,
      onServing: (central) => {
        serving = central;
        if (here !== undefined) here.central = central;
      },
      onTrouble: ({ cause }) => assert.fail(cause),
    });
    return serving ?? assert.fail("it does not serve");
  };
  let here: LoopbackCentral | undefined;
  // What starts anew by itself does so on the ports of its configuration.
  const ports = options.resuming
    ? ([await freePort(address), await freePort(address)] as const)
    : ([0, 0] as const);
  const central = await start(...ports);
  const server = { host: address, port: central.listening.port };
  const peerLink = { address, port: central.pair.listening.port };
  const { fingerprint } = central.pair.identity;
  const firstPassword = readFileSync(join(stateDir, "first-password"), "utf8").trim();
  const connect = (): CentralClient => {
    const client = new CentralClient({ ...server, fingerprint });
    t.after(() => client.close());
    return client;
  };
  const self: LoopbackCentral = {
    central,
    stateDir,
    firstPassword,
    client: connect(),
    server,
    peerLink,
    restart: async () => {
      await self.stop();
      self.central = await start(server.port, peerLink.port);
      self.client = connect();
    },
    stop: async () => {
      await running?.stop();
      running = undefined;
    },
    raw: (method, path, headers = {}, body = undefined) =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          { ...server, method, path, headers: { ...headers }, rejectUnauthorized: false, agent: false },
          (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (part: string) => {
              text += part;
            });
            response.on("end", () =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
            );
          },
        );
        outgoing.once("error", reject);
        outgoing.end(body);
      }),
  };
  here = self;
  if (!options.keepFirstPassword) await self.client.signIn(administrator, firstPassword);
  return self;
}

/** The errors that a call is answered with, and its status; fails when it succeeds. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ readonly status: number; readonly errors: readonly FieldError[] }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ApiError) return { status: error.status, errors: error.errors };
    throw error;
  }
  return assert.fail("the call was expected to be refused");
}

/** `status field code` of each error: what most tests look at. Every error must say what to do. */
export async function refused(call: Promise<unknown>): Promise<readonly string[]> {
  const { status, errors } = await refusalOf(call);
  for (const error of errors)
    assert.ok(error.message && error.remedy, `no remedy in ${JSON.stringify(error)}`);
  return errors.map(({ field, code }) => `${status} ${field} ${code}`);
}

export async function eventually<Value>(
  what: string,
  look: () => Value | undefined | false | Promise<Value | undefined | false>,
  deadlineMs = 15_000,
): Promise<Value> {
  const begun = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - begun > deadlineMs) assert.fail(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
