/**
 * A client of the LoadMaster RESTful API v2 (`POST /accessv2`, JSON), for units of ours and for others that speak it.
 *
 * Certificates of units are self-signed, so the first one seen is pinned by the SHA-256 of its public key, and no
 * password or key is sent before the pin has been compared. A unit drops connections after 30 calls in 3 s: calls wait
 * here so that this client alone makes fewer. A unit may answer a failure with HTTP 200, so status and body both count.
 */
import { createHash } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { Epoch } from "@tandem/base/epoch";
import { err, ok, type Result } from "@tandem/base/result";
import type { WallMillis } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import { commands, isCommand } from "./commands.ts";
import { statusOf } from "./envelope.ts";
import { type Difference, fenceParameters, fenceRefusalIn } from "./fence-parameters.ts";
import {
  readHosts,
  type SyslogHost,
  type SyslogSettings,
  syslogLevels,
  syslogPortDefault,
} from "./syslog-levels.ts";
import type {
  HandOverView,
  HaStatusWord,
  InterfaceView,
  RealServerView,
  StatisticsView,
  VirtualServiceView,
} from "./views.ts";

/** Fewer than the 30 per 3 s that make a unit drop connections, so that other tools find room too. */
export const callsPerWindow = 24;
export const windowMs = 3_000;
/** Calls that may wait for their turn; one more is refused as `busy`. */
export const waitingCallsMax = 200;
/** Before each further attempt at a call that changes nothing, once the unit has hung up. */
export const retryWaitsMs: readonly number[] = [1_000, 2_000];
/** What Node calls it when the other end closes before it answers. */
const hungUp = "ECONNRESET";
export const answerMaxBytes = 16 * 1024 * 1024;
const defaultTimeoutMs = 10_000;

export type Credentials =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "apikey"; readonly apikey: string };

export type LoadMasterClientOptions = {
  /** The unit's own address, or the shared one. */
  readonly address: string;
  /** Default 443. */
  readonly port?: number;
  readonly credentials: Credentials;
  /** SHA-256 of the certificate's public key (SubjectPublicKeyInfo DER), 64 hexadecimal digits. Absent: the first one seen is pinned. */
  readonly fingerprint?: string;
  /** Called once when the first one seen has been pinned, so that it can be kept. */
  readonly onFirstUse?: (fingerprint: string) => void;
  /** For one call, waiting for its turn not counted. Default 10 s. */
  readonly timeoutMs?: number;
  /** Address to connect from; the system's choice by default. */
  readonly localAddress?: string;
};

/** Every way in which a call can fail; all have a message for people. */
export type CallError =
  | { readonly kind: "unreachable"; readonly message: string; readonly code: string }
  | { readonly kind: "timeout"; readonly message: string; readonly timeoutMs: number }
  | {
      readonly kind: "wrong-certificate";
      readonly message: string;
      readonly expected: string;
      readonly actual: string;
    }
  | { readonly kind: "unauthorised"; readonly message: string }
  /** The unit answered that it will not: `code` is its status (422 and the like), `message` its words. */
  /** `known: false`: the first result of a run, which was interrupted there; whether it took effect is not known. */
  | { readonly kind: "refused"; readonly message: string; readonly code: number; readonly known?: false }
  | FenceError
  | { readonly kind: "malformed"; readonly message: string }
  | { readonly kind: "busy"; readonly message: string };

/** The unit keeps a run from taking effect late, twice or blindly (SPEC CH22); nothing was changed by this call. */
export type FenceError =
  /** It has heard a newer Master, so many milliseconds ago. */
  | {
      readonly kind: "fenced";
      readonly message: string;
      readonly holder: Epoch;
      readonly lastHeardMs: number;
    }
  /** The same run is under way there, or on its partner. */
  | { readonly kind: "in-progress"; readonly message: string }
  /** It was due before what the unit remembers; `oldest` is the least due time that it admits. */
  | { readonly kind: "too-old"; readonly message: string; readonly oldest: WallMillis }
  /** The configuration is another one than the change was based on. */
  | {
      readonly kind: "moved-on";
      readonly message: string;
      readonly revision: string;
      readonly difference: Difference;
    };

