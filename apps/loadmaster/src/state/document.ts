/**
 * What a unit keeps. `shared` is the pair's: it goes to the partner whole. `unit` is this unit's own and is never
 * overwritten by the partner (SPEC LH11): name, HA role, partner, secrets, password, API keys.
 */
import { createHash, type Hash } from "node:crypto";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { type Static, Type } from "@tandem/base/schema";
import { accessEntriesMax } from "@tandem/haproxy-config/access";
import {
  certificatesPerServiceMax,
  ciphersMax,
  extraPortsMax,
  limitMax,
  strictTransportSeconds,
  subServicesMax,
} from "@tandem/haproxy-config/limits";
import {
  certificateNamePattern,
  certificatesMax,
  certificatesTotalMaxChars,
  intermediatesMax,
} from "@tandem/loadmaster-api/certificate-parameters";
import { type CheckType, checkTypes } from "@tandem/loadmaster-api/check-parameters";
import { cipherSetNamePattern, customSetsMax, tls13Ciphers } from "@tandem/loadmaster-api/cipher-sets";
import { hostsEntriesMax, hostsNamePattern, routesMax } from "@tandem/loadmaster-api/network-commands";
import { type Permission, permissions } from "@tandem/loadmaster-api/permissions";
import {
  headerNamePattern,
  ruleNamePattern,
  rulesMax,
  rulesPerPlaceMax,
} from "@tandem/loadmaster-api/rule-parameters";
import { hostNamePattern } from "@tandem/loadmaster-api/service-parameters";
import {
  type SyslogSettings,
  syslogHostsMax,
  syslogLevels,
  syslogPortDefault,
} from "@tandem/loadmaster-api/syslog-levels";
import { templateNamePattern, templatesMax } from "@tandem/loadmaster-api/template-parameters";
import { userNamePattern, usersMax } from "@tandem/loadmaster-api/user-parameters";

export const keysPerUserMax = 16;
const apiKeysMax = keysPerUserMax * (usersMax + 1);

const nothingElse = { additionalProperties: false } as const;
const address = Type.String({ pattern: "^\\d{1,3}(\\.\\d{1,3}){3}$" });
/** As RFC 5952 writes it. */
const address6 = Type.String({ pattern: "^[0-9a-f:]{2,39}$" });
const eitherAddress = Type.String({ pattern: "^(\\d{1,3}(\\.\\d{1,3}){3}|[0-9a-f:]{2,39})$" });

const certificateName = Type.String({ pattern: certificateNamePattern.source });

const ruleName = Type.String({ pattern: ruleNamePattern.source });
/** Names in the order in which they are looked at; absent: none. */
const ruleNames = Type.Optional(Type.Array(ruleName, { minItems: 1, maxItems: rulesPerPlaceMax }));
const ruleText = (maxLength: number) => Type.Optional(Type.String({ minLength: 1, maxLength }));
const ruleFlag = Type.Optional(Type.Integer({ minimum: 1, maximum: 9 }));
const on = Type.Optional(Type.Literal(true));

/** Of the API's parameters what was given; absent: at its default, which is off. */
export const StoredRuleSchema = Type.Object(
  {
    name: ruleName,
    /** The API's number, 0 to 4. */
    type: Type.Integer({ minimum: 0, maximum: 4 }),
    pattern: ruleText(1_024),
    matchType: Type.Optional(Type.Union([Type.Literal("prefix"), Type.Literal("postfix")])),
    header: ruleText(127),
    includeHost: on,
    includeQuery: on,
    ignoreCase: on,
    negate: on,
    mustFail: on,
    setOnMatch: ruleFlag,
    onlyOnFlag: ruleFlag,
    onlyOnNoFlag: ruleFlag,
    replacement: ruleText(255),
  },
  nothingElse,
);

