/**
 * Who makes a call: `apikey`, or `apiuser` with `apipass`; a key wins when both are there. Every call carries them, so a
 * password that was verified is remembered for a while (as a keyed hash, in memory); failures are slowed down per client.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { minute } from "@tandem/base/time";
import { type Fields, fieldOf } from "@tandem/loadmaster-api/parameters";
import type { UnitContent } from "../state/document.ts";
import { passwordMatches } from "./passwords.ts";
import { passwordHashOf } from "./users.ts";

export const failuresMax = 10;
export const failuresWindowMs = minute;
/** Verifications at a time: each takes 19 MiB and tens of milliseconds. */
export const verificationsMax = 4;
const clientsMax = 1_000;
const rememberedMax = 64;

export type SignedIn =
  | { readonly kind: "user"; readonly user: string; readonly by: "password" | "apikey" }
  | { readonly kind: "refused" }
  | { readonly kind: "too-many-failures" };

export class SignIn {
  readonly #secret = randomBytes(32);
  #remembered = new Set<string>();
  readonly #failures = new Map<string, number[]>();
  #running = 0;

  /** `now` is monotonic; `client` is the address the call comes from. */
  async check(fields: Fields, unit: UnitContent, client: string, now: number): Promise<SignedIn> {
    const apikey = fieldOf(fields, ["apikey"]);
    if (typeof apikey === "string") {
      const hash = hashOfKey(apikey);
      const key = unit.apiKeys.find((each) => each.hash === hash);
      if (key !== undefined && passwordHashOf(unit, key.user) !== undefined)
        return { kind: "user", user: key.user, by: "apikey" };
      return this.#blocked(client, now) ? { kind: "too-many-failures" } : this.#failed(client, now);
    }
    const user = fieldOf(fields, ["apiuser"]);
    const password = fieldOf(fields, ["apipass"]);
    if (typeof user !== "string" || typeof password !== "string") return { kind: "refused" };
    const known = passwordHashOf(unit, user);
    const hash = known ?? unit.passwordHash;
    const proof = createHmac("sha256", this.#secret).update(`${hash}\0${user}\0${password}`).digest("hex");
    if (this.#remembered.has(proof)) return { kind: "user", user, by: "password" };
    if (this.#blocked(client, now) || this.#running >= verificationsMax) return { kind: "too-many-failures" };
    this.#running += 1;
    try {
      // An unknown user costs as much time as a known one.
      const matches = await passwordMatches(password, hash);
      if (!matches || known === undefined) return this.#failed(client, now);
    } finally {
      this.#running -= 1;
    }
    if (this.#remembered.size >= rememberedMax) this.#remembered = new Set();
    this.#remembered.add(proof);
    return { kind: "user", user, by: "password" };
  }

  #blocked(client: string, now: number): boolean {
    return this.#recent(client, now).length >= failuresMax;
  }

  #failed(client: string, now: number): SignedIn {
    if (this.#failures.size >= clientsMax) this.#failures.delete(this.#failures.keys().next().value ?? "");
    this.#failures.set(client, [...this.#recent(client, now), now]);
    return { kind: "refused" };
  }

  #recent(client: string, now: number): number[] {
    return (this.#failures.get(client) ?? []).filter((at) => now - at < failuresWindowMs);
  }
}

/** Keys are 256 random bits, so a plain hash keeps them as well as a slow one would. */
export const hashOfKey = (key: string): string => createHash("sha256").update(key).digest("hex");
export const newKey = (): string => randomBytes(32).toString("base64url");
/** What `listapikeys` shows of a key. */
export const keyStartChars = 8;
