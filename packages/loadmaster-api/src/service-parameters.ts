/** The parameters of virtual services and real servers, declared once for `addvs`, `modvs`, `addrs` and `modrs`. */
import { checkParameters, serverCheckParameters } from "./check-parameters.ts";
import { type Parameter, printable } from "./parameters.ts";

export const port = { kind: "integer", min: 1, max: 65_535 } as const;
const portOrEvery = { ...port, every: true } as const;

/** A host name, and nothing that is longer or could be anything else. */
export const hostNamePattern = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/** A service by index or by address; which of the two decides whether port and prot are needed. */
export const serviceReference = [
  {
    name: "vs",
    type: {
      kind: "text",
      pattern: /^(\d{1,6}|\d{1,3}(\.\d{1,3}){3}|(?=[^:]*:)[0-9A-Fa-f:.]{2,45})$/,
      allowed: "a service's index, or its IPv4 or IPv6 address",
    },
    required: true,
    missingWord: "Address",
    about: "the index of the service or SubVS, or the service's address",
  },
  {
    name: "port",
    type: portOrEvery,
    about: "with an address: the service's port; * is every port that no other service there has",
  },
  {
    name: "prot",
    aliases: ["protocol"],
    type: { kind: "choice", values: ["tcp", "udp"] },
    about: "with an address: the service's protocol; udp is passed on at layer 4",
  },
] as const satisfies readonly Parameter[];

/** A server by `!index`, or by address and port. */
export const serverReference = [
  {
    name: "rs",
    type: {
      kind: "text",
      pattern: /^(!\d{1,9}|\d{1,3}(\.\d{1,3}){3}|(?=[^:]*:)[0-9A-Fa-f:.]{2,45})$/,
      allowed: "!index, or an IPv4 or IPv6 address",
    },
    required: true,
    about: "!index of the real server, or its address",
  },
  {
    name: "rsport",
    type: portOrEvery,
    about:
      "with an address: the server's port; * in a service on every port, whose servers are spoken to at the port that the client used",
  },
] as const satisfies readonly Parameter[];

/** A server wherever it stands: the port does not matter. */
export const serverEverywhere = [
  { name: "rs", type: { kind: "address" }, required: true, about: "the server's address" },
] as const satisfies readonly Parameter[];

const fixed = (name: string, ...values: string[]): Parameter => ({
  name,
  type: { kind: "fixed", values },
  about: "not available on this unit yet",
});

const headerName = <const Name extends string>(about: string, name: Name) =>
  ({
    name,
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9!#$%&'*+.^_`|~-]{0,127}$/,
      allowed: "a header's name; empty to remove it",
    },
    about,
  }) as const;

const limit = <const Name extends string>(name: Name, about: string) =>
  ({ name, type: { kind: "integer", min: 0, max: 1_000_000 }, about }) as const;

