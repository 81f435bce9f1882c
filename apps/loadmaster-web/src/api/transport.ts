/** Calls of the unit that these pages come from: the commands of its API under the session's cookie (SPEC LM3). */
import type { CommandName } from "@tandem/loadmaster-api/commands";
import { statusOf } from "@tandem/loadmaster-api/envelope";
import { csrfHeader, type HaView, type WuiSession, wuiPaths } from "@tandem/loadmaster-api/ha-view";
import type { LicenceView, OfferedLicences } from "@tandem/loadmaster-api/licence-commands";
import type { PairingCheckView, PairingStarted, PairingView } from "@tandem/loadmaster-api/pairing";
import type {
  CertificateView,
  HandOverView,
  InterfaceView,
  RulesView,
  StatisticsView,
  TemplateView,
  VirtualServiceView,
} from "@tandem/loadmaster-api/views";
import { isRefusal } from "@tandem/web-components/values/refusal";
import { unitErrorOf } from "./unit-error.ts";

/** Beyond what the slowest command takes, which looks at the segment for several seconds. */
const answerWithinMs = 60_000;
/** A unit that lives answers at once when it is asked who is signed in, or how it is. */
const atOnceMs = 5_000;

/** The status of a call whose token is not its session's. */
const forbidden = 403;

let csrf: string | null = null;

/** What commands answer that these pages use; every other one only says that it was done. */
type Answers = {
  readonly get: SystemValues;
  readonly getall: SystemValues;
  readonly set: { readonly warning?: string };
  readonly showiface: { readonly Interface: readonly InterfaceView[] };
  readonly listvs: { readonly VS?: readonly VirtualServiceView[] };
  readonly showrule: RulesView;
  readonly listtemplates: { readonly template: readonly TemplateView[] };
  readonly uploadtemplate: { readonly message: string };
  readonly exportvstmplt: { readonly data: string; readonly filename: string };
  readonly showhealth: CheckParametersView;
  readonly showadaptive: AdaptiveParametersView;
  readonly listcert: { readonly cert: readonly CertificateView[] };
  readonly listintermediate: { readonly cert: readonly CertificateView[] };
  readonly readcert: { readonly certificate: string };
  readonly readintermediate: { readonly certificate: string };
  readonly addcert: { readonly message: string };
  readonly addintermediate: { readonly message: string };
  readonly stats: StatisticsView;
  readonly showvs: VirtualServiceView;
  readonly addvs: VirtualServiceView;
  readonly hapaircheck: PairingCheckView;
  readonly hapair: PairingStarted;
  readonly hareplace: PairingStarted;
  readonly haunpair: PairingStarted;
  readonly hapairstatus: PairingView;
  readonly hahandover: HandOverView;
  readonly haview: HaView;
  readonly licenseinfo: LicenceView;
  readonly aslgetlicensetypes: { readonly offered: OfferedLicences };
  readonly backup: Backup;
  readonly backupcert: Backup;
  readonly getcipherset: { readonly cipherset: string };
  readonly restore: { readonly message: string };
  readonly restorecert: { readonly message: string };
  readonly aclcontrol: {
    readonly IP?: readonly { readonly addr: string; readonly comment: string }[];
    readonly isenabled?: boolean;
    readonly isdrop?: boolean;
  };
  readonly showroute: {
    readonly Route?: readonly { readonly Destination: string; readonly Gateway: string }[];
  };
  readonly gethosts: {
    readonly HostsEntry?: readonly { readonly HostIPAddress: string; readonly HostFQDN: string }[];
  };
  readonly "logging.listsyslogfiles": {
    readonly File?: readonly { readonly Name: string; readonly Size: number }[];
  };
  readonly "logging.savelogs": Saved;
  readonly "logging.tcpdump": Saved;
  readonly "logging.showlog": Words;
  readonly "logging.ping": Words;
  readonly "logging.ping6": Words;
  readonly "logging.traceroute": Words;
  readonly "logging.top": Words;
  readonly "logging.meminfo": Words;
  readonly "logging.cpuinfo": Words;
  readonly "logging.df": Words;
  readonly "logging.ps": Words;
  readonly "logging.ifconfig": Words;
  readonly "logging.netstat": Words;
  readonly "logging.interrupts": Words;
  readonly "logging.partitions": Words;
  readonly "logging.lsmod": Words;
  readonly "logging.slabinfo": Words;
  readonly userlist: { readonly User?: readonly UserView[] };
  readonly listapikeys: { readonly apikeys: readonly string[] };
  /** `apikey` whole, this once. */
  readonly addapikey: { readonly apikey: string };
};
type AnswerOf<Name extends CommandName> = Name extends keyof Answers ? Answers[Name] : object;

