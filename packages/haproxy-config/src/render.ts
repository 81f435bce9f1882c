/**
 * Model → syntax tree → text. The file carries the digest of everything else in it as its description, so that a worker
 * that answers `show info` says which file it runs.
 */
import { sha256Hex } from "@tandem/base/digest";
import { socketText } from "@tandem/base/ipv6";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import { accessDirectives, accessFiles } from "./access.ts";
import { checkDirectives, checkWords, unavailableBackend, unavailableWhen } from "./checks.ts";
import {
  offloadDirectives,
  offloadFiles,
  offloadWords,
  type RenderedFile,
  rewriteDirectives,
} from "./client-tls.ts";
import { switchingOf } from "./content-switching.ts";
import { checkModel } from "./limits.ts";
import {
  type AccessControl,
  type HashedPart,
  type HealthCheck,
  type Peers,
  type ProcessSettings,
  type ProxyModel,
  type RealServer,
  type SubService,
  serverName,
  serviceName,
  type VirtualService,
} from "./model.ts";
import {
  compressionDirectives,
  connectionDirectives,
  limitDirectives,
  requestHeaderDirectives,
  standbyDirectives,
  typeOfServiceDirectives,
  unavailableDirectives,
} from "./options.ts";
import { peersName, persistenceDirectives, sourceTableSections } from "./persistence.ts";
import {
  alonePatternDirectives,
  Conditions,
  changeDirectives,
  choosingRules,
  unusedRulesDirectives,
} from "./rules.ts";
import { choiceDirectives, isChosen } from "./sub-services.ts";
import {
  type Directive,
  directive,
  keyword,
  keywords,
  type Origin,
  quoted,
  quotedFormat,
  type Section,
  type Word,
  type Written,
  write,
} from "./syntax.ts";

export type RenderedConfiguration = Written & {
  /** The text in parts, each of whole sections, with an empty line between two; seldom do many of them change. */
  readonly parts: readonly string[];
  /** 16 hexadecimal digits that stand for the text without its own line: equal texts of this program have equal ones. */
  readonly digest: string;
  /** What the text refers to, to be in the model's `filesDirectory` before HAProxy reads the text. Some hold secrets. */
  readonly files: readonly RenderedFile[];
};

/** The whole file for a model, or the first thing in the model that cannot be rendered. */
export function renderConfiguration(model: ProxyModel): Result<RenderedConfiguration, FieldError> {
  const beside = besideServices(model);
  if (beside !== last.beside) last = { beside, written: new Map() };
  const checked = checkModel(model, (service) => writtenBefore(service) !== undefined);
  if (!checked.ok) return err(checked.error);
  const body = bodyOf(model);
  const withoutDigest = write([globalSection(model, undefined)]).text;
  const digest = digestOf([withoutDigest, ...body.map(digestOfPart)].join("\n"));
  const head = write([globalSection(model, digest)]);
  const parts = [head, ...body].map(({ text }) => text);
  const files = new Map(referredFiles(model).map((each) => [each.name, each]));
  return ok({
    parts,
    // Asked for only when there is a file to write, and the origins only when HAProxy complains.
    get text() {
      return parts.join("\n");
    },
    get origins() {
      return originsOf([head, ...body]);
    },
    digest,
    files: [...files.values()],
  });
}

function referredFiles({ services, access }: ProxyModel): RenderedFile[] {
  const files = accessFiles(access?.lists);
  for (const { enabled, offload, access: own } of services) {
    if (!enabled) continue;
    if (offload !== undefined) files.push(...offloadFiles(offload));
    if (own !== undefined) files.push(...accessFiles(own));
  }
  return files;
}

/** An empty line stands between sections. */
const originsOf = (parts: readonly Written[]): (Origin | undefined)[] =>
  parts.flatMap(({ origins }, at) => (at === 0 ? origins : [undefined, ...origins]));

