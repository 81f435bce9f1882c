/** Registers routes of the API's table on Fastify: who may call, what is accepted, what is answered, all from the table. */

import { ErrorAnswer } from "@tandem/central-api/errors";
import { type AnswerOf, apiPrefix, type CallOf, csrfHeader, type Route } from "@tandem/central-api/routes";
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Takes a file, for which there is more time than for anything else. */
    readonly isUpload?: boolean;
  }
}

import type { Access, Caller } from "../access/access.ts";
import { Refusal } from "../refusal.ts";

export type CallContext<R extends Route> = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
} & (R["access"] extends "user" ? { readonly caller: Caller } : unknown);

export type Handle<R extends Route> = (
  call: CallOf<R>,
  context: CallContext<R>,
) => AnswerOf<R> | Promise<AnswerOf<R>>;

export type RouteRegistry = {
  readonly route: <R extends Route>(route: R, handle: Handle<R>) => void;
  /** The name of this unit's session cookie. */
  readonly sessionCookie: string;
};

const callers = new WeakMap<FastifyRequest, Caller>();

/** Who makes the call, or throws the refusal. Cookies are sent by browsers unasked: with one, a change needs the CSRF header. */
function callerOf(request: FastifyRequest, access: Access, sessionCookie: string): Caller {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    const caller = access.byApiKey(authorization.replace(/^Bearer\s+/i, ""));
    if (caller) return caller;
    throw new Refusal(401, {
      code: "api-key-wrong",
      field: "authorization",
      message: "this API key is not known here",
      remedy:
        "API keys belong to one unit unless their synchronisation is on: make one on this unit, and send it as Authorization: Bearer tandem_…",
    });
  }
  const token = request.cookies[sessionCookie];
  const caller = token === undefined ? undefined : access.bySession(token);
  if (!caller?.session)
    throw new Refusal(401, {
      code: "not-signed-in",
      field: "session",
      message: token === undefined ? "nobody is signed in" : "this session has ended",
      remedy: "sign in, or send an API key as Authorization: Bearer tandem_…",
    });
  if (request.method !== "GET" && request.headers[csrfHeader] !== caller.session.csrf)
    throw new Refusal(403, {
      code: "csrf-header-missing",
      field: csrfHeader,
      message: "a change made with a session's cookie lacks the session's CSRF token",
      remedy: `send the csrf value of GET ${apiPrefix}/session in the header ${csrfHeader}`,
    });
  return caller;
}

/** The row's tag out of `If-Match: "…"`; undefined when any version will do. */
function tagOf(request: FastifyRequest): string | undefined {
  const header = request.headers["if-match"];
  if (header === undefined || header.trim() === "*") return undefined;
  return header
    .trim()
    .replace(/^W\//, "")
    .replace(/^"(.*)"$/, "$1");
}

export type CallEntry = { readonly route: Route; readonly request: FastifyRequest; readonly author: string };

export function routeRegistry(
  server: FastifyInstance,
  access: Access,
  sessionCookie: string,
  /** Hears of every call that changed something. */
  onChange: (entry: CallEntry) => void,
): RouteRegistry {
  return {
    sessionCookie,
    route: <R extends Route>(route: R, handle: Handle<R>): void => {
      const options: RouteOptions = {
        method: route.method,
        url: `${apiPrefix}${route.path}`,
        schema: {
          summary: route.summary,
          tags: [...route.tags],
          security: route.access === "open" ? [] : [{ apiKey: [] }, { session: [] }],
          ...(route.params && { params: route.params }),
          ...(route.query && { querystring: route.query }),
          ...(route.body && { body: route.body }),
          ...(route.matches && { headers: matchHeader }),
          ...(route.accepts && { consumes: [fileType], body: fileSchema }),
          response: {
            [route.status]: route.answers ? fileAnswer : route.answer,
            "4xx": ErrorAnswer,
            "5xx": ErrorAnswer,
          },
        },
        config: { isUpload: route.accepts === "bytes" },
        // Before the body is read: who may not call is not listened to.
        onRequest: async (request) => {
          if (route.access === "user") callers.set(request, callerOf(request, access, sessionCookie));
        },
        handler: async (request, reply) => {
          const caller = callers.get(request);
          const call = {
            params: request.params,
            query: request.query,
            body: request.body,
            tag: tagOf(request),
          } as unknown as CallOf<R>;
          const answer = await handle(call, { request, reply, caller } as unknown as CallContext<R>);
          if (route.method !== "GET") onChange({ route, request, author: caller?.author ?? "" });
          const tag = (answer as { tag?: unknown }).tag;
          if (typeof tag === "string" && tag !== "") reply.header("etag", `"${tag}"`);
          reply.code(route.status);
          if (route.answers === "bytes") reply.type(fileType);
          return answer;
        },
      };
      if (route.accepts === "bytes") registerUpload(server, options);
      else server.route(options);
    },
  };
}

const fileType = "application/octet-stream";
/** What is described so is a stream, and nothing is to be validated in it. */
export const fileSchema = { type: "string", format: "binary" } as const;
const fileAnswer = { description: "the file", content: { [fileType]: { schema: fileSchema } } } as const;

/** In a scope of its own: what it takes is a stream, which the handler reads as it comes, and nothing else. */
function registerUpload(server: FastifyInstance, options: RouteOptions): void {
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(fileType, (_request, payload, done) => done(null, payload));
    scope.route(options);
  });
}

/** Described for OpenAPI; whatever else a request carries in headers is no fault. */
const matchHeader = {
  type: "object",
  properties: {
    "if-match": {
      type: "string",
      description: "the tag of the row as it was read; the change is refused if it has moved on",
    },
  },
} as const;
