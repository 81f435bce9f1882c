/**
 * Central's own licence on this unit: the trial of the first start, the import of another, whom it trusts as an issuer,
 * what it tells when the end is near, and the settings that a pair compares (SPEC ML1). The rules are in
 * `@tandem/licensing/central-licence`; this gives them files, a clock and signatures.
 */
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { hour, type WallMillis } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import {
  CentralLicence,
  type CentralLicenceState,
  clockAlarm,
  foreignFault,
  importedAt,
  importFault,
  isOwnTrial,
  judgedAt,
  type LicensingSettings,
  licenceFault,
  licensingSettings,
  noticeDue,
  noticeWords,
  stateOfLicence,
  trialOf,
} from "@tandem/licensing/central-licence";
import { licenceDocument } from "@tandem/licensing/wire";
import { keyIdOf, type PublicKeyText, publicKeyFrom, type SigningKey } from "@tandem/signed-documents/keys";
import { readDocument, signDocument } from "@tandem/signed-documents/signed-document";
import type { NotedEvent } from "../ha/timeline.ts";
import { type Issuer, LicenceFiles, type Seen } from "./licence-files.ts";
import { licensingKeyMadeAt, loadOrCreateLicensingKey } from "./licensing-key.ts";

export type OwnLicenceOptions = {
  readonly stateDir: string;
  readonly unit: string;
  /** This unit's name: who holds the trial. */
  readonly name: string;
  readonly world: World;
  /** For the timeline, the audit and notifications; called after `start` alone. */
  readonly note: (event: NotedEvent) => void;
};

/** A licence that would leave this unit less than it has issued is refused, with how to mend it; null: it may come. */
export type ImportGuard = (next: CentralLicence) => FieldError | null;

export type ImportBy = { readonly author: string; readonly replaceNewer?: boolean };

const lookIntervalMs = 1 * hour;
export const issuersMax = 16;

/** What stands in the licence file, with its signature judged. */
type Kept =
  | { readonly licence: CentralLicence; readonly key: PublicKeyText }
  | { readonly licence: CentralLicence | null; readonly fault: "none" | "invalid"; readonly message: string };

export class OwnLicence {
  /** Central's licensing key: it signs grants and answers to checks. */
  readonly key: SigningKey;
  readonly #options: OwnLicenceOptions;
  readonly #files: LicenceFiles;
  readonly #listeners = new Set<() => void>();
  #kept: Kept;
  #text: string | undefined;
  #issuers: readonly Issuer[];
  #seen: Seen;
  #lastState: string;
  #lastAlarm: string | null = null;
  #cancel: Cancel = () => {};
  #isStarted = false;
  #keepsSeenSoon = false;
  /** Imports and changes of issuers are made one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * What is kept in `stateDir`; at the first start the key is made and the trial begins. Rejects when what is kept there
   * cannot be understood; a licence that is damaged is no such case: it is `invalid`.
   */
  static async open(options: OwnLicenceOptions): Promise<OwnLicence> {
    const { stateDir, unit, name, world } = options;
    const key = await loadOrCreateLicensingKey(stateDir);
    const files = new LicenceFiles(stateDir);
    const issuers = await files.issuers();
    const keyId = keyIdOf(key.publicKey);
    const stored = await files.seen();
    const trialBegan = stored?.trialBegan ?? Math.min(world.wall(), await licensingKeyMadeAt(stateDir));
    const seen: Seen = {
      greatestWall: Math.max(world.wall(), stored?.greatestWall ?? trialBegan),
      trialBegan,
      imported: stored?.imported ?? null,
      newestIssuedAt: stored?.newestIssuedAt ?? null,
      told: stored?.told ?? { licence: keyId, days: [] },
    };
    let text = await files.licence();
    // What cannot be written now is made again at the next start, and is the same then.
    if (text === undefined && seen.imported === null) {
      text = await signDocument(
        licenceDocument.centralLicence,
        trialOf(keyId, unit, name.slice(0, 128), trialBegan),
        key,
      );
      await files.keepLicence(text).catch(() => {});
    }
    const own = new OwnLicence(options, files, key, issuers, seen);
    await own.#keepSeen();
    await own.#read(text);
    own.#lastState = own.current().state;
    return own;
  }