/** Everything after the global section. */
function bodyOf({
  process: settings,
  services,
  access = {},
  unusedRules = [],
  replacingRules = [],
}: ProxyModel): Written[] {
  return [
    write([defaultsSection(), ...(settings.peers === undefined ? [] : [peersSection(settings.peers)])]),
    ...writtenServices(
      services.filter((service) => service.enabled),
      { settings, access },
    ),
    ...(unusedRules.length + replacingRules.length === 0
      ? []
      : [
          write([
            {
              header: [keyword("backend"), keyword("rules")],
              directives: [
                directive("mode http"),
                ...alonePatternDirectives(replacingRules),
                ...unusedRulesDirectives(unusedRules),
              ],
            },
          ]),
        ]),
  ];
}

type WrittenService = { readonly service: VirtualService; readonly written: Written };

/** Texts of services, by index, and what all of them were made from beside the service itself; seldom do many change. */
let last: { readonly beside: string; readonly written: Map<number, WrittenService> } = {
  beside: "",
  written: new Map(),
};

function besideServices({ process, access }: ProxyModel): string {
  const lists = accessFiles(access?.lists).map(({ name }) => name);
  return JSON.stringify([process, lists, access?.answers, access?.lists?.block.length]);
}

/** The text of a service that was rendered before, each member of it the same. */
function writtenBefore(service: VirtualService): Written | undefined {
  const before = last.written.get(service.index);
  return before !== undefined && isSame(before.service, service) ? before.written : undefined;
}

const isSame = (before: VirtualService, service: VirtualService): boolean =>
  before === service || JSON.stringify(before) === JSON.stringify(service);

function writtenServices(services: readonly VirtualService[], surroundings: Surroundings): Written[] {
  const texts = services.map((service) => {
    const before = writtenBefore(service);
    if (before !== undefined) return before;
    const written = write(serviceSections(service, surroundings));
    last.written.set(service.index, { service, written });
    return written;
  });
  if (last.written.size > services.length) {
    const present = new Set(services.map(({ index }) => index));
    for (const index of last.written.keys()) if (!present.has(index)) last.written.delete(index);
  }
  return texts;
}

const digestOf = (text: string): string => sha256Hex(text).slice(0, 16);

const digestsOfParts = new WeakMap<Written, string>();

function digestOfPart(part: Written): string {
  const known = digestsOfParts.get(part);
  if (known !== undefined) return known;
  const digest = digestOf(part.text);
  digestsOfParts.set(part, digest);
  return digest;
}

function globalSection({ process: settings, services }: ProxyModel, digest: string | undefined): Section {
  return {
    header: [keyword("global")],
    directives: [
      ...(digest === undefined ? [] : [directive(`description ${digest}`)]),
      // Only the unit, as the socket's owner, may speak to the worker; the listeners are passed on at a reload.
      directive("stats socket", [
        quoted(settings.runtimeSocket),
        ...keywords("mode 600 level admin expose-fd listeners"),
      ]),
      directive("stats timeout 30s"),
      directive(`maxconn ${settings.maxConnections}`),
      directive(`hard-stop-after ${settings.hardStopSeconds}s`),
      // All checks starting at one moment would hit the servers as one burst.
      directive("spread-checks 5"),
      // Lists of certificates have names in them alone, since a path in one could not hold a blank.
      ...(services.some((each) => each.enabled && each.offload !== undefined)
        ? [directive("crt-base", [quoted(settings.filesDirectory)])]
        : []),
      // Which of the peers this process is; by default HAProxy takes the machine's name.
      ...(settings.peers === undefined ? [] : [directive("localpeer", [quoted(settings.peers.own.name)])]),
      ...(settings.runAs === undefined
        ? []
        : [
            directive("user", [quoted(settings.runAs.user)]),
            directive("group", [quoted(settings.runAs.group)]),
          ]),
    ],
  };
}

/** A peer that is away is dialled again and again by HAProxy itself: nothing is reloaded when it goes or comes. */
function peersSection({ own, partner }: Peers): Section {
  return {
    header: [keyword("peers"), peersName],
    directives: [own, ...(partner === undefined ? [] : [partner])].map(({ name, address, port }) =>
      directive("peer", [quoted(name), quoted(`${address}:${port}`)]),
    ),
  };
}

