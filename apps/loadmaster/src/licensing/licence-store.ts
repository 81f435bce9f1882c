/**
 * `<stateDir>/licensing`, mode 0700: `key.pem`, the licensing key that this unit is known by, and `licence.json`, its
 * licence, both mode 0600 and replaced whole. They belong to the unit alone: neither the pair's document nor a backup holds
 * them, so that what is restored here never makes two units of one key. What cannot be read is put aside.
 */
import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { firstFault } from "@tandem/base/check";
import { Type } from "@tandem/base/schema";
import type { WallMillis } from "@tandem/base/time";
import { type KeptLicence, neverLicensed } from "@tandem/licensing/unit-licence";
import { LicenceGrant, LicensingCentral, requestNumberMax } from "@tandem/licensing/wire";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";
import { newSigningKeyPem, type SigningKey, signingKeyFrom } from "@tandem/signed-documents/keys";
import { documentMaxCharacters } from "@tandem/signed-documents/signed-document";

const wall = Type.Number({ minimum: 0 });
const heldLicence = Type.Object({
  grant: LicenceGrant,
  text: Type.String({ maxLength: documentMaxCharacters }),
  centrals: Type.Array(LicensingCentral, { minItems: 1, maxItems: 2 }),
  heldAt: wall,
});
const unconfirmed = {
  licence: heldLicence,
  since: wall,
  reason: Type.String(),
};

const LicenceFileSchema = Type.Object({
  licence: Type.Object({
    stand: Type.Union([
      Type.Object({ kind: Type.Literal("unlicensed") }),
      Type.Object({ kind: Type.Literal("licensed"), licence: heldLicence }),
      Type.Object({ kind: Type.Literal("grace"), ...unconfirmed }),
      Type.Object({ kind: Type.Literal("over"), ...unconfirmed }),
    ]),
    number: Type.Integer({ minimum: 0, maximum: requestNumberMax }),
    attempt: Type.Union([
      Type.Object({
        number: Type.Integer({ minimum: 1, maximum: requestNumberMax }),
        type: Type.String(),
        central: Type.Object({
          address: Type.String(),
          port: Type.Integer(),
          certificateFingerprint: Type.String(),
        }),
      }),
      Type.Null(),
    ]),
    clock: wall,
  }),
  /** What the Central signs in by; null: there is no such account. */
  managementPassword: Type.Union([Type.String({ minLength: 16 }), Type.Null()]),
});

export type LicenceFile = {
  readonly licence: KeptLicence;
  readonly managementPassword: string | null;
};

export type LoadedLicence = LicenceFile & {
  readonly key: SigningKey;
  /** Why what was on disk is not in it, and where it is now. */
  readonly lost: readonly { readonly reason: string; readonly file: string }[];
};

export class LicenceStore {
  readonly #directory: string;

  constructor(stateDir: string) {
    this.#directory = join(stateDir, "licensing");
  }

  get #keyPath(): string {
    return join(this.#directory, "key.pem");
  }

  get #licencePath(): string {
    return join(this.#directory, "licence.json");
  }

  /** Makes the key at the first start. */
  async load(now: WallMillis): Promise<LoadedLicence> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const lost: { reason: string; file: string }[] = [];
    const aside = async (path: string, error: Error): Promise<void> => {
      const file = `${path}.unreadable-${new Date(now).toISOString().replaceAll(":", "-")}`;
      await rename(path, file).catch(() => {});
      lost.push({ reason: error.message, file });
    };
    const key = await readIfPresent(this.#keyPath, signingKeyFrom).catch((error: Error) =>
      aside(this.#keyPath, error),
    );
    const file = await readIfPresent(this.#licencePath, licenceFileFrom).catch((error: Error) =>
      aside(this.#licencePath, error),
    );
    return {
      licence: neverLicensed(now),
      managementPassword: null,
      ...file,
      key: key ?? (await this.#makeKey()),
      lost,
    };
  }

  async #makeKey(): Promise<SigningKey> {
    const pem = newSigningKeyPem();
    await writeFileAtomically(this.#keyPath, pem, 0o600);
    return signingKeyFrom(pem);
  }

  /** On disk when it resolves. */
  save(file: LicenceFile): Promise<void> {
    return writeFileAtomically(this.#licencePath, `${JSON.stringify(file)}\n`, 0o600);
  }
}

/** Undefined when it is not there; rejects when it cannot be read. */
async function readIfPresent<Value>(path: string, read: (text: string) => Value): Promise<Value | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return read(text);
}

function licenceFileFrom(text: string): LicenceFile {
  const file: unknown = JSON.parse(text);
  const fault = firstFault(LicenceFileSchema, file);
  if (fault !== undefined) throw new Error(fault);
  return file as LicenceFile;
}
