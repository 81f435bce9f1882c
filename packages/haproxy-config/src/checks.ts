/** Health checks: what a backend says of them, and what each of its servers does. */
import { type CheckStep, scriptOf } from "./check-scripts.ts";
import { type HealthCheck, type RealServer, serverName, serviceName, type VirtualService } from "./model.ts";
import {
  type Directive,
  directive,
  keyword,
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
    // The unit asks the servers itself.
    case "icmp":
      return [];
    case "tcp":
      return [directive(`timeout check ${check.timing.timeoutSeconds}s`, [], origin)];
    case "protocol":
    case "data":
      return [
        directive(`timeout check ${check.timing.timeoutSeconds}s`, [], origin),
        directive("option tcp-check", [], origin),
        directive("tcp-check connect default", [], origin),
        ...(scriptOf(check) ?? []).map((step) => stepDirective(step, origin)),
      ];
    case "http": {
      return [
        directive(`timeout check ${check.timing.timeoutSeconds}s`, [], origin),
        directive("option httpchk", [], origin),
        directive("http-check send", requestWords(check), { ...origin, parameter: "CheckUrl" }),
        directive(`http-check expect status ${[statusTakenAsUp, ...check.codes].join(",")}`, [], {
          ...origin,
          parameter: "CheckCodes",
        }),
        ...(check.pattern === undefined
          ? []
          : [
              directive(
                `http-check expect ${check.inverted === true ? "! " : ""}rstring`,
                [quoted(check.pattern)],
                { ...origin, parameter: "CheckPattern" },
              ),
            ]),
      ];
    }
  }
}

function requestWords({ method, path, host, headers = [], body }: HealthCheck & { kind: "http" }): Word[] {
  const header = (name: string, value: string): Word[] => [keyword("hdr"), quoted(name), quotedFormat(value)];
  const namesHost = headers.some(({ name }) => name.toLowerCase() === "host");
  return [
    ...keywords(`meth ${method} uri`),
    quoted(path),
    ...keywords(host === undefined ? "ver HTTP/1.0" : "ver HTTP/1.1"),
    ...(host === undefined || namesHost ? [] : header("Host", host)),
    ...(host === undefined ? [] : header("Connection", "close")),
    ...headers.flatMap(({ name, value }) => header(name, value)),
    ...(body === undefined ? [] : [keyword("body"), quoted(body)]),
  ];
}

const stepDirective = (step: CheckStep, origin: Origin): Directive =>
  "send" in step
    ? directive("tcp-check send-binary", [keyword(step.send)], origin)
    : directive(
        `tcp-check expect ${step.atLeast === undefined ? "" : `min-recv ${step.atLeast} `}rstring`,
        [quoted(step.expect)],
        { ...origin, parameter: "CheckPattern" },
      );

/**
 * Of one server. `home`: the backend in which it is checked, where that is another one. A server whose health the unit
 * tells is in each of its backends without a check.
 */
export function checkWords(
  { check }: Pick<VirtualService, "check">,
  server: RealServer,
  home?: Word,
): Word[] {
  const { follows } = server;
  if (follows !== undefined)
    return keywords(`track ${serviceName(follows.service)}/${serverName(follows.server)}`);
  if (server.unchecked === true || check.kind === "none" || check.kind === "icmp") return [];
  if (home !== undefined) return keywords(`track ${home.text}/${serverName(server.index)}`);
  const { intervalSeconds, retries, port } = check.timing;
  // Once a check has failed the next ones come each second, so that `retries` costs seconds, not intervals.
  return keywords(
    `check inter ${intervalSeconds}s fastinter 1s fall ${retries} rise 1${port === undefined ? "" : ` port ${port}`}`,
  );
}

/** Each of these makes a service unavailable, although some of its servers are up. */
export function unavailableWhen({
  index,
  servers,
  minimumServers = 1,
}: Pick<VirtualService, "index" | "servers" | "minimumServers">): Word[][] {
  const name = serviceName(index);
  return [
    ...(minimumServers > 1 ? [keywords(`{ nbsrv(${name}) lt ${minimumServers} }`)] : []),
    ...servers
      .filter((each) => each.critical === true)
      .map((each) => keywords(`!{ srv_is_up(${name}/${serverName(each.index)}) }`)),
  ];
}

/** The contrary of all of them, and that a server is up at all. */
export const availableWords = ({
  index,
  servers,
  minimumServers = 1,
}: Pick<VirtualService, "index" | "servers" | "minimumServers">): Word[] => [
  ...keywords(`{ nbsrv(${serviceName(index)}) gt ${minimumServers - 1} }`),
  ...servers
    .filter((each) => each.critical === true)
    .flatMap((each) => keywords(`{ srv_is_up(${serviceName(index)}/${serverName(each.index)}) }`)),
];

/** A backend without the service's servers, where requests end as if all of them were down. */
export const unavailableBackend = (index: number): string => `${serviceName(index)}.down`;