function defaultsSection(): Section {
  return {
    header: [keyword("defaults")],
    directives: [
      directive("timeout connect 5s"),
      directive("timeout queue 30s"),
      directive("timeout http-request 30s"),
      directive("timeout http-keep-alive 60s"),
      // A refused connection goes to another server at once; nothing has been sent to the first.
      directive("retries 3"),
      directive("option redispatch 1"),
      // A server may take the connection for the client, as it does where the sign-in is of the connection (NTLM).
      directive("http-reuse never"),
      // An idle connection to a server that has gone is noticed by the kernel.
      directive("option tcpka"),
    ],
  };
}

/** What a service and a SubVS have alike: a backend. */
type BackendService = Omit<
  VirtualService,
  "port" | "extraPorts" | "limits" | "typeOfService" | "unavailable" | "offload"
>;

/** What a service is written into. */
type Surroundings = { readonly settings: ProcessSettings; readonly access: AccessControl };

function serviceSections(service: VirtualService, surroundings: Surroundings): Section[] {
  const { settings } = surroundings;
  const subServices = service.subServices?.filter(({ enabled }) => enabled) ?? [];
  return [
    frontendSection(service, subServices, surroundings),
    ...backendSections(service, settings),
    ...subServices.flatMap((each) => backendSections(each, settings)),
  ];
}

const originOf =
  ({ index }: BackendService) =>
  (parameter: string): Origin => ({ service: index, parameter });

const commonDirectives = (service: BackendService): Directive[] => [
  ...(service.nickname === undefined
    ? []
    : [directive("description", [quoted(service.nickname)], originOf(service)("NickName"))]),
  directive(`mode ${service.mode}`, [], originOf(service)("VStype")),
];

function frontendSection(
  service: VirtualService,
  subServices: readonly SubService[],
  { settings: { filesDirectory }, access }: Surroundings,
): Section {
  const name = keyword(serviceName(service.index));
  const from = originOf(service);
  const conditions = new Conditions(
    {
      before: service.rules?.before ?? [],
      choosing: choosingRules([
        ...subServices.map(({ chosenBy }) => chosenBy),
        ...[service, ...subServices].flatMap(({ servers }) => servers.map(({ rules }) => rules)),
      ]),
    },
    from("vs"),
  );
  return {
    header: [keyword("frontend"), name],
    origin: from("vs"),
    directives: [
      ...commonDirectives(service),
      ...[service.port, ...(service.extraPorts ?? [])].map((port) =>
        directive(
          "bind",
          [
            quoted(socketText(service.address, port)),
            keyword("name"),
            name,
            ...offloadWords(service, filesDirectory),
          ],
          from(port !== service.port ? "ExtraPorts" : service.offload === undefined ? "vs" : "CertFile"),
        ),
      ),
      directive(`timeout client ${service.idleSeconds}s`, [], from("Idletime")),
      ...[access.lists, service.access].flatMap((lists) =>
        accessDirectives(lists, access, filesDirectory, from("aclcontrol")),
      ),
      ...typeOfServiceDirectives(service, from),
      ...limitDirectives(service, from),
      ...offloadDirectives(service, from),
      ...unavailableDirectives(service, subServices, from),
      ...requestHeaderDirectives(service, from),
      ...(service.mode === "http" ? headerDirectives(service, from("AddVia")) : []),
      ...(service.mode === "http" ? rewriteDirectives(service, from("SSLRewrite")) : []),
      ...conditions.directives,
      ...(subServices.length === 0
        ? dispatchDirectives(service, conditions)
        : [
            ...choiceDirectives({ ...service, subServices }, conditions, from("vs")),
            ...changeDirectives(service.rules, from("vs")),
            ...subServices.flatMap((each) => dispatchDirectives(each, conditions, isChosen(each))),
            directive("default_backend", [name]),
          ]),
    ],
  };
}