export type Answer = {
  readonly code: number;
  readonly status: string;
  readonly message?: string;
  readonly [field: string]: unknown;
};
export type CallResult<Value = Answer> = Promise<Result<Value, CallError>>;
export type ParameterValue = string | number | boolean;
export type Parameters = { readonly [name: string]: ParameterValue };

/** A virtual service by index, or by address, port and protocol. */
export type ServiceReference =
  | number
  | { readonly address: string; readonly port: number; readonly protocol?: "tcp" | "udp" };
/** A real server by index, or by address and port. */
export type ServerReference = number | { readonly address: string; readonly port: number };

export type Backup = {
  /** Null: the run was performed before, and the unit can no longer make the bytes it made then. */
  readonly bytes: Uint8Array | null;
  /** SHA-256 of the bytes. Equal configurations of a unit of ours have equal ones. */
  readonly digest: string;
  /** Units of ours only. */
  readonly revision?: string;
  readonly repeated: boolean;
};

export type HaView = {
  readonly hamode: number;
  readonly hastatus: HaStatusWord | string;
  /** Seconds since the Unix epoch; 0 on a standby. */
  readonly activetime: number;
};

/** A service that is no SubVS. */
export type AddressedServiceView = VirtualServiceView & { VSAddress: string };
const isAddressed = (view: VirtualServiceView): view is AddressedServiceView =>
  view.VSAddress !== undefined && !view.MasterVSID;