export const StoredServerSchema = Type.Object(
  {
    index: Type.Integer({ minimum: 1 }),
    address: eitherAddress,
    /** 0: the one that the client used, where the service has every port. */
    port: Type.Integer({ minimum: 0, maximum: 65_535 }),
    weight: Type.Integer({ minimum: 1, maximum: 65_535 }),
    limit: Type.Integer({ minimum: 0, maximum: 100_000 }),
    enabled: Type.Boolean(),
    rules: ruleNames,
    critical: on,
    /** Index of the server whose health this one shares; absent: it is checked itself. */
    follow: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  nothingElse,
);

const accessEntries = Type.Optional(
  Type.Array(
    Type.Object(
      {
        /** As networkText of @tandem/haproxy-config/access writes it. */
        network: Type.String({ pattern: "^[0-9a-f:.]{2,45}/\\d{1,3}$" }),
        comment: Type.Optional(Type.String({ minLength: 1, maxLength: 127 })),
      },
      nothingElse,
    ),
    { minItems: 1, maxItems: accessEntriesMax },
  ),
);
/** In the order in which they were added; no network is in both. */
const accessLists = { allow: accessEntries, block: accessEntries };

const headerName = Type.Optional(Type.String({ pattern: headerNamePattern.source }));
const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax }));

