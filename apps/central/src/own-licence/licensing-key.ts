/**
 * Central's licensing key: it signs grants and answers to checks, and the trial. Kept beside the database and outside
 * its backups, like the identity: LoadMasters pin it, and a restored backup must not make two units of one key.
 */
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { WallMillis } from "@tandem/base/time";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";
import { newSigningKeyPem, type SigningKey, signingKeyFrom } from "@tandem/signed-documents/keys";
import { StateUnreadable } from "../state-unreadable.ts";

/** Where everything about licences that is this unit's own is kept. */
export const licensingDirectory = (stateDir: string): string => join(stateDir, "licensing");
const keyPath = (stateDir: string): string => join(licensingDirectory(stateDir), "key.pem");

/** Throws when it is there and cannot be read: with another one, every LoadMaster would have to be licensed anew. */
export async function loadOrCreateLicensingKey(stateDir: string): Promise<SigningKey> {
  const path = keyPath(stateDir);
  await mkdir(licensingDirectory(stateDir), { recursive: true, mode: 0o700 });
  const kept = await textOf(path);
  const pem = kept ?? newSigningKeyPem();
  if (kept === undefined) await writeFileAtomically(path, pem, 0o600);
  try {
    return signingKeyFrom(pem);
  } catch {
    throw new StateUnreadable(
      `${path} holds no Ed25519 private key: put back the file that was there; with another key, every LoadMaster that this unit licensed must be licensed anew`,
    );
  }
}

/** When the key was made, as its file says: the trial is counted from it where nothing else is kept. */
export const licensingKeyMadeAt = async (stateDir: string): Promise<WallMillis> =>
  Math.floor((await stat(keyPath(stateDir))).mtimeMs);

/** Undefined when there is no such file. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
