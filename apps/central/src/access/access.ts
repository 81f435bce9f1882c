/**
 * Who may call this Central: its built-in administrator with a password, browsers with a session, programs with an
 * API key. All of it belongs to this unit alone, but for API keys while their switch is on (SPEC CH4).
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { assert } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import type { WallMillis } from "@tandem/base/time";
import { writeFileAtomicallySync } from "@tandem/peer-link/atomic-file";
import { Database } from "@tandem/storage/database";
import { DocumentStore, documentMigrations } from "@tandem/storage/document-store";
import { type Session, Sessions } from "@tandem/web-serving/sessions";
import type { OptionalRows } from "../synchronisation/optional-rows.ts";
import { ApiKeys } from "./api-keys.ts";
import { generatePassword, hashPassword, isPassword } from "./password.ts";
import { SignInThrottle } from "./sign-in-throttle.ts";

export const administrator = "admin";
type StoredUser = { readonly passwordHash: string };

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
  #keys: ApiKeys | undefined;

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

  /** Where API keys are kept; until this has been called there are none. */
  async useKeys(rows: OptionalRows): Promise<void> {
    const keys = new ApiKeys(rows, this.#documents, this.#now);
    await keys.takeOver();
    this.#keys = keys;
  }

  get keys(): ApiKeys {
    assert(this.#keys !== undefined, "API keys are asked for before they are there");
    return this.#keys;
  }

  /** Whose API key it is. */
  byApiKey(text: string): Caller | undefined {
    const key = this.keys.find(text);
    return key && { user: key.user, author: `${key.user} (API key ${key.name})`, session: null };
  }

  #user(user: string): StoredUser | undefined {
    return this.#documents.get(userDocument(user)) as unknown as StoredUser | undefined;
  }

  #keepUser(user: string, stored: StoredUser): void {
    this.#documents.set(userDocument(user), stored as unknown as Json);
  }
}
