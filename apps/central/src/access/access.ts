/**
 * Who may call this Central: its built-in administrator with a password, browsers with a session, programs with an
 * API key. All of it belongs to this unit alone (SPEC CH4).
 */
import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "@tandem/base/canonical-json";
import { equalBytes, sha256Hex } from "@tandem/base/digest";
import { minute, type WallMillis } from "@tandem/base/time";
import type { ApiKey, ApiKeyMade } from "@tandem/central-api/api-keys";
import { writeFileAtomicallySync } from "@tandem/peer-link/atomic-file";
import { Database } from "@tandem/storage/database";
import { DocumentStore, documentMigrations } from "@tandem/storage/document-store";
import { generatePassword, hashPassword, isPassword } from "./password.ts";
import { type Session, Sessions } from "./sessions.ts";
import { SignInThrottle } from "./sign-in-throttle.ts";

export const administrator = "admin";
export const apiKeysMax = 100;
const apiKeyPattern = /^tandem_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
/** Not every use of a key is worth a write to the disk. */
const lastUsedPrecisionMs = 1 * minute;

type StoredUser = { readonly passwordHash: string };
type StoredKey = {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly secretHash: string;
  readonly createdAt: WallMillis;
  readonly lastUsedAt: WallMillis | null;
};

/** Who makes a call. */
export type Caller = {
  readonly user: string;
  /** As it stands beside a change: the user, with the name of the key where one was used. */
  readonly author: string;
  /** Null when an API key was used. */
  readonly session: Session | null;
};

export type SignInOutcome =
  | { readonly kind: "signed-in"; readonly token: string; readonly session: Session }
  | { readonly kind: "refused" }
  | { readonly kind: "wait"; readonly waitMs: number };

const userDocument = (user: string): string => `user/${user}`;
const keyPrefix = "api-key/";
const iso = (at: WallMillis): string => new Date(at).toISOString();

export class Access {
  readonly #database: Database;
  readonly #documents: DocumentStore;
  readonly #firstPasswordPath: string;
  readonly #sessions = new Sessions();
  readonly #throttle = new SignInThrottle();
  readonly #now: () => WallMillis;
  /** Compared with when there is no such user, so that the time an answer takes does not tell. */
  #nobodysHash = "";