/** Limits, what is answered while no server can, further ports, connections, compression and written headers. */
const optionParameters = [
  limit("MaxConnsLimit", "connections at a time, 0 = no limit; more are refused"),
  limit("ConnsPerSecLimit", "connections in a second, 0 = no limit; more are refused"),
  limit("RequestsPerSecLimit", "VStype http: requests in a second, 0 = no limit; more are answered with 429"),
  {
    name: "StandbyAddr",
    type: {
      kind: "text",
      pattern: /^(\d{1,3}(\.\d{1,3}){3}|(?=[^:]*:)[0-9A-Fa-f:.]{2,45})?$/,
      allowed: "an IPv4 or IPv6 address; empty to remove it",
    },
    about: "the sorry server, which is used while no other one can be; it is not checked",
  },
  {
    name: "StandbyPort",
    type: { kind: "integer", min: 0, max: 65_535 },
    emptyIsAbsent: true,
    about: "the sorry server's port",
  },
  {
    name: "NonLocalSorryServer",
    type: { kind: "boolean" },
    about: "disregarded: it need not be on a local network",
  },
  {
    name: "ErrorCode",
    type: {
      kind: "text",
      pattern: /^(0|2\d\d|3\d\d|4\d\d|50[0-5])?$/,
      allowed: "200 to 505; 0 or empty to remove it",
    },
    about: "VStype http: the status that is answered while no server is available",
  },
  {
    name: "ErrorUrl",
    type: {
      kind: "text",
      pattern: /^[\x21-\x7e]{0,255}$/,
      allowed: "a URL of up to 255 characters; empty to remove it",
    },
    about:
      "VStype http: clients are sent there while no server is available, with ErrorCode or 302; %h stands for the host that was asked for, %s for the path",
  },
  {
    name: "ExtraPorts",
    type: {
      kind: "text",
      pattern: /^[\d ,-]{0,2048}$/,
      allowed: "ports and ranges such as 8080 9000-9010, separated by blanks; empty to remove them",
    },
    about: "further ports of the service, on the same address",
  },
  {
    name: "Compress",
    type: { kind: "boolean" },
    about: "VStype http: texts are compressed for clients that take it (gzip)",
  },
  {
    name: "MultiConnect",
    type: { kind: "boolean" },
    about:
      "VStype http: a connection to a server carries requests of several clients, one after the other; not for servers whose sign-in is one of the connection (NTLM)",
  },
  {
    name: "HTTPReschedule",
    type: { kind: "boolean" },
    about:
      "VStype http: a GET or HEAD whose server ends the connection without an answer goes to another one; what cannot be connected to a server does so anyhow",
  },
  {
    name: "ServerInit",
    type: { kind: "integer", min: 0, max: 6 },
    about:
      "VStype gen: the server speaks first: 0 no, 1 SMTP, 2 SSH, 3 others, 4 IMAP4, 5 MySQL, 6 POP3; servers are connected to at once, whichever it is",
  },
  {
    name: "RefreshPersist",
    type: { kind: "boolean" },
    about:
      "a client is remembered as long as it has a connection, and from its end on for PersistTimeout; else from its last request, or from the beginning of its last connection with VStype gen",
  },
  {
    name: "QoS",
    type: { kind: "choice", values: ["0", "1", "2", "4", "8"] },
    about:
      "type of service in packets to clients: 0 normal, 1 minimize cost, 2 maximize reliability, 4 maximize throughput, 8 minimize delay; packets to servers stay normal, and 16 (as the client's) is not possible",
  },
  {
    name: "CopyHdrFrom",
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9!#$%&*+.^_`|~-]{0,127}$/,
      allowed: "a header's name without '; empty to remove it",
    },
    about: "VStype http: a header of requests that is copied to the one of CopyHdrTo",
  },
  headerName("where it is copied to", "CopyHdrTo"),
  headerName(
    "VStype http: a header that is written into requests, with the value of ExtraHdrValue",
    "ExtraHdrKey",
  ),
  {
    name: "ExtraHdrValue",
    type: {
      kind: "text",
      pattern: new RegExp(`^$|${printable(255).source}`, "u"),
      allowed: "up to 255 printable characters",
    },
    about: "its value",
  },
] as const satisfies readonly Parameter[];

