/**
 * What a service does beside choosing servers: limits, what is answered while no server can, what is added to requests,
 * compression.
 */
import { socketText } from "@tandem/base/ipv6";
import { unavailableWhen } from "./checks.ts";
import { type ServiceOptions, type SubService, serviceName, type VirtualService } from "./model.ts";
import { type Directive, directive, keyword, keywords, type Origin, quoted, quotedFormat } from "./syntax.ts";

type From = (parameter: string) => Origin;

/**
 * Connections and requests above a limit are refused, not made to wait. A request that was refused must not count for
 * the next one, or none would get through under load; `fe_req_rate` counts them all, so accepted ones are counted apart.
 */
export function limitDirectives({ limits }: VirtualService, from: From): Directive[] {
  if (limits === undefined) return [];
  const { connections, connectionsPerSecond, requestsPerSecond } = limits;
  const reject = (condition: string, parameter: string): Directive =>
    directive("tcp-request connection reject", keywords(`if { ${condition} }`), from(parameter));
  const requests = from("RequestsPerSecLimit");
  return [
    ...(connections === undefined ? [] : [reject(`fe_conn gt ${connections}`, "MaxConnsLimit")]),
    ...(connectionsPerSecond === undefined
      ? []
      : [reject(`fe_sess_rate ge ${connectionsPerSecond}`, "ConnsPerSecLimit")]),
    ...(requestsPerSecond === undefined
      ? []
      : [
          directive("stick-table type integer size 1 expire 10s store gpc0_rate(1s)", [], requests),
          directive("http-request track-sc0 int(1)", [], requests),
          directive(
            `http-request deny deny_status 429 if { sc0_gpc0_rate ge ${requestsPerSecond} }`,
            [],
            requests,
          ),
          directive("http-request sc-inc-gpc0(0)", [], requests),
        ]),
  ];
}

/** In packets to clients; HAProxy 2.6 has no such setting for those to servers. */
export const typeOfServiceDirectives = ({ typeOfService }: VirtualService, from: From): Directive[] =>
  typeOfService === undefined
    ? []
    : [directive(`tcp-request connection set-tos ${typeOfService}`, [], from("QoS"))];

/** What clients get while no server of the service, or of any of its SubVS, is alive, or too few are. */
export function unavailableDirectives(
  service: VirtualService,
  subServices: readonly SubService[],
  from: From,
): Directive[] {
  const { unavailable } = service;
  if (unavailable === undefined) return [];
  const { code, url } = unavailable;
  const served = subServices.length === 0 ? [service] : subServices;
  const conditions = [
    served.flatMap(({ index }) => keywords(`{ nbsrv(${serviceName(index)}) eq 0 }`)),
    ...(subServices.length === 0 ? unavailableWhen(service) : []),
  ];
  return conditions.map((condition) =>
    url === undefined
      ? directive(`http-request return status ${code}`, [keyword("if"), ...condition], from("ErrorCode"))
      : directive(
          "http-request redirect location",
          [quoted(locationFormat(url)), ...keywords(`code ${code} if`), ...condition],
          from("ErrorUrl"),
        ),
  );
}

/** `%h` is the host that was asked for, `%s` the path with its query; any other `%` stands for itself. */
const locationFormat = (url: string): string =>
  url.replace(/%([hs%])?/g, (_, letter: string | undefined) =>
    letter === "h" ? "%[req.hdr(host),field(1,:)]" : letter === "s" ? "%[pathq]" : "%%",
  );

export function requestHeaderDirectives({ headers }: ServiceOptions, from: From): Directive[] {
  if (headers === undefined) return [];
  const { copied, added } = headers;
  return [
    ...(copied === undefined
      ? []
      : [
          directive(
            "http-request set-header",
            [
              quoted(copied.to),
              quoted(`%[req.fhdr(${copied.from})]`),
              keyword("if"),
              keyword("{"),
              quoted(`req.fhdr(${copied.from})`),
              ...keywords("-m found }"),
            ],
            from("CopyHdrFrom"),
          ),
        ]),
    ...(added === undefined
      ? []
      : [
          directive(
            "http-request set-header",
            [quoted(added.name), quotedFormat(added.value)],
            from("ExtraHdrKey"),
          ),
        ]),
  ];
}

/** What compresses well; pictures and archives are compressed already. */
const compressed = [
  "text/html",
  "text/plain",
  "text/css",
  "text/xml",
  "text/javascript",
  "application/javascript",
  "application/json",
  "application/xml",
  "image/svg+xml",
];

/**
 * In the backend. A server may end a shared connection just when a request is sent on it, so that requests which may be
 * repeated are, and no client sees that.
 */
export function connectionDirectives(
  { sharesConnections, reschedules }: ServiceOptions,
  from: From,
): Directive[] {
  const origin = from(sharesConnections === true ? "MultiConnect" : "HTTPReschedule");
  return [
    ...(sharesConnections === true ? [directive("http-reuse aggressive", [], origin)] : []),
    ...(sharesConnections === true || reschedules === true
      ? [
          directive("retry-on conn-failure empty-response", [], origin),
          // METH_GET is HEAD as well.
          directive("http-request disable-l7-retry unless METH_GET", [], origin),
        ]
      : []),
  ];
}

/** In the backend. */
export const compressionDirectives = ({ compress }: ServiceOptions, from: From): Directive[] =>
  compress === true
    ? [
        directive("compression algo gzip", [], from("Compress")),
        directive("compression type", compressed.map(keyword), from("Compress")),
      ]
    : [];

/** The server that is used while no other one can be; it is not checked. */
export const standbyDirectives = ({ standby }: ServiceOptions, from: From): Directive[] =>
  standby === undefined
    ? []
    : [
        directive(
          "server standby",
          [quoted(socketText(standby.address, standby.port)), keyword("backup")],
          from("StandbyAddr"),
        ),
      ];
