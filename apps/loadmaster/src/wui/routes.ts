/** What browsers need besides the API: sessions, the live status, and the pages themselves. */
import { join } from "node:path";
import { err, type Result } from "@tandem/base/result";
import { type Failure, failure } from "@tandem/loadmaster-api/envelope";
import { type WuiSession, wuiPaths } from "@tandem/loadmaster-api/ha-view";
import type { Fields } from "@tandem/loadmaster-api/parameters";
import type { Permission } from "@tandem/loadmaster-api/permissions";
import { registerBuiltPages } from "@tandem/web-serving/built-pages";
import { type Session, sessionAbsoluteMaxMs } from "@tandem/web-serving/sessions";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { bodyText, type Connection, readFields } from "../api/dispatch.ts";
import type { BrowserSessions } from "./browser-sessions.ts";
import { type StatusStreams, streamsMax } from "./status-streams.ts";

const builtPages = join(import.meta.dirname, "../../../loadmaster-web/dist");
const cookieOptions = { path: "/", httpOnly: true, secure: true, sameSite: "strict" } as const;

export type Wui = {
  readonly sessions: BrowserSessions;
  readonly streams: StatusStreams;
  /** The user's name, or why not. */
  readonly signIn: (fields: Fields, connection: Connection) => Promise<Result<string, Failure>>;
  /** Undefined for who may do everything. */
  readonly permissionsOf: (user: string) => readonly Permission[] | undefined;
  /** Instead of those that were built beside this program. */
  readonly folder?: string;
};

export async function registerWui(
  server: FastifyInstance,
  { sessions, streams, signIn, permissionsOf, folder = builtPages }: Wui,
  connectionOf: (request: FastifyRequest) => Connection,
): Promise<void> {
  const refuse = (reply: FastifyReply, refusal: Failure): FastifyReply =>
    reply.code(refusal.code).header("cache-control", "no-store").send(failure(refusal));
  const show = (reply: FastifyReply, { user, csrf }: Session): FastifyReply => {
    const permissions = permissionsOf(user);
    const shown: WuiSession = { user, csrf, ...(permissions === undefined ? {} : { permissions }) };
    return reply.header("cache-control", "no-store").send(shown);
  };
  const notSignedIn: Failure = {
    code: 401,
    message: `Unauthorized: nobody is signed in; POST ${wuiPaths.session} with apiuser and apipass`,
  };

  server.post(wuiPaths.session, async (request, reply) => {
    // Another site can make a browser send text here, but not JSON, and so cannot sign anybody in.
    if (!/^application\/json\b/i.test(request.headers["content-type"] ?? ""))
      return refuse(reply, { code: 400, message: "content-type: it is not application/json; send it so" });
    const fields = readFields(bodyText(request.body));
    const user = fields.ok ? await signIn(fields.value, connectionOf(request)) : fields;
    if (!user.ok) return refuse(reply, user.error);
    const { token, session } = sessions.open(user.value, Date.now());
    reply.setCookie(sessions.cookie, token, { ...cookieOptions, maxAge: sessionAbsoluteMaxMs / 1_000 });
    return show(reply, session);
  });
  server.get(wuiPaths.session, async (request, reply) => {
    const session = sessions.of(request, Date.now());
    return session === undefined ? refuse(reply, notSignedIn) : show(reply, session);
  });
  server.delete(wuiPaths.session, async (request, reply) => {
    const caller = sessions.caller(request, Date.now()) ?? err(notSignedIn);
    if (!caller.ok) return refuse(reply, caller.error);
    const session = sessions.of(request, Date.now());
    if (session !== undefined) sessions.close(session);
    reply.clearCookie(sessions.cookie, cookieOptions);
    return reply.send({ signedOut: true });
  });

  server.get(wuiPaths.status, async (request, reply) => {
    const session = sessions.of(request, Date.now());
    if (session === undefined) return refuse(reply, notSignedIn);
    if (streams.isFull)
      return refuse(reply, {
        code: 503,
        message: `status: ${streamsMax} pages are shown the live status already; close some, or ask haview`,
      });
    reply.hijack();
    const { localAddress } = connectionOf(request);
    return streams.open(reply.raw, localAddress, () => sessions.isOpen(session, Date.now()));
  });

  await registerBuiltPages(server, {
    folder,
    apiPrefixes: ["/access", "/wui/"],
    notBuilt: "The web pages of this unit have not been built: npm run build. Its API is POST /accessv2.\n",
    notThere: (request, reply) =>
      reply.code(404).send({
        code: 404,
        message: `${request.method} ${request.url.split("?")[0]}: there is nothing; the API is POST /accessv2`,
        status: "fail",
      }),
  });
}
