/**
 * `<stateDir>/pairing.json`, mode 0600: where the procedure stands, and what of this unit it began with. `<stateDir>/backups`:
 * what the other unit's configuration was. Nothing that the other unit is signed in to by is ever here.
 */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";
import type { SharedContent, UnitContent, UnitDocument } from "../state/document.ts";
import type { ProcedureState } from "./procedure.ts";

/** Backups of other units beyond this many are removed, oldest first. */
export const partnerBackupsMax = 5;

/** What of this unit's document makes it single or one of a pair. */
export type Membership = {
  readonly ha: SharedContent["ha"];
  readonly sharedAddresses: SharedContent["sharedAddresses"];
  readonly sharedAddresses6?: NonNullable<SharedContent["sharedAddresses6"]>;
} & Pick<UnitContent, "hamode" | "partners" | "partnerKey" | "holdsShared">;

export type Job = ProcedureState & {
  /** Before the procedure began; a procedure that goes on keeps what the first one found. */
  readonly before: Membership;
  readonly backups: readonly string[];
};

export class JobStore {
  readonly #directory: string;

  constructor(stateDir: string) {
    this.#directory = stateDir;
  }

  /** The last one; undefined when there was none, or none that can be read. */
  async load(): Promise<Job | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#directory, "pairing.json"), "utf8")) as Job;
    } catch {
      return undefined;
    }
  }

  save(job: Job): Promise<void> {
    return writeFileAtomically(
      join(this.#directory, "pairing.json"),
      `${JSON.stringify(job, null, 2)}\n`,
      0o600,
    );
  }

  /** Keeps the other unit's backup; the name of the file. */
  async keepPartnerBackup(serial: string, bytes: Uint8Array, at: Date): Promise<string> {
    const directory = join(this.#directory, "backups");
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const name = `${at.toISOString().replaceAll(":", "-")}-${serial.replaceAll(/\W/g, "").slice(0, 64)}.backup`;
    await writeFileAtomically(join(directory, name), bytes, 0o600);
    const kept = (await readdir(directory)).filter((each) => each.endsWith(".backup")).sort();
    for (const old of kept.slice(0, -partnerBackupsMax)) await rm(join(directory, old), { force: true });
    return `backups/${name}`;
  }

  /** What this unit was before it joined a pair, for the case that the procedure fails. */
  keepBeforeJoining(document: UnitDocument): Promise<void> {
    return writeFileAtomically(
      join(this.#directory, "before-joining.json"),
      `${JSON.stringify(document)}\n`,
      0o600,
    );
  }

  async beforeJoining(): Promise<UnitDocument | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#directory, "before-joining.json"), "utf8")) as UnitDocument;
    } catch {
      return undefined;
    }
  }

  forgetBeforeJoining(): Promise<void> {
    return rm(join(this.#directory, "before-joining.json"), { force: true });
  }
}
