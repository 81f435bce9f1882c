/** Sessions of browsers, in memory: whoever was signed in signs in again after a restart. */
import { randomBytes } from "node:crypto";
import { sha256Hex } from "@tandem/base/digest";
import { hour, minute, type WallMillis } from "@tandem/base/time";

export const sessionIdleMaxMs = 30 * minute;
export const sessionAbsoluteMaxMs = 12 * hour;
/** The one that was idle longest gives way to a new one. */
export const sessionsMax = 1_000;
const tokenBytes = 32;

export type Session = {
  /** The cookie's SHA-256: who reads this unit's memory or log cannot sign in with it. */
  readonly id: string;
  readonly user: string;
  /** Sent back in a header, which other sites cannot set. */
  readonly csrf: string;
  readonly expiresAt: WallMillis;
};

type Kept = Session & { usedAt: WallMillis };

/** A clock that was set back must not prolong a session either. */
const isOver = ({ expiresAt, usedAt }: Kept, now: WallMillis): boolean =>
  now >= expiresAt || Math.abs(now - usedAt) >= sessionIdleMaxMs;

export class Sessions {
  /** The least recently used first. */
  readonly #sessions = new Map<string, Kept>();

  /** `token` goes into the cookie and is kept nowhere. */
  open(user: string, now: WallMillis): { readonly token: string; readonly session: Session } {
    const token = randomBytes(tokenBytes).toString("base64url");
    const session: Kept = {
      id: sha256Hex(token),
      user,
      csrf: randomBytes(tokenBytes).toString("base64url"),
      expiresAt: now + sessionAbsoluteMaxMs,
      usedAt: now,
    };
    if (this.#sessions.size >= sessionsMax) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    this.#sessions.set(session.id, session);
    return { token, session };
  }

  /** The session of a cookie, used now; undefined when there is none or it has ended. */
  use(token: string, now: WallMillis): Session | undefined {
    const id = sha256Hex(token);
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    if (isOver(session, now)) return undefined;
    session.usedAt = now;
    this.#sessions.set(id, session);
    return session;
  }

  /** Whether a session goes on; asking is no use of it. */
  isOpen(id: string, now: WallMillis): boolean {
    const session = this.#sessions.get(id);
    return session !== undefined && !isOver(session, now);
  }

  close(id: string): void {
    this.#sessions.delete(id);
  }

  closeAllOf(user: string, except: string | undefined): void {
    for (const session of [...this.#sessions.values()])
      if (session.user === user && session.id !== except) this.#sessions.delete(session.id);
  }

  get size(): number {
    return this.#sessions.size;
  }
}
