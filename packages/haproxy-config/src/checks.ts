/** Health checks: what a backend says of them, and what each of its servers does. */
import { type HealthCheck, type RealServer, serverName, type VirtualService } from "./model.ts";
import {
  type Directive,
  directive,
  keywords,
  type Origin,
  quoted,
  quotedFormat,
  type Word,
} from "./syntax.ts";

/** What counts as well without CheckCodes: redirects to elsewhere and a demand for a password come from a live server. */
const statusTakenAsUp = "200-299,301,302,401";

/** Of the backend in which the servers are checked. */
export function checkDirectives(check: HealthCheck, origin: Origin): Directive[] {
  switch (check.kind) {
    case "none":
      return [];
    case "tcp":
      return [directive(`timeout check ${check.timing.timeoutSeconds}s`, [], origin)];
    case "http": {
      const send: Word[] = [
        ...keywords(`meth ${check.method} uri`),
        quoted(check.path),
        ...(check.host === undefined
          ? keywords("ver HTTP/1.0")
          : [
              ...keywords("ver HTTP/1.1 hdr Host"),
              quotedFormat(check.host),
              ...keywords("hdr Connection close"),
            ]),
      ];
      return [
        directive(`timeout check ${check.timing.timeoutSeconds}s`, [], origin),
        directive("option httpchk", [], origin),
        directive("http-check send", send, { ...origin, parameter: "CheckUrl" }),
        directive(`http-check expect status ${[statusTakenAsUp, ...check.codes].join(",")}`, [], {
          ...origin,
          parameter: "CheckCodes",
        }),
      ];
    }
  }
}

/** Of one server. `follows`: the backend in which it is checked, where that is another one. */
export function checkWords(
  { check }: Pick<VirtualService, "check">,
  server: RealServer,
  follows?: Word,
): Word[] {
  if (check.kind === "none") return [];
  if (follows !== undefined) return keywords(`track ${follows.text}/${serverName(server.index)}`);
  const { intervalSeconds, retries, port } = check.timing;
  // Once a check has failed the next ones come each second, so that `retries` costs seconds, not intervals.
  return keywords(
    `check inter ${intervalSeconds}s fastinter 1s fall ${retries} rise 1${port === undefined ? "" : ` port ${port}`}`,
  );
}
