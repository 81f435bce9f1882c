/** The parameters of virtual services and real servers as form fields, made of the API's own table (SPEC LM1, LM3). */
import type { Parameter, ParameterType } from "@tandem/loadmaster-api/parameters";
import { serverParameters, serviceParameters } from "@tandem/loadmaster-api/service-parameters";
import type { RealServerView, VirtualServiceView } from "@tandem/loadmaster-api/views";
import type { SettingField } from "../settings/field.ts";

/** As LoadMaster's users know them. */
const labels: { readonly [name: string]: string } = {
  NickName: "Service Nickname",
  Enable: "Activate or Deactivate",
  VStype: "Service Type",
  Schedule: "Scheduling Method",
  Idletime: "Idle Connection Timeout (seconds)",
  AddVia: "Add HTTP Headers",
  CheckType: "Real Server Check Method",
  CheckUrl: "URL to check, or data to send",
  CheckHost: "Host of the check",
  CheckPattern: "Reply 200 Pattern, or reply pattern",
  MatchLen: "Find Match Within (bytes)",
  CheckPostData: "POST Data",
  CheckHeaders: "Custom Headers",
  "CheckUse1.1": "Use HTTP/1.1 in checks",
  CheckUseGet: "HTTP Method of the check",
  CheckCodes: "Custom status codes",
  CheckPort: "Checked Port",
  ChkInterval: "Check Interval (seconds)",
  ChkTimeout: "Connect Timeout (seconds)",
  ChkRetryCount: "Retry Count",
  EnhancedHealthChecks: "Enhanced Options",
  RsMinimum: "Minimum number of RS required for VS to be considered up",
  Critical: "Critical",
  Follow: "Healthcheck On (RS index)",
  Persist: "Persistence Mode",
  PersistTimeout: "Persistence Timeout (seconds)",
  Cookie: "Cookie or Header name",
  QueryTag: "Query Item to hash",
  ForceL4: "Force L4",
  SSLAcceleration: "SSL Acceleration",
  CertFile: "Certificates",
  TLSType: "Protocols not supported",
  AllowHTTP2: "HTTP/2",
  SSLReencrypt: "Reencrypt",
  SSLReverse: "Reverse SSL",
  PassSni: "Pass through SNI hostname",
  ReverseSNIHostname: "Reencryption SNI Hostname",
  SSLRewrite: "Rewrite Rules of redirects",
  CipherSet: "Cipher Set",
  Tls13CipherSet: "TLS1.3 Ciphers",
  ClientCert: "Client Certificates",
  IntermediateCerts: "Intermediate Certificates",
  NeedHostName: "Require SNI hostname",
  PassCipher: "Add Received Cipher Name",
  MaxConnsLimit: "Connections Limit",
  ConnsPerSecLimit: "Connections per Second Limit",
  RequestsPerSecLimit: "Requests per Second Limit",
  StandbyAddr: "Sorry Server Address",
  StandbyPort: "Sorry Server Port",
  ErrorCode: "Not Available Redirection: Error Code",
  ErrorUrl: "Not Available Redirection: URL",
  ExtraPorts: "Extra Ports",
  Compress: "Enable Compression",
  MultiConnect: "Enable Multiple Connect",
  HTTPReschedule: "Enable HTTP Reschedule",
  ServerInit: "Server Initiating Protocols",
  RefreshPersist: "Refresh Persist",
  QoS: "Quality of Service",
  SecurityHeaderOptions: "Strict Transport Security Header",
  CopyHdrFrom: "Copy Header in Request",
  CopyHdrTo: "Copy it to the Header",
  ExtraHdrKey: "Add Header to Request",
  ExtraHdrValue: "Value of that Header",
  Weight: "Weight",
  Limit: "Connection Limit",
};

