/** The one place where a unit is put together from its parts: real ones, or those that a test gives. */

import { chmod, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isIpv6 } from "@tandem/base/ipv6";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";
import type { World } from "@tandem/base/world";
import { countEstablished, listUdpFlows, removeUdpFlows } from "@tandem/linux/conntrack-list";
import { ConntrackdProcess } from "@tandem/linux/conntrackd-process";
import { HaproxyProcess } from "@tandem/linux/haproxy-process";
import { applyRuleset, readCounters } from "@tandem/linux/nft";
import { Pinger } from "@tandem/linux/ping";
import { systemUser } from "@tandem/loadmaster-api/permissions";
import { managementUser } from "@tandem/loadmaster-api/user-parameters";
import { loadOrCreateIdentity } from "@tandem/peer-link/identity";
import { writeFirstPassword } from "./access/first-password.ts";
import { hashPassword, newPassword } from "./access/passwords.ts";
import { passwordHashOf } from "./access/users.ts";
import { unitGate, unitHandlers, version } from "./api/handlers.ts";
import { ApiServer } from "./api/server.ts";
import { onNetworkOf, type UnitConfiguration } from "./configuration-file.ts";
import { LedgerStore } from "./fencing/ledger-store.ts";
import type { CarpRole } from "./ha/carp-role.ts";
import { LicenceStore } from "./licensing/licence-store.ts";
import { machineDigest } from "./licensing/machine-digest.ts";
import { UnitLicensing } from "./licensing/unit-licensing.ts";
import { LogFiles } from "./logs/log-files.ts";
import { realWorld } from "./real-world.ts";
import type { Restart } from "./reboot.ts";
import { AdaptiveWeights } from "./services/adaptive-weights.ts";
import { Layer4 } from "./services/layer4.ts";
import { RuntimeState } from "./services/runtime-state.ts";
import { serverChecker } from "./services/server-check.ts";
import { serverLoad } from "./services/server-load.ts";
import { StandaloneAddresses } from "./services/standalone-addresses.ts";
import { UnitChecks } from "./services/unit-checks.ts";
import { newDocument } from "./state/document.ts";
import { DocumentStore } from "./state/store.ts";
import { SyslogSender } from "./syslog/sender.ts";
import { type Log, Unit } from "./unit.ts";
import { BrowserSessions } from "./wui/browser-sessions.ts";
import { StatusStreams } from "./wui/status-streams.ts";

export type Assembled = {
  readonly unit: Unit;
  readonly api: ApiServer;
  /** Of the first start only: where the first password is. */
  readonly firstPassword: { readonly path: string; readonly password: string } | undefined;
  start(): Promise<void>;
  /** The unit's log, which its syslog hosts are sent as well. */
  readonly log: Log;
  /** Orderly: carpd, HAProxy, then the API. */
  stop(): Promise<void>;
};

/** For tests: other clocks, and less patience with a Central. */
export type LicensingSeams = { readonly world?: World; readonly callTimeoutMs?: number };