  /** What is kept in `stateDir`; the administrator and its first password are made when there is none. */
  static async open(stateDir: string, now: () => WallMillis = Date.now): Promise<Access> {
    const access = new Access(stateDir, now);
    access.#nobodysHash = await hashPassword(generatePassword());
    if (access.#user(administrator) === undefined) {
      const password = generatePassword();
      // First the file: a crash in between makes another password at the next start.
      writeFileAtomicallySync(access.#firstPasswordPath, `${password}\n`, 0o600);
      access.#keepUser(administrator, { passwordHash: await hashPassword(password) });
      access.#made = password;
    }
    return access;
  }

  private constructor(stateDir: string, now: () => WallMillis) {
    this.#now = now;
    this.#firstPasswordPath = join(stateDir, "first-password");
    this.#database = new Database(join(stateDir, "local.db"), documentMigrations);
    this.#documents = new DocumentStore(this.#database);
  }

  #made: string | undefined;

  /** The password made by this very start; undefined otherwise. Shown once, on a terminal. */
  get passwordJustMade(): string | undefined {
    return this.#made;
  }

  /** The file that holds the first password; undefined once it has been used. */
  get firstPasswordFile(): string | undefined {
    return existsSync(this.#firstPasswordPath) ? this.#firstPasswordPath : undefined;
  }

  close(): void {
    this.#database.close();
  }

  /** Throws `TooManySignIns`. */
  async signIn(user: string, password: string, address: string): Promise<SignInOutcome> {
    const wait = this.#throttle.waitMs(address, this.#now());
    if (wait > 0) return { kind: "wait", waitMs: wait };
    if (!(await this.#verify(user, password, address))) return { kind: "refused" };
    // It has served: from now on nobody can read it off the disk.
    rmSync(this.#firstPasswordPath, { force: true });
    this.#made = undefined;
    return { kind: "signed-in", ...this.#sessions.open(user, this.#now()) };
  }

  /** Ends the user's other sessions. Throws `TooManySignIns`. */
  async changePassword(
    caller: Caller,
    currentPassword: string,
    newPassword: string,
    address: string,
  ): Promise<{ readonly kind: "changed" } | Exclude<SignInOutcome, { kind: "signed-in" }>> {
    const wait = this.#throttle.waitMs(address, this.#now());
    if (wait > 0) return { kind: "wait", waitMs: wait };
    if (!(await this.#verify(caller.user, currentPassword, address))) return { kind: "refused" };
    this.#keepUser(caller.user, { passwordHash: await hashPassword(newPassword) });
    rmSync(this.#firstPasswordPath, { force: true });
    this.#sessions.closeAllOf(caller.user, caller.session?.id);
    return { kind: "changed" };
  }

  async #verify(user: string, password: string, address: string): Promise<boolean> {
    this.#throttle.failed(address, this.#now());
    const stored = this.#user(user);
    const isRight = await isPassword(stored?.passwordHash ?? this.#nobodysHash, password);
    if (!isRight || stored === undefined) return false;
    this.#throttle.succeeded(address);
    return true;
  }

  signOut(session: Session): void {
    this.#sessions.close(session.id);
  }

  /** Whose session a cookie is. */
  bySession(token: string): Caller | undefined {
    const session = this.#sessions.use(token, this.#now());
    return session && { user: session.user, author: session.user, session };
  }

  /** Whose API key it is. */
  byApiKey(text: string): Caller | undefined {
    const match = apiKeyPattern.exec(text);
    const key = match && this.#key(match[1] as string);
    if (!key) return undefined;
    const given = Buffer.from(sha256Hex(text), "hex");
    if (!equalBytes(given, Buffer.from(key.secretHash, "hex"))) return undefined;
    const now = this.#now();
    if (key.lastUsedAt === null || now - key.lastUsedAt >= lastUsedPrecisionMs)
      this.#keepKey({ ...key, lastUsedAt: now });
    return { user: key.user, author: `${key.user} (API key ${key.name})`, session: null };
  }

  /** Undefined when there are {@link apiKeysMax} already. The key's text is kept nowhere. */
  makeApiKey(caller: Caller, name: string): ApiKeyMade | undefined {
    if (this.apiKeys().length >= apiKeysMax) return undefined;
    const id = randomBytes(8).toString("hex");
    const key = `tandem_${id}_${randomBytes(32).toString("base64url")}`;
    const createdAt = this.#now();
    this.#keepKey({ id, name, user: caller.user, secretHash: sha256Hex(key), createdAt, lastUsedAt: null });
    return { id, name, createdAt: iso(createdAt), key };
  }

  /** The newest first. */
  apiKeys(): readonly ApiKey[] {
    return this.#documents
      .list(keyPrefix)
      .map(({ value }) => value as unknown as StoredKey)
      .sort((a, b) => b.createdAt - a.createdAt)
      .map(({ id, name, createdAt, lastUsedAt }) => ({
        id,
        name,
        createdAt: iso(createdAt),
        lastUsedAt: lastUsedAt === null ? null : iso(lastUsedAt),
      }));
  }

  /** False when there is no such key. */
  removeApiKey(id: string): boolean {
    if (this.#key(id) === undefined) return false;
    this.#documents.set(`${keyPrefix}${id}`, null);
    return true;
  }

  #user(user: string): StoredUser | undefined {
    return this.#documents.get(userDocument(user)) as unknown as StoredUser | undefined;
  }

  #keepUser(user: string, stored: StoredUser): void {
    this.#documents.set(userDocument(user), stored as unknown as Json);
  }

  #key(id: string): StoredKey | undefined {
    return this.#documents.get(`${keyPrefix}${id}`) as unknown as StoredKey | undefined;
  }

  #keepKey(key: StoredKey): void {
    this.#documents.set(`${keyPrefix}${key.id}`, key as unknown as Json);
  }
}