  private constructor(
    options: OwnLicenceOptions,
    files: LicenceFiles,
    key: SigningKey,
    issuers: readonly Issuer[],
    seen: Seen,
  ) {
    this.#options = options;
    this.#files = files;
    this.key = key;
    this.#issuers = issuers;
    this.#seen = seen;
    this.#kept = { licence: null, fault: "none", message: "" };
    this.#lastState = "none";
  }

  /** From now on notices and alarms are told; not before, since whom to tell is not known earlier. */
  start(): void {
    this.#isStarted = true;
    this.#look();
  }

  /** Resolves when what was begun is on disk. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#cancel();
    await this.#last;
  }

  /** Judged by the greatest wall time ever seen. */
  current(): CentralLicenceState {
    const kept = this.#kept;
    if ("fault" in kept) return { state: kept.fault, licence: kept.licence, message: kept.message };
    return stateOfLicence(kept.licence, this.#judgedAt());
  }

  /** ML1: what is licensed, whether it has expired or not; of what is invalid, nothing. */
  flags(): LicensingSettings {
    return licensingSettings("fault" in this.#kept ? null : this.#kept.licence);
  }

  /** The signed text in the licence file; null: there is none. */
  get text(): string | null {
    return this.#text ?? null;
  }

  /** Who signed the licence; null: nobody, or nobody that is trusted here. */
  get signedBy(): PublicKeyText | null {
    return "fault" in this.#kept ? null : this.#kept.key;
  }

  get issuers(): readonly Issuer[] {
    return this.#issuers;
  }

  /** For people. */
  issuerName(key: PublicKeyText): string {
    if (key === this.key.publicKey) return "this unit (trial)";
    return this.#issuers.find((issuer) => issuer.key === key)?.name ?? keyIdOf(key);
  }

  /** What is wrong with this unit's clock as far as licences can tell; null: nothing. */
  alarm(): string | null {
    const { world } = this.#options;
    return clockAlarm(this.#kept.licence, world.wall(), this.#seen.greatestWall);
  }

  /** Called after the licence, its state or the issuers changed. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes another licence; the former one is kept as `licence.jws.before`. The text of the present one changes nothing.
   * Errors change nothing either: they say whether it is cut short, forged, of another kind, signed by somebody who is
   * not trusted, for other units, ended, older than the present one, or refused by `guard`.
   */
  import(text: string, guard: ImportGuard, by: ImportBy): Promise<Result<CentralLicence, FieldError>> {
    return this.#inTurn(() => this.#import(text.trim(), guard, by));
  }

  async #import(
    text: string,
    guard: ImportGuard,
    { author, replaceNewer = false }: ImportBy,
  ): Promise<Result<CentralLicence, FieldError>> {
    const { unit, world } = this.#options;
    const read = await readLicence(text, this.#trusted(), this.key.publicKey);
    if (!read.ok) return read;
    const { licence, key } = read.value;
    const importing = {
      unit,
      now: world.wall(),
      greatestSeen: this.#seen.greatestWall,
      present: this.#kept.licence,
      newestIssuedAt: this.#seen.newestIssuedAt,
      replaceNewer,
    };
    const fault = importFault(licence, importing) ?? guard(licence);
    if (fault !== undefined && fault !== null) return err(fault);
    if (text === this.#text) return ok(licence);
    await this.#files.keepLicence(text);
    const { told, newestIssuedAt } = this.#seen;
    const isOwn = key === this.key.publicKey;
    this.#text = text;
    this.#kept = { licence, key };
    this.#seen = {
      ...this.#seen,
      greatestWall: isOwn ? importing.greatestSeen : importedAt(licence, importing),
      imported: isOwn ? null : licence.id,
      newestIssuedAt: isOwn ? newestIssuedAt : Math.max(licence.issuedAt, newestIssuedAt ?? 0),
      told: told.licence === licence.id ? told : { licence: licence.id, days: [] },
    };
    await this.#keepSeen();
    this.#note({ severity: "info", code: "licence-imported", message: importedWords(licence, author) });
    this.#look();
    this.#changed();
    return ok(licence);
  }

  /** Licences that this key signed are taken from now on. */
  trust(issuer: Pick<Issuer, "key" | "name">, author: string): Promise<Result<Issuer, FieldError>> {
    return this.#inTurn(() => this.#trust(issuer, author));
  }

  async #trust(
    { key, name }: Pick<Issuer, "key" | "name">,
    author: string,
  ): Promise<Result<Issuer, FieldError>> {
    if (!isPublicKey(key))
      return err({
        code: "key-malformed",
        field: "key",
        value: key,
        message: "this is no Ed25519 public key",
        remedy: "give the 43 characters that tandem license keygen printed",
      });
    const known = this.#issuers.find((issuer) => issuer.key === key);
    if (known !== undefined) return ok(known);
    if (this.#issuers.length >= issuersMax)
      return err({
        code: "issuers-too-many",
        field: "key",
        value: key,
        message: `${issuersMax} issuers are trusted already`,
        remedy: "remove one that issues nothing any more",
      });
    const issuer = { key, name, trustedAt: this.#options.world.wall() };
    await this.#keepIssuers([...this.#issuers, issuer]);
    this.#note({
      severity: "warning",
      code: "licence-issuer-trusted",
      message: `${author} let this unit trust the licence issuer ${keyIdOf(key)} (${name})`,
    });
    return ok(issuer);
  }

  /** Licences of this issuer hold no more, the present one included. `id` is the key's. */
  distrust(id: string, author: string): Promise<Result<Issuer, FieldError>> {
    return this.#inTurn(async () => {
      const issuer = this.#issuers.find(({ key }) => keyIdOf(key) === id);
      if (issuer === undefined)
        return err({
          code: "issuer-unknown",
          field: "id",
          value: id,
          message: `no issuer ${id} is trusted here`,
          remedy: "read the list of issuers",
        });
      await this.#keepIssuers(this.#issuers.filter((each) => each !== issuer));
      this.#note({
        severity: "warning",
        code: "licence-issuer-removed",
        message: `${author} ended this unit's trust in the licence issuer ${id} (${issuer.name})`,
      });
      return ok(issuer);
    });
  }

  async #keepIssuers(issuers: readonly Issuer[]): Promise<void> {
    await this.#files.keepIssuers(issuers);
    this.#issuers = issuers;
    await this.#read(this.#text);
    this.#changed();
  }

  #trusted(): readonly PublicKeyText[] {
    return this.#issuers.map(({ key }) => key);
  }

  #judgedAt(): WallMillis {
    return judgedAt(this.#options.world.wall(), this.#seen.greatestWall);
  }

  async #read(text: string | undefined): Promise<void> {
    this.#text = text;
    if (text === undefined) {
      this.#kept = {
        licence: null,
        fault: "none",
        message: `this Central has no licence any more: ${this.#files.licencePath} is gone; import the licence again, or put back licence.jws.before`,
      };
      return;
    }
    const read = await readLicence(text.trim(), this.#trusted(), this.key.publicKey);
    const fault = read.ok
      ? (licenceFault(read.value.licence) ?? foreignFault(read.value.licence, this.#options.unit))
      : read.error;
    if (read.ok && fault === undefined) this.#kept = read.value;
    else
      this.#kept = {
        licence: null,
        fault: "invalid",
        message: `Central's licence does not hold: ${fault?.message}; ${fault?.remedy}`,
      };
  }

  /** Each hour: whether the end is near, the state has changed, or the clock went back; and what the clock says is kept. */
  #look(): void {
    this.#cancel();
    if (!this.#isStarted) return;
    const { world } = this.#options;
    const wall = world.wall();
    const alarm = this.alarm();
    if (alarm !== null && this.#lastAlarm === null)
      this.#note({ severity: "warning", code: "licence-clock", message: alarm });
    this.#lastAlarm = alarm;
    const { licence } = this.#kept;
    let { told } = this.#seen;
    if (licence !== null) {
      if (told.licence !== licence.id) told = { licence: licence.id, days: [] };
      const now = this.#judgedAt();
      const notice = noticeDue(licence, told.days, now);
      if (notice !== null) {
        told = { ...told, days: [...told.days, notice] };
        this.#note({
          severity: notice === 0 ? "error" : "warning",
          code: notice === 0 ? "licence-ended" : "licence-ends",
          message: noticeWords(licence, now),
        });
      }
    }
    if (told !== this.#seen.told || wall > this.#seen.greatestWall) {
      this.#seen = { ...this.#seen, told, greatestWall: Math.max(wall, this.#seen.greatestWall) };
      this.#keepSeenInTurn();
    }
    const { state } = this.current();
    if (state !== this.#lastState) this.#changed();
    this.#cancel = world.after(lookIntervalMs, () => this.#look());
  }

  /** A disk that does not take it is told of by others, and keeps no licence from being used; it is tried again hourly. */
  async #keepSeen(): Promise<void> {
    await this.#files.keepSeen(this.#seen).catch(() => {});
  }

  #keepSeenInTurn(): void {
    if (this.#keepsSeenSoon) return;
    this.#keepsSeenSoon = true;
    this.#inTurn(() => {
      this.#keepsSeenSoon = false;
      return this.#keepSeen();
    });
  }

  #note(event: NotedEvent): void {
    if (this.#isStarted) this.#options.note(event);
  }

  #changed(): void {
    this.#lastState = this.current().state;
    for (const listener of this.#listeners) listener();
  }

  #inTurn<Value>(body: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(body);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Errors say what is wrong with the text or with who signed it. */
