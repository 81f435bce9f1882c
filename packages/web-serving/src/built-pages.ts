/** A web application as it was built, and its start page for every address that is a page of it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const startPage = "index.html";

export type BuiltPages = {
  /** Where the build has left them. It may be absent. */
  readonly folder: string;
  /** Begins the paths that are never pages, such as `/api/`. */
  readonly apiPrefixes: readonly string[];
  /** What `/` answers while they have not been built. */
  readonly notBuilt: string;
  /** Answers what is neither a file nor a page, or throws the refusal. */
  readonly notThere: (request: FastifyRequest, reply: FastifyReply) => FastifyReply;
};

/** To be called after all other routes. */
export async function registerBuiltPages(server: FastifyInstance, pages: BuiltPages): Promise<void> {
  const { folder, apiPrefixes, notBuilt, notThere } = pages;
  const isBuilt = (): boolean => existsSync(join(folder, startPage));
  const hasFolder = existsSync(folder);
  if (hasFolder)
    await server.register(fastifyStatic, {
      root: folder,
      index: false,
      wildcard: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        // Names under assets/ carry a hash of what is in them.
        const isHashed = path.includes("/assets/");
        reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  const start = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (hasFolder && isBuilt()) return reply.sendFile(startPage);
    return request.url === "/"
      ? reply.type("text/plain; charset=utf-8").send(notBuilt)
      : notThere(request, reply);
  };
  server.get("/", { schema: { hide: true } as object }, start);
  server.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?");
    const isPage =
      request.method === "GET" &&
      !apiPrefixes.some((prefix) => path.startsWith(prefix)) &&
      !/\.[a-z0-9]+$/i.test(path);
    return isPage ? start(request, reply) : notThere(request, reply);
  });
}
