/** The stored services as the API shows them, with the states that HAProxy reports. */
import { serverName, serviceName } from "@tandem/haproxy-config/model";
import { type StatRow, serverStatus } from "@tandem/haproxy-config/statistics";
import { portText } from "@tandem/loadmaster-api/place";
import type {
  RealServerView,
  ServiceStatus,
  SubServiceView,
  VirtualServiceView,
} from "@tandem/loadmaster-api/views";
import type { StoredServer, StoredService } from "../state/document.ts";
import { headersText, isAvailable } from "./checks.ts";
import { protocolOf } from "./place.ts";
import { idletimeDefaultSeconds } from "./proxy-model.ts";
import { type AnyService, subServicesOf } from "./sub-services.ts";
import { tlsTypeShown } from "./tls.ts";

/** What HAProxy says, by proxy and server: a unit may have tens of thousands of rows. */
export type Figures = ReadonlyMap<string, StatRow>;
export const figureKey = (proxy: string, server: string): string => `${proxy}/${server}`;
export const figuresOf = (rows: readonly StatRow[]): Figures =>
  new Map(rows.map((row) => [figureKey(row.proxy, row.server), row]));

/** Without figures (HAProxy does not answer) everything that is enabled is Down. */
export function serverView(service: StoredService, server: StoredServer, figures: Figures): RealServerView {
  return {
    Status: stateOf(service, server, figures),
    VSIndex: service.index,
    RsIndex: server.index,
    Addr: server.address,
    Port: server.port,
    DnsName: "",
    Forward: "nat",
    Weight: server.weight,
    Limit: server.limit,
    RateLimit: 0,
    Follow: server.follow ?? 0,
    Enable: server.enabled,
    Critical: server.critical === true,
    Nrules: server.rules?.length ?? 0,
    ...(server.rules === undefined ? {} : { MatchRules: [...server.rules] }),
  };
}

/** The row of a SubVS in the service above it. */
export function rowView(service: AnyService, subService: AnyService, figures: Figures): SubServiceView {
  const row = subService.sub?.row;
  return {
    Status: serviceState(subService, figures),
    VSIndex: subService.index,
    RsIndex: row?.index ?? 0,
    Name: subService.nickname ?? `SubVS ${subService.index}`,
    Forward: service.layer === 4 ? "nat" : "l7",
    Weight: row?.weight ?? 0,
    Limit: 0,
    RateLimit: 0,
    Follow: 0,
    Enable: subService.enabled,
    Critical: false,
    Nrules: row?.rules?.length ?? 0,
    ...(row?.rules === undefined ? {} : { MatchRules: [...row.rules] }),
  };
}

/** Those that are set; the others are absent. */
function optionTexts(
  options: NonNullable<StoredService["options"]>,
): Pick<
  VirtualServiceView,
  "ExtraPorts" | "StandbyAddr" | "StandbyPort" | "CopyHdrFrom" | "CopyHdrTo" | "ExtraHdrKey" | "ExtraHdrValue"
> {
  const { extraPorts, standby, copyFrom, copyTo, headerName, headerValue } = options;
  return {
    ...(extraPorts === undefined ? {} : { ExtraPorts: extraPorts.join(" ") }),
    ...(standby === undefined ? {} : { StandbyAddr: standby.address, StandbyPort: String(standby.port) }),
    ...(copyFrom === undefined ? {} : { CopyHdrFrom: copyFrom }),
    ...(copyTo === undefined ? {} : { CopyHdrTo: copyTo }),
    ...(headerName === undefined ? {} : { ExtraHdrKey: headerName }),
    ...(headerValue === undefined ? {} : { ExtraHdrValue: headerValue }),
  };
}