const optionLabels: { readonly [name: string]: { readonly [value: string]: string } } = {
  VStype: { gen: "Generic", http: "HTTP", http2: "HTTP/2" },
  Schedule: {
    rr: "round robin",
    wrr: "weighted round robin",
    lc: "least connection",
    wlc: "weighted least connection",
    fixed: "fixed weighting",
    adaptive: "resource based (adaptive)",
    sh: "source IP hash",
    uhash: "URL hash",
  },
  CheckType: {
    icmp: "ICMP Ping",
    https: "HTTPS Protocol",
    http: "HTTP Protocol",
    tcp: "TCP Connection Only",
    smtp: "Mail (SMTP) Protocol",
    nntp: "News (NNTP) Protocol",
    ftp: "FTP Protocol",
    telnet: "Telnet Protocol",
    pop3: "Mail (POP3) Protocol",
    imap: "Mail (IMAP) Protocol",
    rdp: "Remote Terminal Protocol",
    bdata: "Binary Data",
    ldap: "LDAP Protocol",
    none: "None",
  },
  Persist: {
    none: "None",
    src: "Source IP Address",
    "active-cookie": "Active Cookie",
    url: "URL Hash",
    "query-hash": "Hash of HTTP Query Item",
    host: "HTTP Host Header",
    "active-cook-src": "Active Cookie or Source IP",
    cookie: "Server Cookie",
    "cookie-src": "Server Cookie or Source IP",
    "cookie-hash": "Hash of a Cookie",
    "cookie-hash-src": "Hash of a Cookie or Source IP",
    header: "Selected Header",
    super: "Super HTTP",
    "super-src": "Super HTTP and Source IP Address",
    ssl: "SSL Session ID",
    rdp: "Terminal Service",
    "rdp-src": "Terminal Service or Source IP",
    "rdp-sb": "Session Broker",
    "rdp-sb-src": "Session Broker or Source IP",
  },
  ServerInit: {
    0: "Normal Protocols",
    1: "SMTP",
    2: "SSH",
    3: "Other Server Initiating",
    4: "IMAP4",
    5: "MySQL",
    6: "POP3",
  },
  QoS: {
    0: "Normal-Service",
    1: "Minimize-Cost",
    2: "Maximize-Reliability",
    4: "Maximize-Throughput",
    8: "Minimize-Delay",
  },
  SecurityHeaderOptions: {
    0: "Don't add the Strict Transport Security Header",
    1: "Add the Strict Transport Security Header - no subdomains",
    2: "Add the Strict Transport Security Header - include subdomains",
    4: "Add the Strict Transport Security Header - no subdomains + preload",
    6: "Add the Strict Transport Security Header - include subdomains + preload",
  },
  SSLRewrite: { 0: "None", http: "http", https: "https" },
  ClientCert: {
    0: "No Client Certificates required",
    1: "Client Certificates required",
    2: "Client Certificates and add headers",
    3: "Client Certificates and pass DER through as SSL-CLIENT-CERT",
    4: "Client Certificates and pass DER through as X-CLIENT-CERT",
    5: "Client Certificates and pass PEM through as SSL-CLIENT-CERT",
    6: "Client Certificates and pass PEM through as X-CLIENT-CERT",
  },
  CheckUseGet: { 0: "HEAD", 1: "GET", 2: "POST", 3: "OPTIONS" },
};

/** These follow from others, are disregarded, or can be nothing else. Ciphers one by one are what a set of them is for. */
const hidden = new Set([
  "Ciphers",
  "OCSPVerify",
  "ForceL7",
  "Transparent",
  "non_local",
  "NonLocalSorryServer",
]);

function fieldOf({ name, type, about }: Parameter): SettingField | undefined {
  if (hidden.has(name)) return undefined;
  const words = optionLabels[name];
  const shared = { name, label: labels[name] ?? name, help: about };
  if (type.kind === "choice")
    return {
      ...shared,
      kind: "choice",
      options: type.values.map((each) => [each, words?.[each] ?? each] as const),
    };
  const kind = kindOf(type);
  if (kind === undefined) return undefined;
  return words === undefined
    ? { ...shared, kind }
    : { ...shared, kind: "choice", options: Object.entries(words) };
}

function kindOf(type: ParameterType): "switch" | "number" | "text" | undefined {
  switch (type.kind) {
    case "boolean":
      return "switch";
    case "integer":
      return "number";
    case "text":
    case "address":
      return "text";
    // What this unit cannot do is not offered.
    case "fixed":
    case "choice":
      return undefined;
  }
}

const fieldsOf = (parameters: readonly Parameter[]): readonly SettingField[] =>
  parameters.map(fieldOf).filter((each) => each !== undefined);

export const serviceFields = fieldsOf(serviceParameters);
export const serverFields = fieldsOf(serverParameters);

/** What a form starts from: what is off, the unit leaves out. */
export const serviceValues = (service: VirtualServiceView) => ({
  ...service,
  Persist: service.Persist ?? "none",
  SSLAcceleration: service.SSLAcceleration ?? false,
  CertFile: service.CertFile ?? "",
  IntermediateCerts: service.IntermediateCerts ?? "",
  CipherSet: service.CipherSet ?? "",
  Tls13CipherSet: service.Tls13CipherSet ?? "",
  ReverseSNIHostname: service.ReverseSNIHostname ?? "",
  // The command and the answer differ in its spelling.
  TLSType: service.TlsType,
});
export const newServer: Partial<RealServerView> = { Weight: 1000, Enable: true, Limit: 0 };