/** To which backend of a service, or of a SubVS that was chosen, a request goes. */
function dispatchDirectives(
  service: BackendService,
  conditions: Conditions,
  chosen: readonly Word[] = [],
): Directive[] {
  const from = originOf(service);
  const switching = switchingOf(service);
  const otherwise = keyword(switching?.otherwise ?? serviceName(service.index));
  return [
    ...unavailableWhen(service).map((term) =>
      directive(
        "use_backend",
        [keyword(unavailableBackend(service.index)), keyword("if"), ...chosen, ...term],
        from("RsMinimum"),
      ),
    ),
    ...(switching?.cases ?? []).map(({ rule, group }) =>
      directive("use_backend", [keyword(group), keyword("if"), ...chosen, ...conditions.words(rule)], {
        ...from("vs"),
        parameter: `rule ${rule.name}`,
      }),
    ),
    chosen.length === 0
      ? directive("default_backend", [otherwise])
      : directive("use_backend", [otherwise, keyword("if"), ...chosen]),
  ];
}

function backendSections(service: BackendService, { peers }: ProcessSettings): Section[] {
  const name = keyword(serviceName(service.index));
  const from = originOf(service);
  const backend = (backendName: Word, servers: readonly Directive[]): Section => ({
    header: [keyword("backend"), backendName],
    origin: from("vs"),
    directives: [
      ...commonDirectives(service),
      ...balanceDirectives(service, from),
      ...persistenceDirectives(service, peers, from("Persist")),
      directive(`timeout server ${service.idleSeconds}s`, [], from("Idletime")),
      ...connectionDirectives(service, from),
      ...compressionDirectives(service, from),
      // What a service with SubVS changes is changed before one of them is reached.
      ...(service.subServices === undefined ? changeDirectives(service.rules, from("vs")) : []),
      ...servers,
      ...standbyDirectives(service, from),
    ],
  });
  return [
    ...(unavailableWhen(service).length === 0
      ? []
      : [
          {
            header: [keyword("backend"), keyword(unavailableBackend(service.index))],
            origin: from("vs"),
            directives: [
              ...commonDirectives(service),
              directive(`timeout server ${service.idleSeconds}s`, [], from("Idletime")),
              ...standbyDirectives(service, from),
            ],
          },
        ]),
    backend(name, [
      ...checkDirectives(service.check, from("CheckType")),
      ...inOrder(service).map((server) => serverDirective(service, server)),
    ]),
    ...sourceTableSections(service, peers, from("Persist")),
    ...(switchingOf(service)?.groups ?? []).map((group) =>
      backend(
        keyword(group.name),
        inOrder({ ...service, servers: group.servers }).map((server) =>
          serverDirective(service, server, { follows: name }),
        ),
      ),
    ),
  ];
}

/** The first of the list that can gets all connections where the weights are fixed. */
const inOrder = ({
  schedule,
  servers,
}: Pick<BackendService, "schedule" | "servers">): readonly RealServer[] =>
  schedule === "fixed" ? servers.toSorted((a, b) => b.weight - a.weight) : servers;

/** Towards a server, and of its check: each says what it is over, so that none depends on the other. */
function serverTlsWords({ check, tlsToServers }: Pick<BackendService, "check" | "tlsToServers">): Word[] {
  const isChecked = check.kind !== "none" && check.kind !== "icmp";
  const checkTls = check.kind === "http" && check.tls === true;
  if (tlsToServers === undefined && !checkTls) return [];
  return [
    ...(tlsToServers === undefined ? [] : [keyword("ssl")]),
    ...keywords("verify none"),
    ...(tlsToServers?.name !== undefined
      ? [keyword("sni"), quoted(`str(${tlsToServers.name})`)]
      : tlsToServers?.passName === true
        ? keywords("sni ssl_fc_sni")
        : []),
    ...(isChecked ? [keyword(checkTls ? "check-ssl" : "no-check-ssl")] : []),
    ...(checkTls && check.host !== undefined && isServerName(check.host)
      ? [keyword("check-sni"), quoted(check.host)]
      : []),
  ];
}

