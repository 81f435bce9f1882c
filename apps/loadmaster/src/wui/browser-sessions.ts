/** Who is signed in with a browser, and how a call of the API made by its pages is known to be theirs. */
import { err, ok, type Result } from "@tandem/base/result";
import type { WallMillis } from "@tandem/base/time";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { csrfHeader, wuiPaths } from "@tandem/loadmaster-api/ha-view";
import { type Session, Sessions } from "@tandem/web-serving/sessions";

/** What of a request says whose it is. */
export type BrowserRequest = {
  readonly cookies: { readonly [name: string]: string | undefined };
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
};

export class BrowserSessions {
  /** Browsers ignore ports, so two units on one host must not share a name. */
  readonly cookie: string;
  readonly #sessions = new Sessions();
  readonly #passwordHash: (user: string) => string | undefined;
  readonly #openedWith = new Map<string, string>();

  /** Sessions end when their user's hash changes or is no more, by whichever way that was done. */
  constructor(unitId: string, passwordHash: (user: string) => string | undefined) {
    this.cookie = `tandem-unit-${unitId}`;
    this.#passwordHash = passwordHash;
  }

  open(user: string, now: WallMillis): { readonly token: string; readonly session: Session } {
    this.#endThoseBefore(user);
    return this.#sessions.open(user, now);
  }

  close(session: Session): void {
    this.#sessions.close(session.id);
  }

  /** Whose request it is; undefined when nobody is signed in with its cookie. */
  of(request: BrowserRequest, now: WallMillis): Session | undefined {
    const token = request.cookies[this.cookie];
    const session = token === undefined ? undefined : this.#sessions.use(token, now);
    return session === undefined || this.#endThoseBefore(session.user) ? undefined : session;
  }

  isOpen(session: Session, now: WallMillis): boolean {
    return !this.#endThoseBefore(session.user) && this.#sessions.isOpen(session.id, now);
  }

  /** Who makes a change; undefined where no cookie is sent. Browsers send cookies unasked, so it needs the CSRF header as well. */
  caller(request: BrowserRequest, now: WallMillis): Result<string, Failure> | undefined {
    if (request.cookies[this.cookie] === undefined) return undefined;
    const session = this.of(request, now);
    if (session === undefined)
      return err({ code: 401, message: "Unauthorized: this session has ended; sign in again" });
    if (request.headers[csrfHeader] !== session.csrf)
      return err({
        code: 403,
        message: `${csrfHeader}: a call made with a session's cookie lacks the session's token; send the csrf value of GET ${wuiPaths.session} in this header`,
      });
    return ok(session.user);
  }

  #endThoseBefore(user: string): boolean {
    const hash = this.#passwordHash(user);
    if (hash !== undefined && hash === this.#openedWith.get(user)) return false;
    if (hash === undefined) this.#openedWith.delete(user);
    else this.#openedWith.set(user, hash);
    this.#sessions.closeAllOf(user, undefined);
    return true;
  }
}