type Words = { readonly message: string };
/** `data` is base64. */
type Saved = { readonly data: string; readonly filename: string };
/** `Perms` are separated by commas. */
type UserView = { readonly Name: string; readonly Perms: string };
/** Seconds, seconds, times. */
type CheckParametersView = {
  readonly RetryInterval: number;
  readonly Timeout: number;
  readonly RetryCount: number;
};
type AdaptiveParametersView = {
  readonly AdaptiveInterval: number;
  readonly AdaptiveURL: string;
  readonly AdaptivePort: number;
  readonly MinPercent: number;
};
export type SystemValues = { readonly [parameter: string]: string | number | boolean };
/** `data` is base64. */
type Backup = { readonly data: string; readonly digest: string; readonly filename: string };
export type Parameters = { readonly [name: string]: string | number | boolean };

async function ask(path: string, init: RequestInit, withinMs: number): Promise<unknown> {
  const response = await fetch(path, {
    ...init,
    headers: {
      ...(init.body === undefined ? {} : { "content-type": "application/json" }),
      ...(csrf === null ? {} : { [csrfHeader]: csrf }),
    },
    credentials: "same-origin",
    signal: AbortSignal.timeout(withinMs),
  });
  const answered = await response.text();
  let body: unknown = {};
  try {
    body = answered === "" ? {} : JSON.parse(answered);
  } catch {
    // The status says what there is to know.
  }
  const members = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  if (!response.ok) throw unitErrorOf(response.status, members);
  return members;
}

async function carryOut(body: string, withinMs: number): Promise<Record<string, unknown>> {
  const answer = (await ask("/accessv2", { method: "POST", body }, withinMs)) as Record<string, unknown>;
  const status = statusOf(200, answer);
  if (status !== 200) throw unitErrorOf(status, answer);
  return answer;
}

/** Carries out a command. Throws UnitError for a refusal, another error when the unit does not answer. */
export async function command<Name extends CommandName>(
  cmd: Name,
  parameters: Parameters = {},
  withinMs = answerWithinMs,
): Promise<AnswerOf<Name>> {
  const body = JSON.stringify({ cmd, ...parameters });
  try {
    return (await carryOut(body, withinMs)) as AnswerOf<Name>;
  } catch (error) {
    if (!isRefusal(error) || error.status !== forbidden) throw error;
    // Nothing was done. Somebody signed in anew in another tab, so that the cookie's session has another token.
    await whoAmI();
    return (await carryOut(body, withinMs)) as AnswerOf<Name>;
  }
}

export const presentState = (): Promise<HaView> => command("haview", {}, atOnceMs);

const known = (session: unknown): WuiSession => {
  const { csrf: token } = session as WuiSession;
  csrf = token;
  return session as WuiSession;
};

/** Who is signed in; throws UnitError with status 401 when nobody is. */
export const whoAmI = async (): Promise<WuiSession> =>
  known(await ask(wuiPaths.session, { method: "GET" }, atOnceMs));

export const signIn = async (user: string, password: string): Promise<WuiSession> =>
  known(
    await ask(
      wuiPaths.session,
      { method: "POST", body: JSON.stringify({ apiuser: user, apipass: password }) },
      answerWithinMs,
    ),
  );

export async function signOut(): Promise<void> {
  await ask(wuiPaths.session, { method: "DELETE" }, atOnceMs);
  csrf = null;
}