/** What RFC 6066 section 3 lets a client ask for: a name, no address and no port. */
const isServerName = (host: string): boolean => /^[^:[]*[A-Za-z][^:[]*$/.test(host);

function headerDirectives({ header }: VirtualService, origin: Origin): Directive[] {
  return [
    ...(header.forwardedFor ? [directive("option forwardfor", [], origin)] : []),
    ...(header.clientSide
      ? [directive("http-request set-header X-ClientSide", [formatOfOurs("%ci:%cp -> %fi:%fp")], origin)]
      : []),
    ...(header.via
      ? [directive("http-request add-header Via", [quotedFormat("1.1 loadmaster")], origin)]
      : []),
  ];
}

/** A log format that the program itself wrote: its `%` are meant. */
const formatOfOurs = (text: string): Word => quoted(text);

/** Consistent, so that a server that comes or goes moves only its own clients. */
const consistently = directive("hash-type consistent");

const hashesConsistently = (service: BackendService): boolean =>
  balanceDirectives(service, (parameter) => ({ service: service.index, parameter })).includes(consistently);

function balanceDirectives(
  { schedule, persistence }: BackendService,
  from: (parameter: string) => Origin,
): Directive[] {
  const by = (parameter: string, words: readonly Word[]): Directive =>
    directive("balance", words, from(parameter));
  if (persistence?.kind === "hash")
    return [
      by("Persist", hashedWords(persistence.of)),
      consistently,
      ...cookieToHash(persistence.of, from("Cookie")),
    ];
  switch (schedule) {
    case "rr":
    case "wrr":
    case "adaptive":
      return [by("Schedule", keywords("roundrobin"))];
    case "lc":
    case "wlc":
      return [by("Schedule", keywords("leastconn"))];
    case "fixed":
      return [by("Schedule", keywords("first"))];
    case "sh":
      return [by("Schedule", keywords("source")), consistently];
    case "uhash":
      return [by("Schedule", hashedWords({ part: "url" })), consistently];
  }
}

/** The cookie is looked at once, for `balance hash`. */
const cookieToHash = (of: HashedPart, origin: Origin): Directive[] =>
  of.part !== "cookie"
    ? []
    : [
        directive("http-request set-var(txn.hashed)", [quoted(`req.cook(${of.name})`)], origin),
        ...(of.orSource === true
          ? [directive("http-request set-var(txn.hashed) src if !{ var(txn.hashed) -m found }", [], origin)]
          : []),
      ];

/** A request without the part that is hashed goes where round robin sends it. */
function hashedWords(of: HashedPart): Word[] {
  switch (of.part) {
    case "url":
      return keywords("uri whole");
    case "host":
      return [quoted("hdr(host)")];
    case "query":
      return [keyword("url_param"), quoted(of.parameter)];
    case "cookie":
      return keywords("hash var(txn.hashed)");
  }
}

/** `follows`: the backend in which the server is checked, where that is another one. */
function serverDirective(
  service: BackendService,
  server: RealServer,
  { follows }: { readonly follows?: Word } = {},
): Directive {
  const check: HealthCheck = follows === undefined ? service.check : { kind: "none" };
  const words: Word[] = [
    keyword(serverName(server.index)),
    quoted(socketText(server.address, server.port)),
    ...(["wrr", "wlc", "adaptive"].includes(service.schedule)
      ? keywords(`weight ${proxyWeight(server, service.servers)}`)
      : []),
    ...(server.connectionLimit === 0 ? [] : keywords(`maxconn ${server.connectionLimit}`)),
    // Consistent hashing goes by the id, which is otherwise the place in the list: it would move with those before it.
    ...(hashesConsistently(service) ? keywords(`id ${server.index}`) : []),
    ...checkWords(service, server, follows),
    ...serverTlsWords({ ...service, check }),
    ...(service.persistence?.kind === "cookie" ? [keyword("cookie"), keyword(serverName(server.index))] : []),
    ...(server.enabled ? [] : [keyword("disabled")]),
  ];
  return directive("server", words, { service: service.index, server: server.index, parameter: "rs" });
}

/** HAProxy's weights end at 256 and the API's at 65,535: the ratio is kept as well as 256 steps allow, none becomes 0. */
export function proxyWeight(server: RealServer, all: readonly RealServer[]): number {
  const divisor = all.reduce((gcd, each) => greatestCommonDivisor(gcd, each.weight), 0);
  const greatest = Math.max(...all.map((each) => each.weight)) / divisor;
  const weight = server.weight / divisor;
  return greatest <= 256 ? weight : Math.max(1, Math.round((weight * 256) / greatest));
}

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);