/** What a service and a SubVS have alike. */
const serviceProperties = {
  /** Absent: none; so is each of them. What clients meet before a SubVS is chosen is no option of a SubVS. */
  options: Type.Optional(
    Type.Object(
      {
        connections: limit,
        connectionsPerSecond: limit,
        requestsPerSecond: limit,
        /** The sorry server. */
        standby: Type.Optional(
          Type.Object(
            { address: eitherAddress, port: Type.Integer({ minimum: 1, maximum: 65_535 }) },
            nothingElse,
          ),
        ),
        errorCode: Type.Optional(Type.Integer({ minimum: 200, maximum: 505 })),
        errorUrl: Type.Optional(Type.String({ pattern: "^[\\x21-\\x7e]{1,255}$" })),
        /** Ports and ranges as they were given. */
        extraPorts: Type.Optional(
          Type.Array(Type.String({ pattern: "^\\d{1,5}(-\\d{1,5})?$" }), {
            minItems: 1,
            maxItems: extraPortsMax,
          }),
        ),
        compress: Type.Optional(Type.Literal(true)),
        /** VStype is http2: of type http, with HTTP/2. */
        http2: on,
        multiConnect: on,
        reschedule: on,
        refreshPersist: on,
        /** The API's numbers. */
        serverInit: Type.Optional(Type.Integer({ minimum: 1, maximum: 6 })),
        qos: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(4), Type.Literal(8)])),
        copyFrom: headerName,
        copyTo: headerName,
        headerName,
        headerValue: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      },
      nothingElse,
    ),
  ),
  index: Type.Integer({ minimum: 1 }),
  type: Type.Union([Type.Literal("gen"), Type.Literal("http")]),
  nickname: Type.Optional(Type.String({ minLength: 1, maxLength: 127 })),
  enabled: Type.Boolean(),
  schedule: Type.Union([
    Type.Literal("rr"),
    Type.Literal("wrr"),
    Type.Literal("lc"),
    Type.Literal("wlc"),
    Type.Literal("fixed"),
    Type.Literal("adaptive"),
    Type.Literal("sh"),
    Type.Literal("uhash"),
  ]),
  /** Absent: none, as in every document before there was any. `cookie` goes with the modes by cookie and `header`, `queryTag` with `query-hash`. */
  persist: Type.Optional(
    Type.Object(
      {
        mode: Type.Union([
          Type.Literal("src"),
          Type.Literal("active-cookie"),
          Type.Literal("url"),
          Type.Literal("query-hash"),
          Type.Literal("host"),
          Type.Literal("cookie"),
          Type.Literal("cookie-src"),
          Type.Literal("active-cook-src"),
          Type.Literal("cookie-hash"),
          Type.Literal("cookie-hash-src"),
          Type.Literal("header"),
          Type.Literal("super"),
          Type.Literal("super-src"),
          Type.Literal("ssl"),
          Type.Literal("rdp"),
          Type.Literal("rdp-src"),
          Type.Literal("rdp-sb"),
          Type.Literal("rdp-sb-src"),
        ]),
        timeoutSeconds: Type.Integer({ minimum: 60, maximum: 2_147_460 }),
        cookie: Type.Optional(Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_-]{0,126}$" })),
        queryTag: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_.~-]{1,127}$" })),
      },
      nothingElse,
    ),
  ),
  /** Absent: none. `tlsType` is the API's bit mask, absent at its default; the others are absent when they are off. */
  tls: Type.Optional(
    Type.Object(
      {
        certificates: Type.Array(certificateName, { maxItems: certificatesPerServiceMax }),
        offload: Type.Optional(Type.Literal(true)),
        tlsType: Type.Optional(Type.Integer({ minimum: 1, maximum: 29 })),
        http2: Type.Optional(Type.Literal(true)),
        reencrypt: Type.Optional(Type.Literal(true)),
        reverse: Type.Optional(Type.Literal(true)),
        passSni: Type.Optional(Type.Literal(true)),
        serverName: Type.Optional(Type.String({ pattern: hostNamePattern.source })),
        rewrite: Type.Optional(Type.Union([Type.Literal("http"), Type.Literal("https")])),
        /** Absent: Default. */
        cipherSet: Type.Optional(Type.String({ pattern: cipherSetNamePattern.source })),
        ciphers13: Type.Optional(
          Type.Array(Type.Union(tls13Ciphers.map((each) => Type.Literal(each))), { minItems: 1 }),
        ),
        clientCert: Type.Optional(Type.Integer({ minimum: 1, maximum: 6 })),
        nameRequired: Type.Optional(Type.Literal(true)),
        tellCipher: Type.Optional(Type.Literal(true)),
        /** The API's number: 1 on, 2 with subdomains, 4 with preload. */
        securityHeader: Type.Optional(
          Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(4), Type.Literal(6)]),
        ),
        /** Names of intermediates; absent: all. */
        authorities: Type.Optional(Type.Array(certificateName, { minItems: 1, maxItems: intermediatesMax })),
      },
      nothingElse,
    ),
  ),
  /** Seconds; 0 is the default. */
  idletime: Type.Integer({ minimum: 0, maximum: 86_400 }),
  addVia: Type.Integer({ minimum: 0, maximum: 6 }),
  check: Type.Object(
    {
      type: Type.Unsafe<CheckType>(Type.Union(checkTypes.map((each) => Type.Literal(each)))),
      url: Type.Optional(Type.String({ minLength: 1, maxLength: 126 })),
      host: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
      use11: Type.Boolean(),
      /** 0 HEAD, 1 GET, 2 POST, 3 OPTIONS. */
      method: Type.Integer({ minimum: 0, maximum: 3 }),
      codes: Type.Array(Type.Integer({ minimum: 300, maximum: 599 }), { maxItems: 32 }),
      /** 0 is the server's own port; of the others 0 is the default. */
      port: Type.Integer({ minimum: 0, maximum: 65_535 }),
      intervalSeconds: Type.Integer({ minimum: 0, maximum: 600 }),
      timeoutSeconds: Type.Integer({ minimum: 0, maximum: 600 }),
      retries: Type.Integer({ minimum: 0, maximum: 15 }),
      // What follows is absent where nothing was given.
      /** A regular expression; with ^ first the answer must not match the rest. */
      pattern: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      headers: Type.Optional(
        Type.Array(
          Type.Object(
            {
              name: Type.String({ pattern: headerNamePattern.source }),
              value: Type.String({ minLength: 1, maxLength: 127 }),
            },
            nothingElse,
          ),
          { minItems: 1, maxItems: 4 },
        ),
      ),
      body: Type.Optional(Type.String({ minLength: 1, maxLength: 2_047 })),
      /** Of bdata, in hexadecimal digits. */
      sends: Type.Optional(Type.String({ pattern: "^([0-9A-F]{2}){1,63}$" })),
      seeks: Type.Optional(Type.String({ pattern: "^([0-9A-F]{2}){1,127}$" })),
      within: Type.Optional(Type.Integer({ minimum: 1, maximum: 8_000 })),
    },
    nothingElse,
  ),
  /** With fewer servers that are up the service is down; absent: with none. */
  minimum: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  /** `before`: looked at before a server is chosen. Absent: none. */
  rules: Type.Optional(
    Type.Object({ before: ruleNames, request: ruleNames, response: ruleNames }, nothingElse),
  ),
  servers: Type.Array(StoredServerSchema, { maxItems: 1_000 }),
} as const;

