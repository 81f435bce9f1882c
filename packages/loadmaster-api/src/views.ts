/**
 * What commands answer, with the exact JSON types that existing clients decode: `VSPort`, `CheckPort`, `PersistTimeout`,
 * `TlsType` and the like are strings, indexes and limits numbers, switches booleans. A text that is not set is left out.
 */

/** `Unchecked` is a server without a health check; a service without a usable server is `Down`, unless it has a sorry server or sends clients elsewhere. */
export type ServiceStatus = "Up" | "Down" | "Unchecked" | "Disabled" | "Sorry" | "Redirect";

export type RealServerView = {
  Status: ServiceStatus;
  VSIndex: number;
  RsIndex: number;
  Addr: string;
  /** 0: the one that the client used. */
  Port: number;
  DnsName: string;
  Forward: string;
  Weight: number;
  Limit: number;
  RateLimit: number;
  Follow: number;
  Enable: boolean;
  Critical: boolean;
  Nrules: number;
  /** Names of the rules that choose it; absent without any. */
  MatchRules?: string[];
};

/** A SubVS in the service above it. */
export type SubServiceView = Omit<RealServerView, "Addr" | "Port" | "DnsName"> & { Name: string };

/** One virtual service or SubVS as `showvs`, `addvs`, `modvs` and each row of `listvs` show it. */
export type VirtualServiceView = {
  Status: ServiceStatus;
  Index: number;
  /** Absent of a SubVS, whose port is 0. */
  VSAddress?: string;
  /** `*`: every port. */
  VSPort: string;
  Layer: number;
  NickName?: string;
  Enable: boolean;
  SSLReverse: boolean;
  SSLReencrypt: boolean;
  InterceptMode: number;
  Intercept: boolean;
  InterceptOpts: string[];
  AlertThreshold: number;
  OwaspOpts: string[];
  BlockingParanoia: number;
  IPReputationBlocking: boolean;
  ExecutingParanoia: number;
  AnomalyScoringThreshold: number;
  PCRELimit: number;
  JSONDLimit: number;
  BodyLimit: number;
  Transactionlimit: number;
  Transparent: boolean;
  SubnetOriginating: boolean;
  ServerInit: number;
  StartTLSMode: number;
  Idletime: number;
  Cache: boolean;
  Compress: boolean;
  Verify: number;
  UseforSnat: boolean;
  ForceL4: boolean;
  ForceL7: boolean;
  MultiConnect: boolean;
  ClientCert: number;
  SecurityHeaderOptions: number;
  SameSite: number;
  VerifyBearer: boolean;
  ErrorCode: string;
  ErrorUrl?: string;
  CheckUrl?: string;
  CheckHost?: string;
  CheckPattern?: string;
  CheckCodes?: string;
  CheckHeaders?: string;
  "CheckUse1.1": boolean;
  MatchLen: number;
  CheckUseGet: number;
  CheckPostData?: string;
  SSLRewrite: string;
  VStype: string;
  FollowVSID: number;
  Protocol: string;
  Schedule: string;
  CheckType: string;
  /** Absent without persistence. */
  Persist?: string;
  Cookie?: string;
  QueryTag?: string;
  /** Seconds. */
  PersistTimeout: string;
  CheckPort: string;
  HTTPReschedule: boolean;
  NRules: number;
  NRequestRules: number;
  NResponseRules: number;
  NMatchBodyRules: number;
  NPreProcessRules: number;
  EspEnabled: boolean;
  InputAuthMode: number;
  OutputAuthMode: number;
  MasterVS: number;
  MasterVSID: number;
  IsTransparent: number;
  AddVia: number;
  QoS: number;
  TlsType: string;
  NeedHostName: boolean;
  OCSPVerify: boolean;
  AllowHTTP2: boolean;
  PassCipher: boolean;
  PassSni: boolean;
  ChkInterval: number;
  ChkTimeout: number;
  ChkRetryCount: number;
  Bandwidth: number;
  ConnsPerSecLimit: number;
  RequestsPerSecLimit: number;
  MaxConnsLimit: number;
  RefreshPersist: boolean;
  EnhancedHealthChecks: boolean;
  RsMinimum: number;
  NumberOfRSs: number;
  /** Ports and ranges, separated by blanks; absent without any, as the next ones are. */
  ExtraPorts?: string;
  StandbyAddr?: string;
  StandbyPort?: string;
  CopyHdrFrom?: string;
  CopyHdrTo?: string;
  ExtraHdrKey?: string;
  ExtraHdrValue?: string;
  /** Names of rules, in the order in which they are looked at; absent without any. */
  MatchRules?: string[];
  RequestRules?: string[];
  ResponseRules?: string[];
  /** Absent without TLS of clients. */
  SSLAcceleration?: boolean;
  /** Names, separated by blanks; absent without any. */
  CertFile?: string;
  IntermediateCerts?: string;
  /** Absent: Default. */
  CipherSet?: string;
  Tls13CipherSet?: string;
  ReverseSNIHostname?: string;
  /** Absent without any, as `Rs` is. */
  SubVS?: SubServiceView[];
  Rs?: RealServerView[];
};

/** One rule of `showrule`; what is not set, or belongs to another type, is absent. */
export type RuleView = {
  Name: string;
  Pattern?: string;
  /** `Regex`, `prefix` or `postfix`. */
  MatchType?: string;
  AddHost?: boolean;
  Negate?: boolean;
  CaseIndependent?: boolean;
  IncludeQuery?: boolean;
  Header?: string;
  MustFail?: boolean;
  HeaderValue?: string;
  Replacement?: string;
  SetFlagOnMatch?: number;
  OnlyOnFlag?: number;
  OnlyOnNoFlag?: number;
};

