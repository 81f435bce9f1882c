/**
 * API v1: `GET` or `POST /access/<command>?parameter=value`, answered in XML. The command, its parameters and what it does
 * are those of v2; only the way in and the way out differ. Who calls says so by HTTP Basic (RFC 7617), which is asked for
 * with a challenge, or by the parameter `apikey`.
 */
import { isCommand, takesFile } from "@tandem/loadmaster-api/commands";
import type { Envelope } from "@tandem/loadmaster-api/envelope";
import type { Fields } from "@tandem/loadmaster-api/parameters";
import { xmlContentType, xmlOf } from "@tandem/loadmaster-api/xml-envelope";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Connection, carryOut, type Dropped, dropped, type Gate, type Handlers } from "./dispatch.ts";

const prefix = "/access/";
const challenge = 'Basic realm="LoadMaster"';

export function registerVersion1(
  server: FastifyInstance,
  gate: Gate,
  handlers: Handlers,
  connectionOf: (request: FastifyRequest) => Connection,
  hangUp: (request: FastifyRequest, reply: FastifyReply) => FastifyReply,
): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const envelope = await call(request);
    return envelope === dropped ? hangUp(request, reply) : send(reply, envelope);
  };
  const call = async (request: FastifyRequest): Promise<Envelope | Dropped> => {
    // A browser sends the password that it remembers also to where another site leads it.
    if (["cross-site", "same-site"].includes(String(request.headers["sec-fetch-site"])))
      return { code: 403, message: "sec-fetch-site: calls from another site are not taken", status: "fail" };
    const read = readCall(request);
    return carryOut(read.command, read.fields, connectionOf(request), gate, handlers);
  };
  for (const method of ["GET", "POST"] as const)
    server.route({ method, url: `${prefix}*`, exposeHeadRoute: false, handler: answer });
}

function send(reply: FastifyReply, envelope: Envelope): FastifyReply {
  reply.code(envelope.code).header("cache-control", "no-store");
  if (envelope.code === 401) reply.header("www-authenticate", challenge);
  // Files are answered as they are.
  if (envelope.status === "ok" && typeof envelope.data === "string")
    return reply
      .type("application/octet-stream")
      .header("content-disposition", `inline; filename="${String(envelope.filename ?? "data")}"`)
      .send(Buffer.from(envelope.data, "base64"));
  return reply.type(xmlContentType).send(xmlOf(envelope));
}

/** Sub-commands are further parts of the path. A parameter that comes twice is taken as it comes first. */
function readCall(request: FastifyRequest): { readonly command: string; readonly fields: Fields } {
  const [path = "", query = ""] = splitOnce(request.url, "?");
  const command = decoded(path.slice(prefix.length)).split("/").filter(Boolean).join(".");
  const fields: Record<string, unknown> = {};
  const take = (text: string): void => {
    for (const [name, value] of new URLSearchParams(text))
      if (!Object.keys(fields).some((each) => each.toLowerCase() === name.toLowerCase()))
        fields[name] = value;
  };
  take(query);
  if (request.method === "POST" && Buffer.isBuffer(request.body)) {
    const name = command.toLowerCase();
    // Clients send files under the content type of forms, so the command says what the body is.
    if (isCommand(name) && takesFile(name)) fields.data = request.body.toString("base64");
    else take(request.body.toString("latin1"));
  }
  const credentials = basicOf(request.headers.authorization);
  if (credentials !== undefined) Object.assign(fields, credentials);
  return { command, fields };
}

function basicOf(header: string | undefined): Fields | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [apiuser = "", apipass] = splitOnce(Buffer.from(encoded, "base64").toString("utf8"), ":");
  return apipass === undefined ? undefined : { apiuser, apipass };
}

function splitOnce(text: string, at: string): readonly [string, string?] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