export class LoadMasterClient {
  readonly #options: LoadMasterClientOptions;
  #fingerprint: string | undefined;
  #starts: number[] = [];
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoadMasterClientOptions) {
    this.#options = options;
    this.#fingerprint = options.fingerprint?.toLowerCase();
  }

  /** The pinned fingerprint; undefined before the first contact. */
  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  /**
   * Any command. Parameters are sent as they are; the answer's fields stand at its top level. With a fence a unit of ours
   * performs the run at most once; `repeated: true` in the answer says that it is the first result, given again.
   * `timeoutMs` is for commands that take longer than others.
   */
  async call(
    command: string,
    parameters: Parameters = {},
    fence?: Fence,
    timeoutMs: number = this.#options.timeoutMs ?? defaultTimeoutMs,
  ): CallResult {
    if (!(await this.#turn()))
      return err({
        kind: "busy",
        message: `${waitingCallsMax} calls already wait for ${this.#options.address}`,
      });
    const { credentials } = this.#options;
    const authentication =
      credentials.kind === "apikey"
        ? { apikey: credentials.apikey }
        : { apiuser: credentials.user, apipass: credentials.password };
    const fenced = fence === undefined ? {} : fenceParameters(fence);
    const body = JSON.stringify({ ...parameters, ...fenced, cmd: command, ...authentication });
    for (const waitMs of isReading(command) && fence === undefined ? retryWaitsMs : []) {
      const answer = await this.#post(body, timeoutMs);
      // A unit that is called too often ends the connection without an answer; others may be calling it, too.
      if (answer.ok || answer.error.kind !== "unreachable" || answer.error.code !== hungUp) return answer;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    return this.#post(body, timeoutMs);
  }

  /** `get`: the parameter's value as the unit types it. */
  async get(param: string): CallResult<unknown> {
    const answer = await this.call("get", { param });
    if (!answer.ok) return answer;
    const field = Object.keys(answer.value).find((key) => key.toLowerCase() === param.toLowerCase());
    return field === undefined
      ? err({ kind: "malformed", message: `the answer to get ${param} does not hold it` })
      : ok(answer.value[field]);
  }

  set(param: string, value: ParameterValue): CallResult {
    return this.call("set", { param, value });
  }

  /** Those that clients reach: a SubVS has no address, and belongs to the view of the service above it. */
  async listVirtualServices(): CallResult<AddressedServiceView[]> {
    const listed: Result<VirtualServiceView[], CallError> = field(await this.call("listvs"), "VS");
    return listed.ok ? ok(listed.value.filter(isAddressed)) : listed;
  }

  async showVirtualService(service: ServiceReference): CallResult<VirtualServiceView> {
    return whole(await this.call("showvs", serviceParameters(service)));
  }

  /** `parameters` are those of `addvs` beside vs, port and prot: VStype, NickName, Enable, CheckType, … */
  async addVirtualService(
    address: string,
    port: number,
    protocol: "tcp" | "udp" = "tcp",
    parameters: Parameters = {},
  ): CallResult<VirtualServiceView> {
    return whole(await this.call("addvs", { vs: address, port, prot: protocol, ...parameters }));
  }

  async modifyVirtualService(
    service: ServiceReference,
    parameters: Parameters,
  ): CallResult<VirtualServiceView> {
    return whole(await this.call("modvs", { ...serviceParameters(service), ...parameters }));
  }

  deleteVirtualService(service: ServiceReference): CallResult {
    return this.call("delvs", serviceParameters(service));
  }

  async addRealServer(
    service: ServiceReference,
    address: string,
    port: number,
    parameters: Parameters = {},
  ): CallResult<RealServerView[]> {
    return field(
      await this.call("addrs", { ...serviceParameters(service), rs: address, rsport: port, ...parameters }),
      "Rs",
    );
  }

  async showRealServer(service: ServiceReference, server: ServerReference): CallResult<RealServerView[]> {
    return field(
      await this.call("showrs", { ...serviceParameters(service), ...serverParameters(server) }),
      "Rs",
    );
  }

  async modifyRealServer(
    service: ServiceReference,
    server: ServerReference,
    parameters: Parameters,
  ): CallResult<RealServerView[]> {
    return field(
      await this.call("modrs", { ...serviceParameters(service), ...serverParameters(server), ...parameters }),
      "Rs",
    );
  }

  deleteRealServer(service: ServiceReference, server: ServerReference): CallResult {
    return this.call("delrs", { ...serviceParameters(service), ...serverParameters(server) });
  }

  async listInterfaces(): CallResult<InterfaceView[]> {
    return field(await this.call("showiface"), "Interface");
  }

  /** One parameter of an interface (`partner`, `shared`, …): the API changes one per call. */
  modifyInterface(id: number, parameter: string, value: ParameterValue): CallResult {
    return this.call("modiface", { interface: id, [parameter]: value });
  }

  setPartnerSecret(secret: string): CallResult {
    return this.call("setpartnersecret", { secret });
  }

  /** *Force Partner Update*: answers once the standby has put the configuration in force, or refuses with the reason. */
  forcePartnerUpdate(): CallResult {
    return this.call("forcepartnerupdate");
  }

  /** Of the configuration that the unit's pair shares: what a change is based on. Only units of ours have one. */
  async revision(): CallResult<string> {
    const answer = await this.get("revision");
    return answer.ok ? ok(String(answer.value)) : answer;
  }

  /** Lets a unit of ours know who is Master, at the price of the least question there is; others hear nothing by it. */
  tellEpoch(epoch: Epoch): CallResult {
    return this.call("get", { param: "version", ...heardEpoch(epoch) });
  }

  /** Counters of the unit, its virtual services and their real servers. */
  async statistics(epoch?: Epoch): CallResult<StatisticsView> {
    const answer = await this.call("stats", epoch === undefined ? {} : heardEpoch(epoch));
    if (!answer.ok) return answer;
    // A unit without services leaves the lists out.
    return ok({
      ...answer.value,
      Vs: listIn(answer.value, "Vs"),
      Rs: listIn(answer.value, "Rs"),
    } as unknown as StatisticsView);
  }

  /** The whole configuration as one file. */
  async backup(fence?: Fence): CallResult<Backup> {
    const answer = await this.call("backup", {}, fence);
    if (!answer.ok) return answer;
    const { data, digest, revision, repeated } = answer.value;
    const bytes = typeof data === "string" ? Buffer.from(data, "base64") : null;
    const actual = bytes === null ? undefined : createHash("sha256").update(bytes).digest("hex");
    if (bytes === null && typeof digest !== "string")
      return err({ kind: "malformed", message: "the answer to backup holds no file" });
    if (actual !== undefined && typeof digest === "string" && digest !== actual)
      return err({
        kind: "malformed",
        message: "the backup's bytes do not have the digest that came with them",
      });
    return ok({
      bytes,
      digest: actual ?? String(digest),
      ...(typeof revision === "string" ? { revision } : {}),
      repeated: repeated === true,
    });
  }

  /** Starts the unit again; it answers before it does. With a fence, the run's result is known once it is back. */
  reboot(fence?: Fence): CallResult {
    return this.call("reboot", {}, fence);
  }

  /**
   * The active unit gives its role to its standby; answers once the role has moved, or refuses with the reasons. At the
   * shared address the answer comes before, since the address moves with the role.
   */
  async handOver(fence?: Fence): CallResult<HandOverView> {
    const answer = await this.call("hahandover", {}, fence);
    return answer.ok ? ok(answer.value as unknown as HandOverView) : answer;
  }

  /** One call, since each counts against the unit's limit. */
  async getSyslogHosts(): CallResult<SyslogSettings> {
    const answer = await this.call("getall");
    if (!answer.ok) return answer;
    const values = new Map(
      Object.entries(answer.value).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    return ok({
      hosts: syslogLevels.flatMap(({ level, parameter }) =>
        readHosts(values.get(parameter) ?? "").map((host) => ({ host, level })),
      ),
      port: Number(values.get("syslogport") ?? syslogPortDefault),
      protocol: values.get("syslogprot") === "tcp" ? "tcp" : "udp",
      // A unit that is not ours has no framing to choose, and ends each message with a line feed.
      framing: values.get("syslogframing") === "octet-counting" ? "octet-counting" : "newline",
    });
  }

  /**
   * Makes the unit send its syslog to exactly these hosts. Those that are to have another level, or none, are taken out
   * first, since a host may stand in one level only; the others are sent to throughout.
   */
  async setSyslogHosts(wanted: SyslogSettings): CallResult<SyslogSettings> {
    const present = await this.getSyslogHosts();
    if (!present.ok) return present;
    const hostsAt = (hosts: readonly SyslogHost[], level: string): string[] =>
      hosts.filter((each) => each.level === level).map(({ host }) => host);
    const settings: [string, ParameterValue][] = [];
    if (wanted.port !== present.value.port) settings.push(["syslogport", wanted.port]);
    if (wanted.protocol !== present.value.protocol) settings.push(["syslogprot", wanted.protocol]);
    if (wanted.protocol === "tcp" && wanted.framing !== present.value.framing)
      settings.push(["syslogframing", wanted.framing]);
    const levels = syslogLevels.map(({ level, parameter }) => {
      const before = hostsAt(present.value.hosts, level);
      const after = hostsAt(wanted.hosts, level);
      return { parameter, before, after, staying: before.filter((host) => after.includes(host)) };
    });
    for (const { parameter, before, staying } of levels)
      if (staying.length < before.length) settings.push([parameter, staying.join(",")]);
    for (const { parameter, after, staying } of levels)
      if (staying.length < after.length) settings.push([parameter, after.join(",")]);
    for (const [parameter, value] of settings) {
      const set = await this.set(parameter, value);
      if (!set.ok) return set;
    }
    return ok(wanted);
  }

  /** The role of the unit behind the address: ask each unit at its own, since any of them may hold the shared one. */
  async highAvailability(): CallResult<HaView> {
    const hamode = await this.get("hamode");
    if (!hamode.ok) return hamode;
    const hastatus = await this.get("hastatus");
    if (!hastatus.ok) return hastatus;
    const activetime = await this.get("activetime");
    if (!activetime.ok) return activetime;
    return ok({
      hamode: Number(hamode.value),
      hastatus: String(hastatus.value),
      activetime: Number(activetime.value),
    });
  }

  /** Resolves when a call may start; false when too many wait already. */
  #turn(): Promise<boolean> {
    if (this.#waiting.length >= waitingCallsMax) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(true));
      this.#admit();
    });
  }

  #admit(): void {
    const now = performance.now();
    this.#starts = this.#starts.filter((start) => now - start < windowMs);
    while (this.#waiting.length > 0 && this.#starts.length < callsPerWindow) {
      this.#starts.push(now);
      this.#waiting.shift()?.();
    }
    if (this.#waiting.length > 0 && this.#timer === undefined) {
      const oldest = this.#starts[0] ?? now;
      this.#timer = setTimeout(
        () => {
          this.#timer = undefined;
          this.#admit();
        },
        Math.max(1, oldest + windowMs - now),
      );
    }
  }

  #post(body: string, timeoutMs: number): CallResult {
    const port = this.#options.port ?? 443;
    const where = `${this.#options.address}:${port}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        finish(
          err({ kind: "timeout", message: `${where} did not answer within ${timeoutMs} ms`, timeoutMs }),
        );
      }, timeoutMs);
      const failed = (error: NodeJS.ErrnoException): void => {
        if (error instanceof WrongCertificate)
          finish(
            err({
              kind: "wrong-certificate",
              message: `${where} showed the key ${error.actual}, not the pinned ${error.expected}; if the unit was replaced on purpose, forget the old key`,
              expected: error.expected,
              actual: error.actual,
            }),
          );
        else
          finish(
            err({
              kind: "unreachable",
              message: `${where} cannot be reached: ${error.message}`,
              code: error.code ?? "unknown",
            }),
          );
      };
      // One connection per call: a kept-alive one that the unit closes meanwhile would leave it unknown whether
      // a command was carried out. The request is made for a connection that is there: what HTTP sets up for one
      // that comes to nothing stays in memory until the next full collection, and a fleet has thousands of them.
      const hangUp = connectPinned(
        this.#options,
        (actual) => this.#check(actual),
        failed,
        (socket) => {
          const outgoing = request({
            createConnection: () => socket,
            host: this.#options.address,
            port,
            path: "/accessv2",
            method: "POST",
            headers: {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(body),
              connection: "close",
            },
          });
          outgoing.on("error", failed);
          outgoing.on("response", (response) => {
            void readBody(response).then((answer) =>
              finish(answer.ok ? interpret(response.statusCode ?? 0, answer.value) : answer),
            );
          });
          outgoing.end(body);
        },
      );
      const finish = (result: Result<Answer, CallError>): void => {
        clearTimeout(timer);
        hangUp();
        resolve(result);
      };
    });
  }

  #check(actual: string): WrongCertificate | undefined {
    if (this.#fingerprint === undefined) {
      this.#fingerprint = actual;
      this.#options.onFirstUse?.(actual);
    }
    return this.#fingerprint === actual ? undefined : new WrongCertificate(this.#fingerprint, actual);
  }
}

class WrongCertificate extends Error {
  readonly expected: string;
  readonly actual: string;
  constructor(expected: string, actual: string) {
    super("wrong certificate");
    this.expected = expected;
    this.actual = actual;
  }
}

/**
 * One for all connections, since none differs from another in it: one of its own for each would cost more than the
 * refusal that a device out of reach answers with, and its memory outside the heap would be given back late.
 */
let sharedContext: SecureContext | undefined;
const secureContext = (): SecureContext => {
  sharedContext ??= createSecureContext({ minVersion: "TLSv1.2" });
  return sharedContext;
};

/**
 * Hands on a TLS socket only after the key at its other end has been compared with the pin. TLS begins once somebody has
 * answered: most of what a device out of reach would cost is thereby saved. Answers what ends it, at any time.
 */
function connectPinned(
  { address, port = 443, localAddress }: LoadMasterClientOptions,
  check: (fingerprint: string) => WrongCertificate | undefined,
  failed: (error: Error) => void,
  done: (socket: TLSSocket) => void,
): () => void {
  let socket: Socket = connectTcp({
    host: address,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  socket.on("error", failed);
  socket.once("connect", () => {
    const tcp = socket;
    const tls = connect({
      socket: tcp,
      // The pin takes the place of a certificate authority.
      rejectUnauthorized: false,
      secureContext: secureContext(),
    });
    socket = tls;
    tls.on("error", failed);
    tls.once("secureConnect", () => {
      const certificate = tls.getPeerX509Certificate();
      const wrong =
        certificate === undefined
          ? new Error("it showed no certificate")
          : check(
              createHash("sha256")
                .update(certificate.publicKey.export({ type: "spki", format: "der" }))
                .digest("hex"),
            );
      if (wrong === undefined) done(tls);
      else failed(wrong);
    });
  });
  return () => socket.destroy();
}

/** The fingerprint that a unit shows, without anything secret being sent to it. */
export function shownFingerprint(
  where: Pick<LoadMasterClientOptions, "address" | "port" | "localAddress">,
  timeoutMs: number = defaultTimeoutMs,
): CallResult<string> {
  const at = `${where.address}:${where.port ?? 443}`;
  return new Promise((resolve) => {
    let shown = "";
    const timer = setTimeout(
      () =>
        finish(err({ kind: "timeout", message: `${at} did not answer within ${timeoutMs} ms`, timeoutMs })),
      timeoutMs,
    );
    const hangUp = connectPinned(
      { ...where, credentials: { kind: "apikey", apikey: "" } },
      (actual) => {
        shown = actual;
        return undefined;
      },
      (error: NodeJS.ErrnoException) =>
        finish(
          err({
            kind: "unreachable",
            message: `${at} cannot be reached: ${error.message}`,
            code: error.code ?? "unknown",
          }),
        ),
      () => finish(ok(shown)),
    );
    const finish = (result: Result<string, CallError>): void => {
      clearTimeout(timer);
      hangUp();
      resolve(result);
    };
  });
}

function readBody(response: IncomingMessage): CallResult<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    response.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > answerMaxBytes) {
        resolve(err({ kind: "malformed", message: `the answer is longer than ${answerMaxBytes} bytes` }));
        response.destroy();
      } else parts.push(part);
    });
    response.on("end", () => resolve(ok(Buffer.concat(parts).toString("utf8"))));
    response.on("error", (error) =>
      resolve(
        err({ kind: "unreachable", message: `the answer broke off: ${error.message}`, code: "broken-off" }),
      ),
    );
  });
}

/** Both the HTTP status and the body's `status` and `code` must say that it went well. */
export function interpret(httpStatus: number, body: string): Result<Answer, CallError> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    if (httpStatus === 401)
      return err({ kind: "unauthorised", message: "the unit refused the user, password or API key" });
    return err({
      kind: "malformed",
      message: `HTTP ${httpStatus} with a body that is not JSON; API v2 may be switched off there`,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return err({ kind: "malformed", message: `HTTP ${httpStatus} with JSON that is not an object` });
  const answer = parsed as Answer;
  const code = statusOf(httpStatus, answer);
  if (code === 200) return ok(answer);
  const message = typeof answer.message === "string" ? answer.message : `the unit answered ${code}`;
  if (code === 401) return err({ kind: "unauthorised", message });
  const outcome = answer.known === false ? { known: false as const } : {};
  return err(fenceErrorIn(answer, message) ?? { kind: "refused", code, message, ...outcome });
}

function fenceErrorIn(answer: Answer, message: string): FenceError | undefined {
  const refusal = fenceRefusalIn(answer);
  switch (refusal?.reason) {
    case undefined:
      return undefined;
    case "older-epoch":
      return { kind: "fenced", message, holder: refusal.holder, lastHeardMs: refusal.lastHeardMs };
    case "in-progress":
      return { kind: "in-progress", message };
    case "too-old":
      return { kind: "too-old", message, oldest: refusal.oldest };
    case "moved-on":
      return { kind: "moved-on", message, revision: refusal.revision, difference: refusal.difference };
  }
}

/** Whether a command changes nothing, so that asking once more does no harm. */
const isReading = (command: string): boolean => isCommand(command) && commands[command].changes === "nothing";

const heardEpoch = ({ n, unit }: Epoch): Parameters => ({ epoch: n, epochunit: unit });

const serviceParameters = (service: ServiceReference): Parameters =>
  typeof service === "number"
    ? { vs: String(service) }
    : { vs: service.address, port: service.port, prot: service.protocol ?? "tcp" };

const serverParameters = (server: ServerReference): Parameters =>
  typeof server === "number" ? { rs: `!${server}` } : { rs: server.address, rsport: server.port };

const listIn = (answer: Answer, name: string): unknown[] => {
  const rows = answer[name] ?? [];
  return Array.isArray(rows) ? rows : [rows];
};

/** A list out of an answer. A unit without any leaves the field out. */
function field<Row>(answer: Result<Answer, CallError>, name: string): Result<Row[], CallError> {
  if (!answer.ok) return answer;
  return ok(listIn(answer.value, name) as Row[]);
}

function whole<View>(answer: Result<Answer, CallError>): Result<View, CallError> {
  return answer.ok ? ok(answer.value as unknown as View) : answer;
}