async function readLicence(
  text: string,
  trusted: readonly PublicKeyText[],
  own: PublicKeyText,
): Promise<Result<{ readonly licence: CentralLicence; readonly key: PublicKeyText }, FieldError>> {
  const wrong = (code: string, message: string, remedy: string): Result<never, FieldError> =>
    err({ code: `licence-${code}`, field: "licence", message, remedy });
  const read = await readDocument(text, {
    type: licenceDocument.centralLicence,
    schema: CentralLicence,
    keys: "any",
  });
  if (!read.ok) {
    const { code, message } = read.error;
    const remedy =
      code === "wrong-type"
        ? "give the licence of Central, as tandem license issue wrote it"
        : "send the whole file as it came from the issuer; if it is, ask the issuer for it again";
    return wrong(code, `this is no licence: ${message}`, remedy);
  }
  const { claims: licence, key } = read.value;
  const keyId = keyIdOf(key);
  if (key === own && isOwnTrial(licence, keyId)) return ok({ licence, key });
  if (key === own)
    return wrong(
      "own-key",
      "the licence is signed by this unit's own key, which may sign nothing but its trial",
      "give a licence of an issuer",
    );
  if (!trusted.includes(key))
    return wrong(
      "issuer-not-trusted",
      `the licence is signed by the issuer ${keyId}, whom this unit does not trust`,
      `if you know this issuer, trust its key first: tandem license trust ${key}`,
    );
  return ok({ licence, key });
}

function isPublicKey(key: string): boolean {
  try {
    publicKeyFrom(key);
    return Buffer.from(key, "base64url").toString("base64url") === key;
  } catch {
    return false;
  }
}

function importedWords(
  { id, holder, expiresAt, local, metered, pool }: CentralLicence,
  author: string,
): string {
  const terms = [
    ...(local === null ? [] : [`${local.allowance} local licence(s)`]),
    ...(metered === null ? [] : [`metered licensing, tier ${metered.tierGbps} Gbit/s`]),
    ...(pool === null ? [] : [`a pool of ${pool.capacityMbps} Mbit/s`]),
  ];
  return `${author} imported licence ${id} of ${holder}: ${terms.join(", ") || "nothing"}, until ${new Date(expiresAt).toISOString()}`;
}