/** A part of a service, chosen for a request as a server is: `row` is what its service knows of it. */
export const StoredSubServiceSchema = Type.Object(
  {
    ...serviceProperties,
    row: Type.Object(
      {
        /** Of the same numbers as real servers. */
        index: Type.Integer({ minimum: 1 }),
        weight: Type.Integer({ minimum: 1, maximum: 65_535 }),
        rules: ruleNames,
      },
      nothingElse,
    ),
  },
  nothingElse,
);

export const StoredServiceSchema = Type.Object(
  {
    ...serviceProperties,
    address: eitherAddress,
    /** 0: every port that no other service at the address has. */
    port: Type.Integer({ minimum: 0, maximum: 65_535 }),
    /** Absent: TCP. */
    protocol: Type.Optional(Type.Literal("udp")),
    /** Absent: 7. At 4 the kernel passes the packets on, and HAProxy knows nothing of the service. */
    layer: Type.Optional(Type.Literal(4)),
    /** Who may connect; absent: whoever may connect to all services. */
    access: Type.Optional(Type.Object(accessLists, nothingElse)),
    /** In place of servers of its own; absent: none. */
    subServices: Type.Optional(Type.Array(StoredSubServiceSchema, { minItems: 1, maxItems: subServicesMax })),
  },
  nothingElse,
);

/** A service that stands nowhere and has neither servers nor certificates, with the rules that it uses. */
export const StoredTemplateSchema = Type.Object(
  {
    name: Type.String({ pattern: templateNamePattern.source }),
    comment: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
    service: StoredServiceSchema,
    rules: Type.Optional(Type.Array(StoredRuleSchema, { minItems: 1, maxItems: rulesMax })),
  },
  nothingElse,
);

const pem = Type.String({ minLength: 1, maxLength: certificatesTotalMaxChars });