export function serviceView(service: AnyService, figures: Figures): VirtualServiceView {
  const { check, sub, options = {} } = service;
  const subServices = subServicesOf(service);
  return {
    Status: serviceState(service, figures),
    Index: service.index,
    ...(sub === undefined ? { VSAddress: service.address } : {}),
    VSPort: sub === undefined ? portText(service.port) : "0",
    Layer: service.layer ?? 7,
    ...(service.nickname === undefined ? {} : { NickName: service.nickname }),
    Enable: service.enabled,
    SSLReverse: service.tls?.reverse === true,
    SSLReencrypt: service.tls?.reencrypt === true,
    InterceptMode: 0,
    Intercept: false,
    InterceptOpts: [],
    AlertThreshold: 0,
    OwaspOpts: [],
    BlockingParanoia: 0,
    IPReputationBlocking: false,
    ExecutingParanoia: 0,
    AnomalyScoringThreshold: 0,
    PCRELimit: 0,
    JSONDLimit: 0,
    BodyLimit: 0,
    Transactionlimit: 0,
    Transparent: service.layer === 4,
    SubnetOriginating: service.layer !== 4,
    ServerInit: options.serverInit ?? 0,
    StartTLSMode: 0,
    Idletime: service.idletime || idletimeDefaultSeconds,
    Cache: false,
    Compress: options.compress === true,
    Verify: 0,
    UseforSnat: false,
    ForceL4: service.layer === 4,
    ForceL7: service.layer !== 4,
    MultiConnect: options.multiConnect === true,
    ClientCert: service.tls?.clientCert ?? 0,
    SecurityHeaderOptions: service.tls?.securityHeader ?? 0,
    SameSite: 0,
    VerifyBearer: false,
    ErrorCode: String(options.errorCode ?? 0),
    ...(options.errorUrl === undefined ? {} : { ErrorUrl: options.errorUrl }),
    ...textView("CheckUrl", check.type === "bdata" ? check.sends : check.url),
    ...(check.host === undefined ? {} : { CheckHost: check.host }),
    ...textView("CheckPattern", check.type === "bdata" ? check.seeks : check.pattern),
    ...textView("CheckCodes", check.codes.join(" ")),
    ...textView("CheckHeaders", headersText(check.headers)),
    "CheckUse1.1": check.use11,
    MatchLen: check.within ?? 0,
    CheckUseGet: check.method,
    ...textView("CheckPostData", check.body),
    SSLRewrite: service.tls?.rewrite ?? "0",
    VStype: options.http2 === true ? "http2" : service.type,
    FollowVSID: 0,
    Protocol: protocolOf(service),
    Schedule: service.schedule,
    CheckType: check.type,
    ...(service.persist === undefined ? {} : { Persist: service.persist.mode }),
    ...(service.persist?.cookie === undefined ? {} : { Cookie: service.persist.cookie }),
    ...(service.persist?.queryTag === undefined ? {} : { QueryTag: service.persist.queryTag }),
    PersistTimeout: String(service.persist?.timeoutSeconds ?? 0),
    CheckPort: String(check.port),
    HTTPReschedule: options.reschedule === true,
    NRules: service.servers.reduce((sum, { rules = [] }) => sum + rules.length, 0),
    NRequestRules: service.rules?.request?.length ?? 0,
    NResponseRules: service.rules?.response?.length ?? 0,
    NMatchBodyRules: 0,
    NPreProcessRules: service.rules?.before?.length ?? 0,
    EspEnabled: false,
    InputAuthMode: 0,
    OutputAuthMode: 0,
    MasterVS: subServices.length,
    MasterVSID: sub?.of ?? 0,
    // Real units say 2 where servers see an address of the unit's.
    IsTransparent: service.layer === 4 ? 1 : 2,
    AddVia: service.addVia,
    QoS: options.qos ?? 0,
    TlsType: String(tlsTypeShown(service)),
    NeedHostName: service.tls?.nameRequired === true,
    OCSPVerify: false,
    AllowHTTP2: service.tls?.http2 === true,
    PassCipher: service.tls?.tellCipher === true,
    PassSni: service.tls?.passSni === true,
    ChkInterval: check.intervalSeconds,
    ChkTimeout: check.timeoutSeconds,
    ChkRetryCount: check.retries,
    Bandwidth: 0,
    ConnsPerSecLimit: options.connectionsPerSecond ?? 0,
    RequestsPerSecLimit: options.requestsPerSecond ?? 0,
    MaxConnsLimit: options.connections ?? 0,
    RefreshPersist: options.refreshPersist === true,
    EnhancedHealthChecks: service.minimum !== undefined,
    RsMinimum: service.minimum ?? 0,
    NumberOfRSs: service.servers.length,
    ...optionTexts(options),
    ...(service.rules?.before === undefined ? {} : { MatchRules: [...service.rules.before] }),
    ...(service.rules?.request === undefined ? {} : { RequestRules: [...service.rules.request] }),
    ...(service.rules?.response === undefined ? {} : { ResponseRules: [...service.rules.response] }),
    ...(service.tls?.offload === true ? { SSLAcceleration: true } : {}),
    ...(service.tls === undefined || service.tls.certificates.length === 0
      ? {}
      : { CertFile: service.tls.certificates.join(" ") }),
    ...clientTlsView(service),
    ...(subServices.length === 0
      ? {}
      : { SubVS: subServices.map((each) => rowView(service, each, figures)) }),
    ...(service.servers.length === 0
      ? {}
      : { Rs: service.servers.map((server) => serverView(service, server, figures)) }),
  };
}

const clientTlsView = ({ tls }: StoredService): Partial<VirtualServiceView> => ({
  ...(tls?.authorities === undefined ? {} : { IntermediateCerts: tls.authorities.join(" ") }),
  ...(tls?.cipherSet === undefined ? {} : { CipherSet: tls.cipherSet }),
  ...(tls?.ciphers13 === undefined ? {} : { Tls13CipherSet: tls.ciphers13.join(":") }),
  ...(tls?.serverName === undefined ? {} : { ReverseSNIHostname: tls.serverName }),
});

/** A text that is not set is left out. */
const textView = <Name extends string>(name: Name, text = ""): { [Each in Name]?: string } =>
  (text === "" ? {} : { [name]: text }) as { [Each in Name]?: string };

function stateOf(service: StoredService, server: StoredServer, figures: Figures): ServiceStatus {
  if (!service.enabled || !server.enabled) return "Disabled";
  const row = figures.get(figureKey(serviceName(service.index), serverName(server.index)));
  const status = row === undefined ? "Down" : serverStatus(row.status);
  // It follows one that is disabled.
  return status === "Disabled" ? "Down" : status;
}

/** Up with one server, or SubVS, that a check found alive, Unchecked with only unchecked ones, Down without any, or without those that it needs. */
export function serviceState(service: AnyService, figures: Figures): ServiceStatus {
  if (!service.enabled) return "Disabled";
  const states =
    service.subServices === undefined
      ? service.servers.map((server) => stateOf(service, server, figures))
      : subServicesOf(service).map((each) => serviceState(each, figures));
  const isUp = (server: StoredServer): boolean => {
    const state = states[service.servers.indexOf(server)];
    return state === "Up" || state === "Unchecked";
  };
  const available = service.subServices !== undefined || isAvailable(service, isUp);
  if (available && states.includes("Up")) return "Up";
  if (available && states.includes("Unchecked")) return "Unchecked";
  const { standby, errorUrl } = service.options ?? {};
  return standby !== undefined ? "Sorry" : errorUrl !== undefined ? "Redirect" : "Down";
}
