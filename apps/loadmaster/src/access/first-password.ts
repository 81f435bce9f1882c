/** `<stateDir>/first-password`, mode 0600: written at the first start, gone after the first call that used it. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";

const pathIn = (stateDir: string): string => join(stateDir, "first-password");

export async function writeFirstPassword(stateDir: string, password: string): Promise<string> {
  const path = pathIn(stateDir);
  await writeFileAtomically(path, `${password}\n`, 0o600);
  return path;
}

/** True while the file is there, that is until it has been used. */
export async function firstPasswordWaits(stateDir: string): Promise<boolean> {
  return readFile(pathIn(stateDir)).then(
    () => true,
    () => false,
  );
}

export const removeFirstPassword = (stateDir: string): Promise<void> => rm(pathIn(stateDir), { force: true });