/** What `addvs` and `modvs` take beside the reference. */
export const serviceParameters = [
  {
    name: "NickName",
    type: {
      kind: "text",
      pattern: /^$|^[\p{L}\p{N}][\p{L}\p{N} .@_-]{0,126}$/u,
      allowed: "up to 127 letters, digits, blanks and . @ - _, a letter or digit first; empty to remove it",
    },
    about: "name for people",
  },
  { name: "Enable", type: { kind: "boolean" }, about: "whether the service takes connections" },
  {
    name: "VStype",
    type: { kind: "choice", values: ["gen", "http", "http2"] },
    about:
      "http reads requests, http2 is the same with HTTP/2 offered to clients, gen passes on what is sent; http by default on port 80, and on port 443 with SSLAcceleration, gen elsewhere",
  },
  {
    name: "Schedule",
    type: { kind: "choice", values: ["rr", "wrr", "lc", "wlc", "fixed", "adaptive", "sh", "uhash"] },
    about:
      "round robin, weighted round robin, least connection, weighted least connection, fixed weighting (the heaviest that can), adaptive (by the load that an agent on each server says, see `modadaptive`), source hash, URL hash (VStype http)",
  },
  {
    name: "Idletime",
    type: { kind: "integer", min: 0, max: 86_400, unit: "seconds" },
    about: "an idle connection is closed after so long; 0 is the default of 660",
  },
  {
    name: "AddVia",
    type: { kind: "integer", min: 0, max: 6 },
    about:
      "client header: 0, 5 X-Forwarded-For; 1 with Via; 2 none; 3 X-ClientSide with Via; 4 X-ClientSide; 6 Via",
  },
  ...checkParameters,
  {
    name: "Persist",
    type: {
      kind: "text",
      pattern:
        /^(none|src|ssl|(active-)?cookie|(active-cook|cookie|super)-src|cookie-hash(-src)?|url|query-hash|host|header|super|rdp(-sb)?(-src)?|udpsip)?$/i,
      allowed:
        "none, src (source address), ssl, rdp, rdp-src, rdp-sb, rdp-sb-src; for VStype http active-cookie, active-cook-src, cookie, cookie-src, cookie-hash, cookie-hash-src and header (with Cookie), query-hash (with QueryTag), url, host, super, super-src",
    },
    about:
      "how a client is kept on its server: not at all, by its address, by a cookie of this unit's or of the servers', by a header, by its program and sign-in (super), by the user of RDP or the id of a TLS session; or what is asked for chooses it: the URL, a parameter of it, the host, a cookie; -src: by its address without that",
  },
  {
    name: "PersistTimeout",
    type: { kind: "integer", min: 0, max: 2_147_460, unit: "seconds" },
    about:
      "how long after its last connection a client is remembered: whole minutes, less than one turns persistence off; 360 when only Persist is given",
  },
  {
    name: "Cookie",
    type: {
      kind: "text",
      pattern: /^$|^[A-Za-z][A-Za-z0-9_-]{0,126}$/,
      allowed: "up to 127 letters, digits, - and _, a letter first; empty without a persistence by it",
    },
    about: "name of the cookie of the kinds by cookie; of the header with Persist header",
  },
  {
    name: "QueryTag",
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9_.~-]{0,127}$/,
      allowed: "up to 127 letters, digits and _ . ~ -; empty without persistence by it",
    },
    about: "name of the URL's parameter of Persist query-hash",
  },
  {
    name: "ForceL4",
    type: { kind: "boolean" },
    about:
      "layer 4: the kernel passes the packets on to the servers, which see the client's address and answer by way of the unit; UDP and services on every port are always Y",
  },
  { name: "ForceL7", type: { kind: "boolean" }, about: "the contrary of ForceL4" },
  {
    name: "Transparent",
    type: { kind: "boolean" },
    about: "whether servers see the client's address: Y at layer 4, N at layer 7",
  },
  {
    name: "SSLAcceleration",
    type: { kind: "boolean" },
    about: "TLS of clients ends at the service, with the certificates of CertFile",
  },
  {
    name: "CertFile",
    aliases: ["cert"],
    type: {
      kind: "text",
      pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{0,8099}$/u,
      allowed: "names of certificates as listcert shows them, separated by blanks; empty to remove them",
    },
    about:
      "all certificates of the service: a client gets the one that fits the name it asks for (SNI), else the first",
  },
  {
    name: "TLSType",
    type: { kind: "integer", min: 0, max: 30 },
    about:
      "what clients may not speak, added up: 1 SSLv3 (never spoken), 2 TLS 1.0, 4 TLS 1.1, 8 TLS 1.2, 16 TLS 1.3; 3 by default",
  },
  {
    name: "AllowHTTP2",
    type: { kind: "boolean" },
    about: "with SSLAcceleration and VStype http: clients are offered HTTP/2",
  },
  {
    name: "SSLReencrypt",
    type: { kind: "boolean" },
    about: "with SSLAcceleration: servers are spoken to over TLS; their certificates are not looked at",
  },
  {
    name: "SSLReverse",
    type: { kind: "boolean" },
    about: "servers are spoken to over TLS, also where clients come without",
  },
  {
    name: "PassSni",
    type: { kind: "boolean" },
    about: "with SSLReencrypt: servers are told the name that the client asked for",
  },
  {
    name: "ReverseSNIHostname",
    type: {
      kind: "text",
      pattern: new RegExp(`^$|${hostNamePattern.source}`),
      allowed: "a host name; empty to remove it",
    },
    about: "with SSLReencrypt or SSLReverse: servers are told this name, whatever the client asked for",
  },
  {
    name: "SSLRewrite",
    type: { kind: "text", pattern: /^(0|http|https)?$/i, allowed: "http, https, or 0 for neither" },
    about: "VStype http: redirects of servers (Location) are put under this scheme",
  },
  {
    name: "CipherSet",
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9._-]{0,64}$/,
      allowed: "the name of a set of ciphers, as getcipherset takes it; empty is Default",
    },
    about: "ciphers that clients may use in TLS 1.2 and older, as a set",
  },
  {
    name: "Ciphers",
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9_:-]{0,4096}$/,
      allowed: "names of ciphers as OpenSSL has them, separated by colons",
    },
    about: "the same one by one: they become the set Custom_ and the service's index; empty changes nothing",
  },
  {
    name: "Tls13CipherSet",
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9_: ,]{1,400}$/,
      allowed: "names of ciphers of TLS 1.3, separated by colons or blanks",
    },
    emptyIsAbsent: true,
    about: "the same in TLS 1.3",
  },
  {
    name: "ClientCert",
    type: { kind: "integer", min: 0, max: 6 },
    about:
      "with SSLAcceleration: 0 no certificates of clients, 1 each needs one, 2 and headers tell servers of it, 3 and 5 it is in SSL-CLIENT-CERT as DER and PEM, 4 and 6 in X-CLIENT-CERT",
  },
  {
    name: "IntermediateCerts",
    type: {
      kind: "text",
      pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]{0,8099}$/u,
      allowed: "names as listintermediate shows them, separated by blanks or +; empty for all",
    },
    about:
      "intermediate and root certificates of the service: who may have issued those of clients, and what completes its own chain; all by default",
  },
  {
    name: "NeedHostName",
    type: { kind: "boolean" },
    about: "with SSLAcceleration: a client that asks for no host name (SNI) is turned away",
  },
  {
    name: "PassCipher",
    type: { kind: "boolean" },
    about:
      "with SSLAcceleration and VStype http: servers are told of a client's TLS in the headers X-SSL-Cipher, X-SSL-Protocol, X-SSL-Serialid, X-SSL-ClientSerialid and X-SSL-SNIHost",
  },
  {
    name: "OCSPVerify",
    type: { kind: "boolean" },
    about: "only N: HAProxy asks no OCSP responder about certificates of clients",
  },
  {
    name: "SecurityHeaderOptions",
    type: { kind: "choice", values: ["0", "1", "2", "4", "6"] },
    about:
      "with SSLAcceleration and VStype http: what the unit answers itself carries Strict-Transport-Security: 1 plain, 2 with includeSubDomains, 4 with preload, 6 with both, 0 not; for as long as securityheaderage says",
  },
  ...optionParameters,
  fixed("SubnetOriginating", "Y"),
  fixed("UseforSnat", "N"),
  fixed("Cache", "N"),
  fixed("Verify", "0"),
  fixed("Intercept", "N"),
  fixed("InterceptMode", "0"),
  fixed("EspEnabled", "N"),
  fixed("AltAddress", ""),
  fixed("FollowVSID", "0"),
  fixed("LdapEndpoint", ""),
  fixed("Bandwidth", "0"),
] as const satisfies readonly Parameter[];

