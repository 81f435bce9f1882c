/**
 * What this unit keeps of its own licence, outside the database and its backups: the licence and the one before, whom
 * it trusts as an issuer, and what it has seen (the greatest wall time, the beginning of the trial, the notices told).
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Static, type TSchema, Type } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { PublicKeyText } from "@tandem/licensing/wire";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";
import { StateUnreadable } from "../state-unreadable.ts";
import { licensingDirectory, textOf } from "./licensing-key.ts";

const wall = Type.Integer({ minimum: 0 });

/** Whose licences are taken here. */
export const Issuer = Type.Object({ key: PublicKeyText, name: Type.String(), trustedAt: wall });
export type Issuer = Static<typeof Issuer>;
const Issuers = Type.Array(Issuer);

const Seen = Type.Object({
  greatestWall: wall,
  trialBegan: wall,
  /** The id of the licence in the file; null: none was imported, and the trial is it. */
  imported: Type.Union([Type.String(), Type.Null()]),
  /** When the newest that was ever imported was issued; null: none was. */
  newestIssuedAt: Type.Union([wall, Type.Null()]),
  /** Notices of the licence with this id. */
  told: Type.Object({ licence: Type.String(), days: Type.Array(Type.Integer({ minimum: 0 })) }),
});
export type Seen = Static<typeof Seen>;

export class LicenceFiles {
  readonly #directory: string;

  constructor(stateDir: string) {
    this.#directory = licensingDirectory(stateDir);
  }

  get licencePath(): string {
    return this.#path("licence.jws");
  }

  /** Undefined: there is none. What stands in it is judged by whoever reads it. */
  licence(): Promise<string | undefined> {
    return textOf(this.licencePath);
  }

  /** The former one stays, as `licence.jws.before`. */
  async keepLicence(text: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const former = await this.licence();
    if (former !== undefined && former !== text)
      await writeFileAtomically(`${this.licencePath}.before`, former, 0o600);
    await writeFileAtomically(this.licencePath, text, 0o600);
  }

  async issuers(): Promise<readonly Issuer[]> {
    return (await this.#json("issuers.json", Issuers)) ?? [];
  }

  keepIssuers(issuers: readonly Issuer[]): Promise<void> {
    return this.#keep("issuers.json", issuers);
  }

  seen(): Promise<Seen | undefined> {
    return this.#json("seen.json", Seen);
  }

  keepSeen(seen: Seen): Promise<void> {
    return this.#keep("seen.json", seen);
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  #keep(name: string, value: unknown): Promise<void> {
    return writeFileAtomically(this.#path(name), `${JSON.stringify(value, null, 2)}\n`, 0o600);
  }

  /** Throws when it is there and cannot be understood: guessing whom to trust would be worse. */
  async #json<Schema extends TSchema>(name: string, schema: Schema): Promise<Static<Schema> | undefined> {
    const path = this.#path(name);
    const text = await textOf(path);
    if (text === undefined) return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new StateUnreadable(`${path} is not JSON; remove it to begin without it`);
    }
    const [fault] = schemaFaults(schema, value, { whole: "the file" });
    if (fault !== undefined)
      throw new StateUnreadable(
        `${path}: ${fault.message}; ${fault.remedy}, or remove it to begin without it`,
      );
    return value as Static<Schema>;
  }
}