/** What `showrule` answers: lists by the names of the types, `MatchContentRule` and so on. */
export type RulesView = { [type: string]: RuleView[] };

/** One row of `listtemplates`; none of them is the vendor's own. */
export type TemplateView = { name: string; comment: string; certified: boolean };

/** One row of `listcert` and `listintermediate`. RSA keys are known by their modulus, others by the whole key. */
/** What `vstotals` answers; the vendor describes what is counted, and no names. */
export type TotalsView = { readonly [What in "VS" | "SubVS" | "RS"]: TotalsOfOne };
type TotalsOfOne = {
  readonly Total: number;
  readonly Up: number;
  readonly Down: number;
  readonly Disabled: number;
};

export type CertificateView =
  | { name: string; type: "RSA"; modulus: string }
  /** `publickey`: SubjectPublicKeyInfo in DER, in base64. */
  | { name: string; type: "ECC"; publickey: string };

export type InterfaceView = {
  Id: number;
  /** With its prefix length. */
  IPAddress: string;
  /** With its prefix length; absent: it has none. */
  IPv6Address?: string;
  Mtu: string;
  InterfaceType: string;
  GeoTrafficEnable: boolean;
  DefaultInterface: boolean;
  /** Whether the loss of its network counts in HA, and the gateway that must answer ARP. */
  HACheck: boolean;
  HAGateway?: string;
  /** Present in HA only. */
  SharedIPAddress?: string;
  SharedIPv6Address?: string;
  PartnerIPAddress?: string;
};

/** Counters only grow while `Counters.Epoch` of {@link StatisticsView} stays the same. */
export type VirtualServiceStatistics = {
  VSAddress: string;
  /** A number here, other than in `listvs`; 0 of a SubVS and of a service on every port. */
  VSPort: number;
  VSProt: string;
  Index: number;
  /** In lower case. */
  Status: string;
  ErrorCode: number;
  Enable: 0 | 1;
  TotalConns: number;
  /** Layer 4 only, both ways. */
  TotalPkts: number;
  TotalBytes: number;
  TotalBits: number;
  /** At layer 4 those established that this unit's kernel knows. */
  ActiveConns: number;
  /** From clients. */
  BytesRead: number;
  /** To clients. */
  BytesWritten: number;
  /** HTTP only. */
  Requests: number;
  ConnsPerSec: number;
  ConnsRateBlocked: number;
  RequestsRateBlocked: number;
  MaxConnsBlocked: number;
  WafEnable: 0 | 1;
  InterceptMode: number;
};

export type RealServerStatistics = {
  VSIndex: number;
  RSIndex: number;
  Addr: string;
  Port: number;
  Status: string;
  Enable: 0 | 1;
  Weight: number;
  ActivConns: number;
  Conns: number;
  Pkts: number;
  Bytes: number;
  Bits: number;
  BytesRead: number;
  BytesWritten: number;
  Requests: number;
  ConnsPerSec: number;
  Persist: number;
};

type ProcessorView = { User: number; System: number; Idle: number; IOWaiting: number };

/** Of the machine, over the time between two samples. v1 names processors and interfaces by their elements. */
export type MachineStatistics = {
  /** Per cent. */
  CPU: {
    total: ProcessorView;
    cpu: (ProcessorView & { cpu: number; HWInterrupts: number; SWInterrupts: number })[];
  };
  /** Kibibytes, and in MB mebibytes. */
  Memory: {
    MBtotal: number;
    memused: number;
    MBused: number;
    percentmemused: number;
    memfree: number;
    MBfree: number;
    percentmemfree: number;
  };
  /** `in` and `out` are megabits per second; `speed` is 0 where the interface does not say it. */
  Network: {
    Interface: {
      Name: string;
      ifaceID: number;
      speed: number;
      in: number;
      inbytes: number;
      inbytesTotal: number;
      out: number;
      outbytes: number;
      outbytesTotal: number;
    }[];
  };
  /** Gibibytes. */
  DiskUsage: {
    partition: {
      name: string;
      GBtotal: number;
      GBused: number;
      percentused: number;
      GBfree: number;
      percentfree: number;
    }[];
  };
};

/** What `stats` answers. Units that are not ours have no `Counters`, `Requests` and `Rs[].Status`. */
export type StatisticsView = Partial<MachineStatistics> & {
  VStotals: {
    ConnsPerSec: number;
    TotalConns: number;
    BitsPerSec: number;
    TotalBits: number;
    BytesPerSec: number;
    TotalBytes: number;
    PktsPerSec: number;
    TotalPackets: number;
    BytesRead: number;
    BytesWritten: number;
    Requests: number;
  };
  Vs: VirtualServiceStatistics[];
  Rs: RealServerStatistics[];
  /** Transactions per second: connections to all services, and to those that take TLS. */
  TPS?: { Total: number; SSL: number };
  /** When the unit says it; `Period`: microseconds that rates are worked out over. */
  Timestamp: { Sec: number; Usec: number; Period: number };
  /** Seconds since 1970 of the last change of the configuration. */
  ChangeTime: number;
  /** Counters began at nothing at `Since` (milliseconds since 1970); another `Epoch` says that they have begun anew. */
  Counters: { Epoch: string; Since: number };
};

/** What `hastatus` says. `Passive` is a unit that takes no part. */
export type HaStatusWord = "Active" | "Standby" | "Passive" | "HA not configured";

/** What `hahandover` answers. */
export type HandOverView = {
  /** `HA1` or `HA2`: who was active, and who is to be. */
  from: string;
  to: string;
  /** When it gave the role up, in milliseconds since 1970; left out where the answer comes before. */
  at?: number;
  message: string;
  /** Why the role will not stay where it went. */
  warning?: string;
};
