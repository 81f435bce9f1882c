import { routes } from "@tandem/central-api/routes";
import type { SessionAnswer } from "@tandem/central-api/session";
import { sessionAbsoluteMaxMs } from "@tandem/web-serving/sessions";
import type { RouteRegistry } from "../api/route-registry.ts";
import { Refusal } from "../refusal.ts";
import type { Access, Caller } from "./access.ts";
import { apiKeysMax } from "./api-keys.ts";

const cookie = { path: "/", httpOnly: true, secure: true, sameSite: "strict" } as const;

const shown = ({ user, session }: Omit<Caller, "author">): SessionAnswer => ({
  user,
  by: session ? "session" : "api-key",
  csrf: session?.csrf ?? null,
  expiresAt: session ? new Date(session.expiresAt).toISOString() : null,
});

const wrongPassword = (field: string): Refusal =>
  new Refusal(401, {
    code: "credentials-wrong",
    field,
    message: "user and password do not fit together",
    remedy:
      "check both; the first password of a new Central stands in the file first-password in its state folder",
  });

const slowDown = (waitMs: number): Refusal =>
  new Refusal(429, {
    code: "too-many-failures",
    field: "password",
    message: "too many wrong passwords were given from this address",
    remedy: `wait ${Math.ceil(waitMs / 1_000)} s before the next try`,
  });

export function registerAccessRoutes({ route, sessionCookie }: RouteRegistry, access: Access): void {
  route(routes.signIn, async ({ body }, { request, reply }) => {
    const outcome = await access.signIn(body.user, body.password, request.ip);
    if (outcome.kind === "wait") throw slowDown(outcome.waitMs);
    if (outcome.kind === "refused") throw wrongPassword("password");
    reply.setCookie(sessionCookie, outcome.token, { ...cookie, maxAge: sessionAbsoluteMaxMs / 1_000 });
    return shown({ user: outcome.session.user, session: outcome.session });
  });
  route(routes.whoAmI, (_call, { caller }) => shown(caller));
  route(routes.signOut, (_call, { caller, reply }) => {
    if (caller.session) access.signOut(caller.session);
    reply.clearCookie(sessionCookie, cookie);
    return { signedOut: true } as const;
  });
  route(routes.changePassword, async ({ body }, { caller, request }) => {
    const outcome = await access.changePassword(caller, body.currentPassword, body.newPassword, request.ip);
    if (outcome.kind === "wait") throw slowDown(outcome.waitMs);
    if (outcome.kind === "refused")
      throw new Refusal(400, {
        code: "credentials-wrong",
        field: "currentPassword",
        message: "this is not your present password",
        remedy: "give the password that you signed in with",
      });
    return { user: caller.user };
  });

  route(routes.listApiKeys, () => ({ apiKeys: [...access.keys.list()] }));
  route(routes.makeApiKey, async ({ body }, { caller }) => {
    const made = await access.keys.make(caller.user, caller.author, body.name);
    if (made) return made;
    throw new Refusal(409, {
      code: "too-many-api-keys",
      field: "name",
      message: `this Central has ${apiKeysMax} API keys already`,
      remedy: "remove those that are not used any more",
    });
  });
  route(routes.removeApiKey, async ({ params }, { caller }) => {
    if (await access.keys.remove(params.id, caller.author)) return { id: params.id };
    throw new Refusal(404, {
      code: "api-key-unknown",
      field: "id",
      value: params.id,
      message: `there is no API key "${params.id}"`,
      remedy: "read the list of API keys; it may have been removed",
    });
  });
}