export const SharedContentSchema = Type.Object(
  {
    services: Type.Array(StoredServiceSchema, { maxItems: 1_000 }),
    /** Indexes are never used again, so that a name always means the same service. */
    nextServiceIndex: Type.Integer({ minimum: 1 }),
    nextServerIndex: Type.Integer({ minimum: 1 }),
    ha: Type.Object(
      {
        vhid: Type.Integer({ minimum: 1, maximum: 255 }),
        /** 1 to 5 for 3 to 15 seconds. */
        timeout: Type.Integer({ minimum: 1, maximum: 5 }),
        preferred: Type.Integer({ minimum: 0, maximum: 2 }),
        /** Whether persistence tables are the pair's; absent: they are. */
        l7Updates: Type.Optional(Type.Boolean()),
        // What follows is absent at its default, so that a document without it is the one that earlier versions know.
        fast: Type.Optional(Type.Literal(true)),
        /** Id of the interface for traffic between the units; absent: the first that has a partner and a shared address. */
        interface: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
        /** Advertisements go to 255.255.255.255; absent: to the multicast group. */
        broadcast: Type.Optional(Type.Literal(true)),
        /** The shared addresses answer with a MAC of their own; absent: with that of the active unit. */
        virtualMac: Type.Optional(Type.Literal(true)),
        /** Checked interfaces by id; absent: the first one, as on real units. */
        checks: Type.Optional(
          Type.Record(
            Type.String({ pattern: "^\\d{1,3}$" }),
            Type.Object({ gateway: Type.Optional(address) }, nothingElse),
          ),
        ),
        /** Whether the partner is told of layer-4 connections; absent: it is not. */
        l4Updates: Type.Optional(Type.Boolean()),
      },
      nothingElse,
    ),
    /** By interface id. */
    sharedAddresses: Type.Record(Type.String({ pattern: "^\\d{1,3}$" }), address),
    /** The same of IPv6; absent: there are none. */
    sharedAddresses6: Type.Optional(Type.Record(Type.String({ pattern: "^\\d{1,3}$" }), address6)),
    /** Of all checks that have no values of their own; absent: 9, 4 and 2. */
    health: Type.Optional(
      Type.Object(
        {
          intervalSeconds: Type.Integer({ minimum: 9, maximum: 901 }),
          timeoutSeconds: Type.Integer({ minimum: 4, maximum: 60 }),
          retries: Type.Integer({ minimum: 2, maximum: 15 }),
        },
        nothingElse,
      ),
    ),
    /** Seconds of Strict-Transport-Security; absent: a year. */
    securityHeaderAge: Type.Optional(
      Type.Integer({ minimum: strictTransportSeconds[0], maximum: strictTransportSeconds[1] }),
    ),
    /** Of the schedule `adaptive`; absent: 7, /load, 80 and 5. */
    adaptive: Type.Optional(
      Type.Object(
        {
          intervalSeconds: Type.Integer({ minimum: 1, maximum: 600 }),
          url: Type.String({ pattern: "^/[\\x21-\\x7e]{0,125}$" }),
          port: Type.Integer({ minimum: 1, maximum: 65_535 }),
          minPercent: Type.Integer({ minimum: 0, maximum: 50 }),
        },
        nothingElse,
      ),
    ),
    /** In the order of their names; absent: there are none. `chain` is PEM, the service's own first; `key` PKCS#8 PEM. */
    certificates: Type.Optional(
      Type.Array(Type.Object({ name: certificateName, chain: pem, key: pem }, nothingElse), {
        minItems: 1,
        maxItems: certificatesMax,
      }),
    ),
    /** The same without keys: what completes the chains of certificates. */
    intermediates: Type.Optional(
      Type.Array(Type.Object({ name: certificateName, chain: pem }, nothingElse), {
        minItems: 1,
        maxItems: intermediatesMax,
      }),
    ),
    /** Who may connect to any service; absent: everybody. `off`: no list is in force, of services neither. `answers`: who is refused is told so. */
    access: Type.Optional(
      Type.Object(
        {
          ...accessLists,
          off: Type.Optional(Type.Literal(true)),
          answers: Type.Optional(Type.Literal(true)),
        },
        nothingElse,
      ),
    ),
    /** Sets of ciphers that operators made, in the order of their names; absent: there are none. */
    cipherSets: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ pattern: cipherSetNamePattern.source }),
            ciphers: Type.Array(Type.String({ pattern: "^[A-Z0-9-]{1,64}$" }), {
              minItems: 1,
              maxItems: ciphersMax,
            }),
          },
          nothingElse,
        ),
        { minItems: 1, maxItems: customSetsMax },
      ),
    ),
    /** What services show that end TLS and have no certificate; absent: none has needed one. */
    selfSigned: Type.Optional(Type.Object({ chain: pem, key: pem }, nothingElse)),
    /** In the order of their names; absent: there are none. */
    rules: Type.Optional(Type.Array(StoredRuleSchema, { minItems: 1, maxItems: rulesMax })),
    /** In the order of their names; absent: there are none. */
    templates: Type.Optional(Type.Array(StoredTemplateSchema, { minItems: 1, maxItems: templatesMax })),
  },
  nothingElse,
);

export const ApiKeySchema = Type.Object(
  { hash: Type.String(), start: Type.String(), user: Type.String(), createdAt: Type.Integer() },
  nothingElse,
);

const HostsEntrySchema = Type.Object(
  { address: eitherAddress, name: Type.String({ pattern: hostsNamePattern.source, maxLength: 253 }) },
  nothingElse,
);

