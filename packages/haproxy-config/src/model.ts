/**
 * What the proxy is asked to do, in the words of SPEC LM1: virtual services over real servers. All of it is checked by
 * `checkModel` (limits.ts) before it is rendered; indexes are unique and are the names HAProxy knows things by.
 */

import type { ChangeRule, ChoosingRule, MatchRule, ReplacingRule, ServiceRules } from "./rule-model.ts";

/**
 * `rr` and `lc` disregard weights, `wrr` and `wlc` heed them, `fixed` uses the heaviest server that can take a connection,
 * `sh` keeps a client address on one server, `uhash` a URL (HTTP only).
 */
export type Schedule = "rr" | "wrr" | "lc" | "wlc" | "fixed" | "adaptive" | "sh" | "uhash";
export const schedules: readonly Schedule[] = ["rr", "wrr", "lc", "wlc", "fixed", "adaptive", "sh", "uhash"];

/** Which header tells the server the client's address: AddVia 0 to 6 of the API. */
export type ClientHeader = {
  readonly forwardedFor: boolean;
  readonly clientSide: boolean;
  readonly via: boolean;
};

export type CheckMethod = "HEAD" | "GET" | "POST" | "OPTIONS";

/** Protocols whose servers greet, or answer one question: see `check-scripts.ts`. */
export const scriptedProtocols = ["smtp", "nntp", "ftp", "telnet", "pop3", "imap", "rdp", "ldap"] as const;
export type ScriptedProtocol = (typeof scriptedProtocols)[number];

export type HealthCheck =
  | { readonly kind: "none" }
  /** By ICMP, which HAProxy cannot: it does not check, and is told at its runtime socket who is up. */
  | { readonly kind: "icmp"; readonly timing: CheckTiming }
  | { readonly kind: "tcp"; readonly timing: CheckTiming }
  | { readonly kind: "protocol"; readonly timing: CheckTiming; readonly protocol: ScriptedProtocol }
  | {
      readonly kind: "data";
      readonly timing: CheckTiming;
      /** Hexadecimal digits, two each byte. Absent: the server speaks by itself. */
      readonly send?: string;
      /** The same of what has to be in the answer; absent: any byte will do. */
      readonly pattern?: string;
      /** Bytes of the answer in which the pattern is looked for; 0: all. */
      readonly within: number;
    }
  | {
      readonly kind: "http";
      readonly timing: CheckTiming;
      readonly method: CheckMethod;
      readonly path: string;
      /** HTTP/1.1 with this host name, HTTP/1.0 without a host when absent. */
      readonly host?: string;
      /** Over TLS, whatever the service's traffic goes over; the server's certificate is not looked at. */
      readonly tls?: true;
      /** Status codes from 300 to 599 that count as well, beside 200 to 299. */
      readonly codes: readonly number[];
      /** Sent beside those of the protocol. */
      readonly headers?: readonly { readonly name: string; readonly value: string }[];
      readonly body?: string;
      /** Regular expression that the answer's body has to match. */
      readonly pattern?: string;
      /** With a pattern: it must not match. */
      readonly inverted?: true;
    };

export type CheckTiming = {
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  /** A server is taken out after so many checks have failed in a row. */
  readonly retries: number;
  /** The real server's own port when absent. */
  readonly port?: number;
};

/**
 * How a client is kept on the server that it had. A limit on entries: `persistenceEntriesMax` (limits.ts). `heldOpen`: an
 * entry of a table lives as long as a connection of the client, and its time begins anew when that ends.
 */
export type Persistence =
  /** By its address, in a table that lives as long as HAProxy's peers do. */
  | { readonly kind: "source"; readonly timeoutSeconds: number; readonly heldOpen?: true }
  /**
   * By a cookie that HAProxy sets and reads itself; HTTP only. Nothing is kept on the unit, unless a client without the
   * cookie is known by its address.
   */
  | {
      readonly kind: "cookie";
      readonly name: string;
      readonly timeoutSeconds: number;
      readonly orSource?: true;
      readonly heldOpen?: true;
    }
  | KeyedPersistence
  /** By what is asked for, which chooses the server instead of the schedule; HTTP only. Nothing is kept anywhere. */
  | { readonly kind: "hash"; readonly of: HashedPart };

