/** The HTTPS server: API, its description, and the web pages. */
import { join } from "node:path";
import cookie from "@fastify/cookie";
import swagger from "@fastify/swagger";
import type { FieldError } from "@tandem/base/result";
import type { TSchema } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import type { Identity } from "@tandem/peer-link/identity";
import { registerBuiltPages } from "@tandem/web-serving/built-pages";
import { securityHeaders } from "@tandem/web-serving/security-headers";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { Refusal } from "../refusal.ts";
import { centralVersion } from "../version.ts";
import { mapError, Unfit } from "./error-answers.ts";
import { fileSchema } from "./route-registry.ts";

const builtWebPages = join(import.meta.dirname, "../../../web/dist");
const bodyMaxBytes = 1024 * 1024;
/** A request's headers, and its body unless that is a file. */
const requestTimeoutMs = 30_000;
/** A file of the greatest size over a line of 20 Mbit/s. */
const uploadTimeoutMs = 8 * 60_000;
const connectionsMax = 1_000;
/** Members of requests whose values appear in no answer and no log. */
const secretMembers: ReadonlySet<string> = new Set(["password", "currentPassword", "newPassword"]);
const deniedStatuses: ReadonlySet<number> = new Set([401, 403, 429]);
const parts: { readonly [httpPart: string]: string } = { body: "body", params: "path", querystring: "query" };

export type DeniedEntry = {
  readonly method: string;
  readonly path: string;
  readonly from: string;
  readonly status: number;
  readonly code: string;
};

export type ServerOptions = {
  readonly identity: Identity;
  /** The name of this unit's session cookie, for the description. */
  readonly sessionCookie: string;
  /** A caller who was turned away: not signed in, a wrong password, too many of them. */
  readonly onDenied: (entry: DeniedEntry) => void;
  /** This program's own faults, for the log. */
  readonly onFault: (error: Error) => void;
  /** Instead of those that were built beside this program. */
  readonly webPages?: string;
};

/** Routes are registered by `register`, so that they come after the description's and before the pages'. */
export async function makeServer(
  options: ServerOptions,
  register: (server: FastifyInstance) => void,
): Promise<FastifyInstance> {
  const { identity } = options;
  const server = fastify({
    https: { key: identity.privateKeyPem, cert: identity.certificatePem, minVersion: "TLSv1.2" },
    logger: false,
    bodyLimit: bodyMaxBytes,
    requestTimeout: uploadTimeoutMs,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
    exposeHeadRoutes: false,
    return503OnClosing: true,
  }) as unknown as FastifyInstance;
  server.server.maxConnections = connectionsMax;
  server.server.headersTimeout = requestTimeoutMs;
  server.addHook("onRequest", async (request) => {
    const { raw } = request;
    if (request.routeOptions.config.isUpload || raw.complete) return;
    const { socket } = raw;
    const timer = setTimeout(() => raw.complete || raw.destroy(), requestTimeoutMs);
    const stop = (): void => {
      clearTimeout(timer);
      raw.off("end", stop);
      socket.off("close", stop);
    };
    // A request that is answered before all of it has come says nothing when its connection ends after that.
    raw.once("end", stop);
    socket.once("close", stop);
  });

  // Browsers send plain text to other sites unasked; JSON they do not.
  server.removeContentTypeParser("text/plain");
  // One validator for everything that comes from outside. It coerces nothing, fills in nothing and removes nothing:
  // what Fastify's own would do by default, in silence.
  server.setValidatorCompiler(({ schema, httpPart }) => {
    const isFile = (schema as { format?: unknown }).format === fileSchema.format;
    if (httpPart === "headers" || isFile) return () => true;
    const naming = { whole: parts[httpPart ?? ""] ?? "body", secret: secretMembers };
    return (value: unknown) => {
      const faults: readonly FieldError[] = schemaFaults(schema as TSchema, value ?? null, naming);
      return faults.length === 0 ? { value } : { error: new Unfit(faults) };
    };
  });
  server.setErrorHandler((error: Error, request, reply) => {
    const { status, answer, isOurFault } = mapError(error);
    if (deniedStatuses.has(status))
      options.onDenied({
        method: request.method,
        path: request.url,
        from: request.ip,
        status,
        code: answer.errors[0]?.code ?? "",
      });
    if (isOurFault) options.onFault(error);
    return reply.code(status).send(answer);
  });
  server.addHook("onSend", async (request, reply, payload) => {
    for (const [header, value] of Object.entries(securityHeaders)) reply.header(header, value);
    if (request.url.startsWith("/api/")) reply.header("cache-control", "no-store");
    return payload;
  });

  await server.register(cookie);
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Tandem Central",
        version: centralVersion,
        description: "Everything that the web pages of a Central do.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      components: {
        securitySchemes: {
          apiKey: { type: "http", scheme: "bearer", description: "an API key, tandem_…" },
          session: { type: "apiKey", in: "cookie", name: options.sessionCookie },
        },
      },
    },
  });
  // The description collects routes from the moment its plugin is loaded, hence the scopes' order.
  await server.register(async (scope) => {
    register(scope);
    scope.get("/openapi.json", { schema: { hide: true } }, () => server.swagger());
  });
  await registerBuiltPages(server, {
    folder: options.webPages ?? builtWebPages,
    apiPrefixes: ["/api/"],
    notBuilt:
      "The web pages of this Central have not been built: npm run build. Its API is described at /openapi.json.\n",
    notThere: (request) => {
      throw notThere(request);
    },
  });
  await server.ready();
  return server;
}

const notThere = (request: FastifyRequest): Refusal =>
  new Refusal(404, {
    code: "not-found",
    field: "path",
    value: request.url.split("?")[0],
    message: `there is nothing at ${request.method} ${request.url.split("?")[0]}`,
    remedy: "see /openapi.json for what there is",
  });
