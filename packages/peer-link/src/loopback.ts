/** Identities and waiting, for tests on the loopback interface. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Identity, loadOrCreateIdentity } from "./identity.ts";

/** A directory of its own, removed after the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tandem-test-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export const temporaryIdentity = async (t: TestContext, commonName: string): Promise<Identity> =>
  loadOrCreateIdentity(join(await temporaryDirectory(t), "identity"), {
    commonName,
    addresses: ["127.0.0.1"],
  });

/** Waits until `condition` holds, and fails with `what` when it does not within `deadlineMs`. */
export async function eventually(what: string, condition: () => boolean, deadlineMs = 5_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