const RouteSchema = Type.Object(
  { destination: Type.String({ pattern: "^\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2}$" }), gateway: address },
  nothingElse,
);

const LocalUserSchema = Type.Object(
  {
    name: Type.String({ pattern: userNamePattern.source }),
    /** As access/passwords.ts writes it. */
    passwordHash: Type.String(),
    permissions: Type.Unsafe<Permission[]>(
      Type.Array(Type.Union(permissions.map((each) => Type.Literal(each))), { maxItems: permissions.length }),
    ),
  },
  nothingElse,
);

const SyslogSchema = Type.Object(
  {
    hosts: Type.Array(
      Type.Object(
        {
          host: Type.String({ minLength: 1, maxLength: 253 }),
          level: Type.Union(syslogLevels.map(({ level }) => Type.Literal(level))),
        },
        nothingElse,
      ),
      { maxItems: syslogHostsMax },
    ),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    protocol: Type.Union([Type.Literal("udp"), Type.Literal("tcp")]),
    framing: Type.Union([Type.Literal("octet-counting"), Type.Literal("newline")]),
  },
  nothingElse,
);

export const UnitContentSchema = Type.Object(
  {
    hostname: Type.String({ minLength: 1, maxLength: 253 }),
    /** 0 single, 1 HA1, 2 HA2. */
    hamode: Type.Integer({ minimum: 0, maximum: 2 }),
    hawaitSeconds: Type.Integer({ minimum: 0, maximum: 200 }),
    /** By interface id. */
    partners: Type.Record(Type.String({ pattern: "^\\d{1,3}$" }), address),
    /** Made from the partner secret, which itself is not kept: 64 hexadecimal digits. */
    partnerKey: Type.Optional(Type.String({ pattern: "^[0-9a-f]{64}$" })),
    carpPassword: Type.Optional(Type.String({ minLength: 1, maxLength: 19 })),
    /** Of a single unit whose pair was ended in order: it goes on holding the addresses that both had shared. */
    holdsShared: Type.Optional(Type.Literal(true)),
    /** Absent: none was ever set. */
    syslog: Type.Optional(Type.Unsafe<SyslogSettings>(SyslogSchema)),
    /** Of the user bal, as access/passwords.ts writes it. */
    passwordHash: Type.String(),
    /** bal has the password that the unit made; absent once another one was set. */
    passwordIsFirst: Type.Optional(Type.Literal(true)),
    /** Beside bal, in the order in which they were added; absent: there are none. */
    users: Type.Optional(Type.Array(LocalUserSchema, { minItems: 1, maxItems: usersMax })),
    /** Absent: `vs` stands for `addvs` as well. */
    extendedPermissions: Type.Optional(Type.Literal(true)),
    /** Characters of a local user's password; absent: the default. */
    passwordCharsMin: Type.Optional(Type.Integer({ minimum: 8, maximum: 16 })),
    /** Names that this unit knows by itself; absent: none. Addresses of IPv6 as RFC 5952 writes them. */
    hosts: Type.Optional(Type.Array(HostsEntrySchema, { minItems: 1, maxItems: hostsEntriesMax })),
    /** Static routes; absent: none. */
    routes: Type.Optional(Type.Array(RouteSchema, { minItems: 1, maxItems: routesMax })),
    /** API calls in 3 s; 0: as many as there are; absent: the default. */
    callsMax: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
    apiKeys: Type.Array(ApiKeySchema, { maxItems: apiKeysMax }),
  },
  nothingElse,
);

export const UnitDocumentSchema = Type.Object(
  {
    format: Type.Literal(1),
    /** Grows with every change of `shared`. */
    revision: Type.Integer({ minimum: 0 }),
    /** Of `shared`, as this unit and its partner last both had it; null before they ever did. */
    agreedDigest: Type.Union([Type.Null(), Type.String()]),
    shared: SharedContentSchema,
    unit: UnitContentSchema,
  },
  nothingElse,
);