/** By something that the client shows, in a table like that of addresses; by its address while it shows none, if so asked. */
export type KeyedPersistence = {
  readonly kind: "keyed";
  readonly timeoutSeconds: number;
  readonly orSource?: true;
  readonly heldOpen?: true;
  readonly key: /** A cookie that the servers set; HTTP only, as the next two are. */
    | { readonly by: "server-cookie" | "header"; readonly name: string }
    /** The client's program and what it signs in with. */
    | { readonly by: "super" }
    /** The user's name of RDP; a broker's routing token decides before it. TCP only. */
    | { readonly by: "rdp"; readonly broker?: true }
    /** The id of a TLS session that is passed on; TLS 1.3 has none that comes back. TCP only. */
    | { readonly by: "tls-session" };
};

/** The whole URL with its query, one parameter of the query, the host, or a cookie, else the client's address. */
export type HashedPart =
  | { readonly part: "url" | "host" }
  | { readonly part: "query"; readonly parameter: string }
  | { readonly part: "cookie"; readonly name: string; readonly orSource?: true };

export type RealServer = {
  readonly index: number;
  readonly address: string;
  readonly port: number;
  /** 1 to 65,535, relative to the others of its service. */
  readonly weight: number;
  /** Connections at a time, 0 = no limit. */
  readonly connectionLimit: number;
  readonly enabled: boolean;
  /** Without it the service is unavailable. */
  readonly critical?: true;
  /** The server, of any service here, whose health it shares instead of being checked. */
  readonly follows?: { readonly service: number; readonly server: number };
  /** It is not checked, whatever its service says: HAProxy is told of its health. */
  readonly unchecked?: true;
  /** HTTP only. Once one server of a service has rules, each gets only what they match. */
  readonly rules?: readonly ChoosingRule[];
};

/** One certificate: PEM of it, of those above it, and of its private key. */
export type Certificate = { readonly name: string; readonly pem: string };