/** What `modvs` takes beyond `addvs`: a service's port is changed by a parameter of its own, `port` says which service. */
export const serviceMoves = [
  {
    name: "vsaddress",
    type: {
      kind: "text",
      pattern: /^(\d{1,3}(\.\d{1,3}){3}|(?=[^:]*:)[0-9A-Fa-f:.]{2,45})$/,
      allowed: "an IPv4 or IPv6 address such as 10.0.0.20 or 2001:db8::20",
    },
    about: "the service's new address",
  },
  { name: "vsport", type: portOrEvery, about: "the service's new port" },
  {
    name: "createsubvs",
    type: { kind: "text", pattern: /^[\s\S]{0,127}$/, allowed: "nothing" },
    about: "makes a SubVS of the service, empty or whatever it holds; further parameters are the SubVS's",
  },
] as const satisfies readonly Parameter[];

/** What `dupvs` takes beside the reference. */
export const duplicateParameters = [
  serviceMoves[0],
  serviceMoves[1],
  { ...serviceParameters[0], about: "name of the copy for people; that of the original by default" },
] as const satisfies readonly Parameter[];

export const serverParameters = [
  {
    name: "Weight",
    type: { kind: "integer", min: 1, max: 65_535 },
    about: "share of new connections; 1000 by default",
  },
  { name: "Enable", type: { kind: "boolean" }, about: "whether the server gets connections" },
  {
    name: "Limit",
    type: { kind: "integer", min: 0, max: 100_000 },
    about: "connections at a time, 0 = no limit; more wait for a free one",
  },
  fixed("Forward", "nat"),
  fixed("RateLimit", "0"),
  ...serverCheckParameters,
  {
    name: "non_local",
    type: { kind: "boolean" },
    about: "disregarded: servers need not be on a local network",
  },
] as const satisfies readonly Parameter[];

/** What `addrs` takes beyond `modrs`. */
export const serverAdditions = [
  {
    name: "addtoallsubvs",
    type: { kind: "boolean" },
    about: "with a SubVS: the server is added to all SubVS of the service above it",
  },
] as const satisfies readonly Parameter[];

export const serverMoves = [
  { name: "newport", type: port, emptyIsAbsent: true, about: "the server's new port" },
] as const satisfies readonly Parameter[];

export const secretPattern = printable(127);