export type StoredTemplate = Static<typeof StoredTemplateSchema>;
export type StoredRule = Static<typeof StoredRuleSchema>;
export type StoredServer = Static<typeof StoredServerSchema>;
export type StoredSubService = Static<typeof StoredSubServiceSchema>;
export type StoredService = Static<typeof StoredServiceSchema>;
export type SharedContent = Static<typeof SharedContentSchema>;
export type StoredCertificate = NonNullable<SharedContent["certificates"]>[number];
export type StoredIntermediate = NonNullable<SharedContent["intermediates"]>[number];
type HaChanges = { readonly [Name in keyof SharedContent["ha"]]?: SharedContent["ha"][Name] | undefined };
export type UnitContent = Static<typeof UnitContentSchema>;
export type StoredRoute = NonNullable<UnitContent["routes"]>[number];
export type HostsEntry = NonNullable<UnitContent["hosts"]>[number];
export type LocalUser = NonNullable<UnitContent["users"]>[number];
export type UnitDocument = Static<typeof UnitDocumentSchema>;

/** Documents are never changed in place, so that what was worked out for one, or for one of its services, stays true. */
const knownDigests = new WeakMap<SharedContent, string>();
const knownTexts = new WeakMap<StoredService, string>();

/** SHA-256 over the canonical JSON of what the pair shares. */
export function digestOf(shared: SharedContent): string {
  const known = knownDigests.get(shared);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  let before = "{";
  for (const name of (Object.keys(shared) as (keyof SharedContent)[]).sort()) {
    hash.update(`${before}${JSON.stringify(name)}:`);
    if (name === "services") hashServices(hash, shared.services);
    else hash.update(canonicalJson(shared[name] as unknown as Json));
    before = ",";
  }
  const digest = hash.update(before === "{" ? "{}" : "}").digest("hex");
  knownDigests.set(shared, digest);
  return digest;
}

/** As `[${servicesText(services)}]`, without making that text. */
function hashServices(hash: Hash, services: readonly StoredService[]): void {
  let before = "[";
  for (const service of services) {
    hash.update(before).update(canonicalService(service));
    before = ",";
  }
  hash.update(before === "[" ? "[]" : "]");
}

/** Their canonical JSON, one after the other. */
export const servicesText = (services: readonly StoredService[], between = ","): string =>
  services.map(canonicalService).join(between);

function canonicalService(service: StoredService): string {
  const known = knownTexts.get(service);
  if (known !== undefined) return known;
  // As one piece: a string that was added up is gone through part by part whenever it is written.
  const text = Buffer.from(canonicalJson(service as unknown as Json)).toString();
  knownTexts.set(service, text);
  return text;
}

export const syslogDefault: SyslogSettings = {
  hosts: [],
  port: syslogPortDefault,
  protocol: "udp",
  framing: "octet-counting",
};

export const emptyShared: SharedContent = {
  services: [],
  nextServiceIndex: 1,
  nextServerIndex: 1,
  ha: { vhid: 1, timeout: 3, preferred: 0 },
  sharedAddresses: {},
};

export const newDocument = (hostname: string, passwordHash: string): UnitDocument => ({
  format: 1,
  revision: 0,
  agreedDigest: null,
  shared: emptyShared,
  unit: {
    hostname,
    hamode: 0,
    hawaitSeconds: 0,
    partners: {},
    passwordHash,
    passwordIsFirst: true,
    apiKeys: [],
  },
});

/** Parameters of HA with `changes` in force; one that is undefined is left out, which is its default. */
export function withHa(shared: SharedContent, changes: HaChanges): SharedContent {
  const ha = Object.fromEntries(
    Object.entries({ ...shared.ha, ...changes }).filter(([, value]) => value !== undefined),
  ) as SharedContent["ha"];
  return { ...shared, ha };
}

/** The document with another shared content, one revision on; the same document when nothing differs. */
export const withShared = (document: UnitDocument, shared: SharedContent): UnitDocument =>
  digestOf(shared) === digestOf(document.shared)
    ? document
    : { ...document, shared, revision: document.revision + 1 };
