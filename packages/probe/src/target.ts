/** What a prober asks: a page over HTTP or HTTPS, or a port that accepts connections. */
import { err, type FieldError, ok, type Result } from "@tandem/base/result";

export type ProbeTarget =
  | { readonly kind: "http" | "https"; readonly url: string }
  /** A request is then one connection: made, and ended in order. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const refused = (text: string, message: string): Result<never, FieldError> =>
  err({
    code: "probe-target",
    field: "target",
    value: text,
    message,
    remedy: "give http://HOST:PORT/PATH, https://HOST:PORT/PATH or HOST:PORT; an IPv6 address in brackets",
  });

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");

/** Reads a target as people write it. Hosts by address or by name. */
export function parseTarget(text: string): Result<ProbeTarget, FieldError> {
  const hasScheme = text.includes("://");
  let url: URL;
  try {
    url = new URL(hasScheme ? text : `tcp://${text}`);
  } catch {
    return refused(text, `"${text}" is neither a URL nor a host with its port`);
  }
  switch (url.protocol) {
    case "http:":
    case "https:":
      if (url.username !== "" || url.password !== "")
        return refused(text, "a prober signs in nowhere: the URL has a user or a password");
      return ok({ kind: url.protocol === "http:" ? "http" : "https", url: url.href });
    case "tcp:": {
      const port = Number(url.port);
      if (url.hostname === "" || url.port === "" || port === 0)
        return refused(text, `"${text}" names no port from 1 to 65535`);
      if (url.pathname !== "" || url.search !== "" || url.hash !== "")
        return refused(text, `"${text}" has more than a host and a port, but does not begin with http://`);
      return ok({ kind: "tcp", host: withoutBrackets(url.hostname), port });
    }
    default:
      return refused(text, `"${text}" begins with ${url.protocol}//, which a prober does not speak`);
  }
}

export const targetText = (target: ProbeTarget): string =>
  target.kind === "tcp"
    ? `tcp://${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`
    : target.url;