/** From the oldest to the latest. */
export const tlsVersions = ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** TLS towards clients ends at the service. */
export type TlsOffload = {
  /** A client gets the one that fits the name it asks for, else the first. */
  readonly certificates: readonly Certificate[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Clients are offered HTTP/2; HTTP only. */
  readonly http2: boolean;
  /** Of TLS 1.2 and older, as OpenSSL names them, the preferred one first; absent: the library's choice. */
  readonly ciphers?: readonly string[];
  /** The same of TLS 1.3. */
  readonly ciphers13?: readonly string[];
  /** A client that asks for no name is turned away. */
  readonly nameRequired?: true;
  /** Servers are told version, cipher, name and serial numbers in headers; HTTP only. */
  readonly tellCipher?: true;
  /** Clients need a certificate; absent: none is asked for. */
  readonly clientCertificates?: ClientCertificates;
  /** What this program answers itself carries Strict-Transport-Security; HTTP only. */
  readonly strictTransport?: StrictTransport;
};

export type StrictTransport = {
  readonly maxAgeSeconds: number;
  readonly includesSubdomains?: true;
  readonly preload?: true;
};

export type ClientCertificates = {
  /** PEM of the authorities that may have issued it, roots included. */
  readonly authorities: string;
  readonly told: ClientCertificateTold;
};

/** What servers are told of a client's certificate in headers; HTTP only, but for nothing. */
export type ClientCertificateTold =
  | { readonly kind: "nothing" }
  | { readonly kind: "fields" }
  | {
      readonly kind: "certificate";
      readonly header: "SSL-CLIENT-CERT" | "X-CLIENT-CERT";
      readonly form: "der" | "pem";
    };

/** TLS towards the servers, whose certificates are not looked at. */
export type TlsToServers = {
  /** They are told the name that the client asked for. */
  readonly passName: boolean;
  /** They are told this name, whatever the client asked for. */
  readonly name?: string;
};

/** What a service, or a SubVS, does beside choosing among its servers. All but `standby` is for HTTP only. */
export type ServiceOptions = {
  /** The server that is used while no other one can be. */
  readonly standby?: { readonly address: string; readonly port: number };
  readonly compress?: true;
  /** A connection to a server carries requests of any client, one after the other; absent: of one client. */
  readonly sharesConnections?: true;
  /** A GET or HEAD that a server leaves without an answer goes to another one. */
  readonly reschedules?: true;
  /** Written into requests. */
  readonly headers?: {
    readonly copied?: { readonly from: string; readonly to: string };
    readonly added?: { readonly name: string; readonly value: string };
  };
};

/** RFC 1349: cost, reliability, throughput, delay. */
export const typesOfService = [2, 4, 8, 16] as const;
export type TypeOfService = (typeof typesOfService)[number];

export type VirtualService = ServiceOptions & {
  readonly index: number;
  readonly address: string;
  readonly port: number;
  readonly mode: "http" | "tcp";
  readonly nickname?: string;
  readonly enabled: boolean;
  readonly schedule: Schedule;
  readonly persistence?: Persistence;
  readonly idleSeconds: number;
  /** Ports beside `port`, on the same address. */
  readonly extraPorts?: readonly number[];
  /** Who may connect to this service. */
  readonly access?: AccessLists;
  /** More than these are refused; at least one. `requestsPerSecond` is for HTTP only. */
  readonly limits?: {
    readonly connections?: number;
    readonly connectionsPerSecond?: number;
    readonly requestsPerSecond?: number;
  };
  /** The IP header's type of service in packets to clients. */
  readonly typeOfService?: TypeOfService;
  /** What is answered while no server can: a status, or a redirect with it. HTTP only. */
  readonly unavailable?: { readonly code: number; readonly url?: string };
  readonly header: ClientHeader;
  readonly offload?: TlsOffload;
  readonly tlsToServers?: TlsToServers;
  /** Redirects of servers are put under this scheme; HTTP only. */
  readonly rewriteLocations?: "http" | "https";
  readonly check: HealthCheck;
  /** With fewer servers that are up the service is unavailable; absent: with none. */
  readonly minimumServers?: number;
  /** HTTP only. */
  readonly rules?: ServiceRules;
  readonly servers: readonly RealServer[];
  /** In place of servers; of the same mode. */
  readonly subServices?: readonly SubService[];
};

/**
 * A part of a service with servers, schedule, persistence and checks of its own, chosen as a server is: by rules, by lot
 * among those that have a live server (`rr` and `wrr` of the service), or by the client's address (`sh`). Its address is
 * the service's.
 */
export type SubService = Omit<
  VirtualService,
  "port" | "extraPorts" | "access" | "limits" | "typeOfService" | "unavailable" | "offload" | "subServices"
> & {
  /** 1 to 65,535, relative to the others of its service. */
  readonly weight: number;
  readonly chosenBy?: readonly ChoosingRule[];
};

/** Networks as `networkText` (access.ts) writes them. The smallest that holds an address counts; no network is in both. */
export type AccessLists = { readonly allow: readonly string[]; readonly block: readonly string[] };

/** Who may connect to any service; a service's own list is looked at as well. */
export type AccessControl = {
  readonly lists?: AccessLists;
  /** Who is refused is told so; else the connection is dropped without a word. */
  readonly answers?: true;
};

/** What belongs to the process and not to a service. */
export type ProcessSettings = {
  /** Absolute path of the runtime socket. */
  readonly runtimeSocket: string;
  /** Absolute path of the directory that the rendered files are written to. */
  readonly filesDirectory: string;
  /** Connections of all services together; more than 9,000 fail to start where file descriptors are limited to 20,000. */
  readonly maxConnections: number;
  /** How long a worker replaced by a reload may finish its connections. */
  readonly hardStopSeconds: number;
  /** Workers give up root for this user and group; absent where the unit itself is not root. */
  readonly runAs?: { readonly user: string; readonly group: string };
  /** Who learns of the persistence tables; absent where no service has one. */
  readonly peers?: Peers;
};

/**
 * The unit itself, so that the worker of a reload gets the table of the one before, and the partner when it is to have
 * the table as well. A peer proves who it is by its name alone, so the names should not be easy to guess.
 */
export type Peers = { readonly own: Peer; readonly partner?: Peer };
export type Peer = { readonly name: string; readonly address: string; readonly port: number };

export type ProxyModel = {
  readonly process: ProcessSettings;
  readonly services: readonly VirtualService[];
  readonly access?: AccessControl;
  /** Rules that no service has: HAProxy checks them all the same, so that none is kept that could never be used. */
  readonly unusedRules?: readonly (MatchRule | ChangeRule)[];
  /** All rules that replace: their patterns are to be valid by themselves as well. */
  readonly replacingRules?: readonly ReplacingRule[];
};

/** The name HAProxy knows a service's frontend and backend by. */
export const serviceName = (index: number): string => `vs${index}`;
/** The name HAProxy knows a real server by, within its backend. */
export const serverName = (index: number): string => `rs${index}`;
