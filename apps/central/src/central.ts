/** One Central put together: access, the pair with the shared state, the fleet, and the HTTPS server over them. */
import { mkdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { second } from "@tandem/base/time";
import { routes, sessionCookiePrefix } from "@tandem/central-api/routes";
import { loadOrCreateIdentity } from "@tandem/peer-link/identity";
import { conflictsTable } from "@tandem/replica/conflicts";
import type { Table } from "@tandem/replica/schema";
import { openDiskFileStore } from "@tandem/storage/disk-file-store";
import { openSecretBox } from "@tandem/storage/secret-box";
import { openSqliteStore } from "@tandem/storage/sqlite-store";
import { meteringKeeping } from "@tandem/storage/statistics-store";
import type { FastifyInstance } from "fastify";
import { Access } from "./access/access.ts";
import { registerAccessRoutes } from "./access/routes.ts";
import { apiKeys, users } from "./access/tables.ts";
import { type CallEntry, type RouteRegistry, routeRegistry } from "./api/route-registry.ts";
import { type DeniedEntry, makeServer } from "./api/server.ts";
import type { CentralConfiguration, ListenAddress } from "./configuration.ts";
import { Drills } from "./drills/drills.ts";
import { LoadMasterPairs, threadProbe } from "./drills/loadmaster-pairs.ts";
import { registerDrillRoutes } from "./drills/routes.ts";
import { drills as drillsTable } from "./drills/tables.ts";
import { digestsInFolder, Files } from "./files/files.ts";
import { registerSnapshotRoutes } from "./files/routes.ts";
import { snapshots } from "./files/tables.ts";
import type { DeviceTarget } from "./fleet/device-contact.ts";
import { Fleet } from "./fleet/fleet.ts";
import { registerFleetRoutes } from "./fleet/routes.ts";
import { fleetTables, networks } from "./fleet/tables.ts";
import { PeerQuestion } from "./ha/peer-question.ts";
import { registerHaRoutes } from "./ha/routes.ts";
import { type HaSeams, seamsOnDisk } from "./ha/seams.ts";
import { isSecretIn } from "./ha/shared-state.ts";
import { HighAvailability } from "./ha/shell.ts";
import type { ShellEvent, TimelineEntry } from "./ha/timeline.ts";
import { Centrals } from "./licensing/centrals.ts";
import { openLedgerFile } from "./licensing/ledger-file.ts";
import { Licensing } from "./licensing/licensing.ts";
import { registerLicensingRoutes } from "./licensing/routes.ts";
import { licensingTables } from "./licensing/tables.ts";
import { isOfPair } from "./licensing/views.ts";
import { Deliveries } from "./metering/deliveries.ts";
import { meteredUnits } from "./metering/metered-units.ts";
import { Metering, meteringNote } from "./metering/metering.ts";
import { overLimitText, usageText } from "./metering/report-texts.ts";
import { registerMeteringRoutes } from "./metering/routes.ts";
import { sendReport } from "./metering/send-report.ts";
import { meteringTables } from "./metering/tables.ts";
import { ConflictWatch } from "./notifications/conflict-watch.ts";
import { deliver } from "./notifications/deliver.ts";
import { type FormerTargets, readFormerTargets } from "./notifications/former-targets.ts";
import { Notifier } from "./notifications/notifier.ts";
import { registerNotificationRoutes } from "./notifications/routes.ts";
import { notificationTargets } from "./notifications/tables.ts";
import { Targets } from "./notifications/targets.ts";
import { OwnLicence } from "./own-licence/own-licence.ts";
import { registerOwnLicenceRoutes } from "./own-licence/routes.ts";
import { realWorld } from "./real-world.ts";
import { registerRepositoryRoutes } from "./repository/routes.ts";
import { profiles, repositoryFiles, targetEnvironments } from "./repository/tables.ts";
import { snapshotsIn } from "./schedule/kept-snapshots.ts";
import { LoadMasterDevices } from "./schedule/loadmaster-devices.ts";
import { registerScheduleRoutes } from "./schedule/routes.ts";
import { Schedule } from "./schedule/shell.ts";
import { scheduleTables } from "./schedule/tables.ts";
import { openStatistics, statisticsNote } from "./stats/kept-statistics.ts";
import { registerStatisticsRoutes } from "./stats/routes.ts";
import { Statistics, type StatisticsEvent } from "./stats/shell.ts";
import { FormerRows } from "./synchronisation/former-rows.ts";
import { OptionalRows } from "./synchronisation/optional-rows.ts";
import { registerSynchronisationRoutes } from "./synchronisation/routes.ts";
import type { SwitchedTables } from "./synchronisation/synchronised.ts";
import { synchronisation } from "./synchronisation/tables.ts";
import { registerLogRoutes } from "./syslog/routes.ts";
import { Syslog } from "./syslog/syslog.ts";
import { syslogTables } from "./syslog/tables.ts";
import { centralVersion } from "./version.ts";

export type CentralOptions = {
  /** The unit cannot go on; it has let go of its peer already. */
  readonly onFatal: (error: Error) => void;
  /** A backup took the place of its state (SPEC ML5): it is to be stopped and started anew. */
  readonly onReplaced?: () => void;
  /** An entry of the HA timeline. */
  readonly onEvent?: (entry: TimelineEntry) => void;
  /** A call that changed something. */
  readonly onCall?: (entry: CallEntry) => void;
  /** A caller who was turned away. */
  readonly onDenied?: (entry: DeniedEntry) => void;
  /** A call that failed by this program's own fault. */
  readonly onFault?: (error: Error) => void;
  /** For tests. */
  readonly pollIntervalMs?: number;
  readonly contactTimeoutMs?: number;
  readonly statisticsSlotMs?: number;
  readonly meteringSlotMs?: number;
  readonly webPages?: string;
};

/** What each switch of SPEC CH4 is about. */
export const switchedTables: SwitchedTables = {
  repository: [repositoryFiles as unknown as Table],
  profiles: [profiles as unknown as Table],
  targetEnvironments: [targetEnvironments as unknown as Table],
  users: [apiKeys as unknown as Table],
  notifications: [notificationTargets as unknown as Table],
};

/** What the pair synchronises, or can. */
const sharedTables = [
  ...fleetTables,
  ...scheduleTables,
  drillsTable,
  ...licensingTables,
  ...meteringTables,
  snapshots,
  ...syslogTables,
  synchronisation,
  ...Object.values(switchedTables).flat(),
] as unknown as readonly Table[];
/** Every table there is, for the list of what is synchronised (SPEC CH4). */
export const allTables = [...sharedTables, conflictsTable, users] as unknown as readonly Table[];

export class Central {
  readonly access: Access;
  readonly pair: HighAvailability;
  readonly fleet: Fleet;
  /** Snapshots of devices, and what the repository holds. */
  readonly files: Files;
  readonly ownLicence: OwnLicence;
  readonly #endLicensing: () => void;
  /** The repository, profiles and target environments: this unit's own, or the pair's. */
  readonly optional: OptionalRows;
  readonly #schedule: Schedule;
  readonly #drills: Drills;
  readonly syslog: Syslog;
  readonly statistics: Statistics<DeviceTarget>;
  readonly metering: Metering<DeviceTarget>;
  readonly #endMetering: () => void;
  readonly #server: FastifyInstance;
  readonly #endNotifications: () => void;
  /** Where web pages and API are served. */
  readonly listening: ListenAddress;

  /** Rejects, with everything closed, when any part of it cannot be had. */
  static async start(configuration: CentralConfiguration, options: CentralOptions): Promise<Central> {
    const { name, stateDir, listen, peerLink } = configuration;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const identity = await loadOrCreateIdentity(join(stateDir, "identity"), {
      commonName: name,
      addresses: addressesOf(listen),
    });
    const undo: (() => unknown)[] = [];
    try {
      const access = await Access.open(stateDir);
      undo.push(() => access.close());
      const seams = seamsOnDisk({ stateDir, identity, listen: peerLink, tables: sharedTables });
      const targets = new Targets(realWorld, formerTargets(stateDir, seams));
      undo.push(() => targets.close());
      let started: HighAvailability | undefined;
      const notifier = new Notifier({
        world: realWorld,
        deliver,
        targets: () => targets.list(),
        isActing: () => started?.isActing ?? false,
        note: (event) => started?.note(event),
      });
      undo.push(() => notifier.stop());
      const ownLicence = await OwnLicence.open({
        stateDir,
        unit: identity.unit,
        name,
        world: realWorld,
        note: (event) => started?.note(event),
      });
      undo.push(() => ownLicence.stop());
      const entryOf = (
        severity: TimelineEntry["severity"],
        code: string,
        message: string,
      ): TimelineEntry => ({
        at: realWorld.wall(),
        unit: identity.unit,
        unitName: name,
        severity,
        code,
        message,
        details: null,
      });
      const pair = await HighAvailability.start({
        seams,
        name,
        identity,
        centralVersion,
        tables: sharedTables,
        networks: networks as unknown as Table,
        licensing: () => ownLicence.flags(),
        onFatal: (error) => {
          notifier.tell(entryOf("error", "fatal", `this unit cannot go on: ${error.message}`));
          options.onFatal(error);
        },
        onEvent: (entry) => {
          options.onEvent?.(entry);
          notifier.happened(entry);
        },
      });
      undo.push(() => pair.stop());
      const peerQuestion = new PeerQuestion({ world: realWorld, pair, askPeer: seams.askPeer });
      undo.push(() => peerQuestion.stop());
      started = pair;
      ownLicence.onChange(() => pair.licensingChanged());
      ownLicence.start();
      const licensing = new Licensing({
        world: realWorld,
        pair,
        own: ownLicence,
        ledger: openLedgerFile(join(stateDir, "licensing.db")),
        contact: (target) => fleet.contact(target),
        note: (event) => pair.note(event),
      });
      undo.push(() => licensing.stop());
      const centrals = new Centrals(pair, realWorld, {
        unit: identity.unit,
        name,
        address: reachedAt(listen),
        port: listen.port || 1,
        certificateFingerprint: identity.fingerprint,
        key: ownLicence.key.publicKey,
      });
      undo.push(() => centrals.stop());
      const conflictWatch = new ConflictWatch(realWorld, pair, (count) =>
        notifier.tell(
          entryOf("warning", "conflicts-found", `${count} change(s) lost to concurrent ones: see Conflicts`),
        ),
      );
      undo.push(() => conflictWatch.stop());
      const report = (event: ShellEvent): void => {
        try {
          pair.report(event);
        } catch {
          // The pair has stopped, and its owner knows why.
        }
      };
      const optional = new OptionalRows({
        world: realWorld,
        unit: identity.unit,
        shared: pair,
        store: openSqliteStore(
          join(stateDir, "unit.db"),
          openSecretBox(join(stateDir, "secret.key")),
          isSecretIn(sharedTables),
        ),
        tables: switchedTables,
        onTrouble: ({ message }) => report({ code: "rows-not-moved", message }),
      });
      undo.push(() => optional.stop());
      const formerRows = new FormerRows({
        world: realWorld,
        rows: optional,
        openChannel: (ports) => pair.channel("generations", ports),
        write: (edits) => pair.write(edits, "tandem", "rows of former generations removed"),
        isActing: () => pair.isActing,
        hasPeer: () => pair.settings.peer !== null,
        digest: () => pair.status().digest,
      });
      undo.push(() => formerRows.stop());
      await targets.follow({
        rows: optional,
        removed: (id) => notifier.removed(id),
        note: (event) => pair.note(event),
      });
      notifier.start();
      await access.useKeys(optional);
      const files = new Files({
        world: realWorld,
        store: openDiskFileStore(join(stateDir, "files")),
        pair,
        optional,
        saved: () => digestsInFolder(join(stateDir, "backups")),
        onTrouble: report,
      });
      undo.push(() => files.stop());
      const fleet = new Fleet(pair, realWorld, options);
      undo.push(() => fleet.stop());
      fleet.tellTerms(pair);
      fleet.watchGroups(pair);
      const schedule = new Schedule({
        world: realWorld,
        pair,
        devices: new LoadMasterDevices(
          (id) => fleet.findTarget(id),
          (target) => fleet.called(target),
        ),
        snapshots: snapshotsIn(files.store, pair),
        observe: ({ severity, code, message }) => pair.note({ severity, code, message }),
      });
      undo.push(() => schedule.stop());
      const drills = new Drills({
        world: realWorld,
        pair,
        units: new LoadMasterPairs(
          pair,
          (target) => fleet.drilled(target),
          (device) => fleet.poller.contactNow(device),
        ),
        probe: threadProbe,
        observe: (event) => pair.note(event),
      });
      undo.push(() => drills.stop());
      const syslog = new Syslog({
        stateDir,
        settings: configuration.syslog,
        world: realWorld,
        pair,
        fleet,
        onEvent: (event) => pair.note(event),
      });
      undo.push(() => syslog.stop());
      const observe = (event: StatisticsEvent): void => pair.note(statisticsNote(event));
      const statistics = new Statistics({
        world: realWorld,
        store: openStatistics(join(stateDir, "stats.db"), observe),
        pair,
        devices: () => fleet.targets(),
        fetch: fleet.statistics,
        observe,
        ...(options.statisticsSlotMs === undefined ? {} : { slotMs: options.statisticsSlotMs }),
      });
      undo.push(() => statistics.stop());
      const metering = new Metering<DeviceTarget>({
        world: realWorld,
        store: openStatistics(
          join(stateDir, "metering.db"),
          (event) => pair.note(meteringNote(event)),
          meteringKeeping,
        ),
        pair,
        units: () =>
          meteredUnits(pair, ownLicence.current().licence?.metered?.tierGbps ?? null).filter(({ sampled }) =>
            isOfPair(pair, sampled.central),
          ),
        targetOf: (device) => fleet.targetOfDevice(device),
        fetch: fleet.statistics,
        note: (event) => pair.note(event),
        slotMs: options.meteringSlotMs ?? configuration.metering.slotSeconds * second,
      });
      undo.push(() => metering.stop());
      const deliveries = new Deliveries({
        world: realWorld,
        shared: pair,
        unit: identity.unit,
        isActing: () => pair.isActing,
        isReached: () => pair.settings.peer === null || metering.statistics.isConnected,
        reportOf: async (what, period) =>
          what === "usage"
            ? usageText(await metering.reports(period), identity.unit)
            : overLimitText(period, await metering.poolOn(period), metering.statistics.slotMs),
        send: sendReport,
        note: (event) => pair.note(event),
      });
      undo.push(() => deliveries.stop());
      const sessionCookie = `${sessionCookiePrefix}${identity.unit}`;
      const server = await makeServer(
        {
          identity,
          sessionCookie,
          onDenied: options.onDenied ?? (() => {}),
          onFault: options.onFault ?? (() => {}),
          ...(options.webPages === undefined ? {} : { webPages: options.webPages }),
        },
        (scope) => {
          const registry = routeRegistry(scope, access, sessionCookie, options.onCall ?? (() => {}));
          registerAbout(registry, name, identity.unit);
          registerAccessRoutes(registry, access);
          registerFleetRoutes(registry, fleet);
          registerDrillRoutes(registry, drills);
          registerLicensingRoutes(
            registry,
            { licensing, centrals, pair, own: ownLicence },
            ownLicence.key,
            realWorld,
          );
          registerScheduleRoutes(registry, { shared: pair, schedule, world: realWorld });
          registerSnapshotRoutes(registry, pair, files.store);
          registerHaRoutes(
            registry,
            pair,
            peerQuestion,
            allTables,
            {
              tables: sharedTables,
              directory: join(stateDir, "backups"),
              box: openSecretBox(join(stateDir, "secret.key")),
              onReplaced: options.onReplaced ?? (() => {}),
            },
            (table, row) => optional.isOver(table, row),
          );
          registerNotificationRoutes(registry, {
            targets,
            notifier,
            deliver,
            testEntry: () => entryOf("info", "test", `a test of the notifications of ${name}`),
          });
          registerRepositoryRoutes(registry, { world: realWorld, rows: optional, store: files.store });
          registerSynchronisationRoutes(registry, optional, files.transfer, allTables, switchedTables);
          registerStatisticsRoutes(registry, statistics, pair, realWorld.wall);
          registerMeteringRoutes(registry, {
            metering,
            deliveries,
            shared: pair,
            unit: identity.unit,
            wall: realWorld.wall,
          });
          registerLogRoutes(registry, syslog, pair);
          registerOwnLicenceRoutes(registry, ownLicence, identity.unit, (next) =>
            licensing.faultOfImport(next),
          );
        },
      );
      undo.push(() => server.close());
      await server.listen({ host: listen.address, port: listen.port });
      const bound = server.server.address();
      const port = typeof bound === "object" && bound !== null ? bound.port : listen.port;
      centrals.servesOn(port);
      const endNotifications = (): void => {
        formerRows.stop();
        conflictWatch.stop();
        notifier.stop();
        targets.close();
      };
      return new Central(
        endNotifications,
        access,
        pair,
        fleet,
        files,
        optional,
        ownLicence,
        () => {
          peerQuestion.stop();
          centrals.stop();
          licensing.stop();
        },
        schedule,
        drills,
        syslog,
        statistics,
        metering,
        () => {
          deliveries.stop();
          metering.stop();
        },
        server,
        {
          address: listen.address,
          port,
        },
      );
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  private constructor(
    endNotifications: () => void,
    access: Access,
    pair: HighAvailability,
    fleet: Fleet,
    files: Files,
    optional: OptionalRows,
    ownLicence: OwnLicence,
    endLicensing: () => void,
    schedule: Schedule,
    drills: Drills,
    syslog: Syslog,
    statistics: Statistics<DeviceTarget>,
    metering: Metering<DeviceTarget>,
    endMetering: () => void,
    server: FastifyInstance,
    listening: ListenAddress,
  ) {
    this.#endNotifications = endNotifications;
    this.access = access;
    this.pair = pair;
    this.fleet = fleet;
    this.files = files;
    this.ownLicence = ownLicence;
    this.#endLicensing = endLicensing;
    this.#schedule = schedule;
    this.#drills = drills;
    this.syslog = syslog;
    this.optional = optional;
    this.statistics = statistics;
    this.metering = metering;
    this.#endMetering = endMetering;
    this.#server = server;
    this.listening = listening;
  }

  /** An orderly end. The peer is told first, so that it takes over while the rest is closed. */
  async stop(): Promise<void> {
    this.#schedule.stop();
    this.statistics.stop();
    this.#endMetering();
    this.#endLicensing();
    this.fleet.stop();
    const closing = this.#server.close();
    await this.#drills.stop();
    await this.pair.stop();
    await closing;
    await this.ownLicence.stop();
    await this.syslog.stop();
    this.files.stop();
    await this.optional.stop();
    this.#endNotifications();
    this.access.close();
  }
}

/** After the seams, which say what a missing secret.key means; they are closed again when this fails. */
function formerTargets(stateDir: string, seams: HaSeams): FormerTargets {
  try {
    return readFormerTargets(join(stateDir, "notifications.db"), openSecretBox(join(stateDir, "secret.key")));
  } catch (error) {
    seams.store.close();
    throw error;
  }
}

function registerAbout({ route }: RouteRegistry, name: string, unit: string): void {
  route(
    routes.about,
    () => ({ product: "Tandem Central", version: centralVersion, api: "v1", name, unit }) as const,
  );
}

/** Where others reach this unit: the first address that is not its own loopback. */
function reachedAt(listen: ListenAddress): string {
  const addresses = addressesOf(listen);
  return addresses.find((address) => !/^127\.|^::1$/.test(address)) ?? addresses[0] ?? listen.address;
}

/** What the certificate names: every address this unit may be reached at. */
export function addressesOf({ address }: ListenAddress): readonly string[] {
  if (address !== "0.0.0.0" && address !== "::") return [address];
  return Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? []).map((one) => one.address).filter((one) => !one.includes("%") && !one.startsWith("fe80:")),
  );
}
