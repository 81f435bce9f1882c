/** The web application as it was built, and its start page for every address that is a page of it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refusal } from "../refusal.ts";

const builtWebPages = join(import.meta.dirname, "../../../web/dist");
const startPage = "index.html";

export async function registerWebPages(
  server: FastifyInstance,
  folder: string = builtWebPages,
): Promise<void> {
  const isBuilt = (): boolean => existsSync(join(folder, startPage));
  if (existsSync(folder))
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
    if (isBuilt() && existsSync(folder)) return reply.sendFile(startPage);
    if (request.url === "/")
      return reply
        .type("text/plain; charset=utf-8")
        .send(
          "The web pages of this Central have not been built: npm run build. Its API is described at /openapi.json.\n",
        );
    throw notThere(request);
  };
  server.get("/", { schema: { hide: true } }, start);
  server.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?");
    const isPage = request.method === "GET" && !path.startsWith("/api/") && !/\.[a-z0-9]+$/i.test(path);
    if (isPage) return start(request, reply);
    throw notThere(request);
  });
}

const notThere = (request: FastifyRequest): Refusal =>
  new Refusal(404, {
    code: "not-found",
    field: "path",
    value: request.url.split("?")[0],
    message: `there is nothing at ${request.method} ${request.url.split("?")[0]}`,
    remedy: "see /openapi.json for what there is",
  });