export async function assemble(
  configuration: UnitConfiguration,
  parts: {
    readonly carp: CarpRole;
    readonly log: Log;
    readonly restart: Restart;
    readonly licensing?: LicensingSeams;
  },
): Promise<Result<Assembled, FieldError>> {
  const { stateDir, interfaces } = configuration;
  // Receivers know a unit by its own address, so a message leaves from the one in the receiver's network.
  const syslog = new SyslogSender((host) => {
    const on = interfaces.find((each) => onNetworkOf(each, host));
    return isIpv6(host) ? on?.address6 : on?.address;
  });
  const logFiles = new LogFiles(stateDir);
  const log: Log = (level, event, details) => {
    parts.log(level, event, details);
    syslog.send(level, event, details);
    logFiles.write(level, event, details);
  };
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await chmod(stateDir, 0o700);
  const store = new DocumentStore(stateDir);
  const loaded = await store.load();
  if (!loaded.ok) return err(loaded.error);
  const ledgerStore = new LedgerStore(stateDir);
  const { ledger, lost } = await ledgerStore.load(Date.now());
  if (lost !== undefined) log("error", "actions-unreadable", lost);
  const identity = await loadOrCreateIdentity(join(stateDir, "identity"), {
    commonName: configuration.name,
    addresses: configuration.interfaces.map((each) => each.address),
  });
  let firstPassword: Assembled["firstPassword"];
  let document = loaded.value;
  if (document === null) {
    const password = newPassword();
    document = newDocument(configuration.name, await hashPassword(password));
    // The password is readable before the document refers to it, so a crash in between only makes another one.
    firstPassword = { path: await writeFirstPassword(stateDir, password), password };
    await store.save(document);
  }
  const { world = realWorld, ...patience } = parts.licensing ?? {};
  const licenceStore = new LicenceStore(stateDir);
  const licensing = new UnitLicensing({
    world,
    store: licenceStore,
    loaded: await licenceStore.load(world.wall()),
    log,
    ...patience,
  });
  const haproxy = new HaproxyProcess({
    directory: join(stateDir, "haproxy"),
    observe: ({ event, ...details }) =>
      log(event === "haproxy-refused" || event === "haproxy-gone" ? "warn" : "info", event, details),
  });
  let pingFault: string | undefined;
  const pinger = new Pinger();
  const check = serverChecker(async (address, timeoutMs) => {
    try {
      return await pinger.ping(address, timeoutMs);
    } catch (error) {
      const { message } = error as Error;
      if (message !== pingFault) log("error", "ping-impossible", { reason: message });
      pingFault = message;
      throw error;
    }
  });
  const layer4 = new Layer4({
    applyRuleset,
    readCounters,
    countEstablished,
    listUdpFlows,
    removeUdpFlows,
    check,
    troubled: (reason) => {
      if (reason !== undefined) log("error", "layer4-not-in-force", { reason });
    },
  });
  const runtimeState = new RuntimeState({
    haproxy,
    troubled: (reason) => log(reason === undefined ? "info" : "warn", "haproxy-not-told", { reason }),
  });
  const connections = new ConntrackdProcess({
    directory: join(stateDir, "conntrackd"),
    observe: ({ event, ...details }) => log(event === "conntrackd-gone" ? "warn" : "info", event, details),
  });
  const unit = new Unit({
    configuration,
    identity,
    document,
    store,
    ledger,
    ledgerStore,
    haproxy,
    layer4,
    runtimeState,
    unitChecks: new UnitChecks({ check, runtimeState }),
    adaptiveWeights: new AdaptiveWeights({
      load: serverLoad,
      // Without carpd the unit is alone, or pacified and so without the shared addresses.
      carriesTraffic: () =>
        parts.carp.status === null ? parts.carp.pacified === null : parts.carp.status.role === "master",
      runtimeState,
      changed: (address, load) => log("warn", "server-load", { address, load }),
    }),
    closePing: () => pinger.close(),
    connections,
    carp: parts.carp,
    licensing,
    machine: await machineDigest(interfaces.map(({ device }) => device)),
    version,
    restart: parts.restart,
    standalone: new StandaloneAddresses(stateDir),
    syslog,
    logFiles,
    ...(await proxyUser()),
    log,
  });
  const gate = unitGate(unit, log);
  const api = new ApiServer({
    identity,
    port: configuration.apiPort,
    gate,
    handlers: unitHandlers(unit),
    wui: {
      sessions: new BrowserSessions(
        identity.unit,
        (user) =>
          passwordHashOf(unit.document.unit, user) ??
          (user === managementUser ? licensing.accountMark : undefined),
      ),
      streams: new StatusStreams({
        view: (localAddress) => unit.haView(localAddress, version),
        onChange: (listener) => unit.onViewChange(listener),
      }),
      signIn: gate.signIn,
      permissionsOf: (user) => (user === systemUser ? undefined : unit.personOf(user).permissions),
    },
    failed: (error) => log("error", "api-failed", { reason: error.message, stack: error.stack }),
  });
  return ok({
    unit,
    api,
    firstPassword,
    log,
    start: () => unit.start((addresses) => api.listenOn(addresses)),
    async stop() {
      await unit.stop();
      await api.close();
      log("info", "stopped", {});
      await syslog.close();
      await logFiles.settled();
    },
  });
}

/** The user that the HAProxy package makes, where it is there. */
async function proxyUser(): Promise<{ runAs?: { user: string; group: string } }> {
  const has = async (path: string): Promise<boolean> =>
    (await readFile(path, "utf8").catch(() => "")).split("\n").some((line) => line.startsWith("haproxy:"));
  return (await has("/etc/passwd")) && (await has("/etc/group"))
    ? { runAs: { user: "haproxy", group: "haproxy" } }
    : {};
}
