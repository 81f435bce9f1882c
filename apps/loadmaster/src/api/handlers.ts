/** What each command of the API does, and who may call it where. */

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { err, ok, type Result } from "@tandem/base/result";
import { minute } from "@tandem/base/time";
import { type CommandName, commands } from "@tandem/loadmaster-api/commands";
import { completedOk, type Envelope, type Failure } from "@tandem/loadmaster-api/envelope";
import { licenceChanges } from "@tandem/loadmaster-api/licence-commands";
import { type Fields, fieldOf } from "@tandem/loadmaster-api/parameters";
import { lackOf, systemUser } from "@tandem/loadmaster-api/permissions";
import { type RefusedCommandName, refusedCommands } from "@tandem/loadmaster-api/refused-commands";
import { systemParameter } from "@tandem/loadmaster-api/system-parameters";
import { managementUser } from "@tandem/loadmaster-api/user-parameters";
import { accessHandlers } from "../access/commands.ts";
import { firstPasswordWaits, removeFirstPassword } from "../access/first-password.ts";
import { SignIn } from "../access/sign-in.ts";
import { accessListHandlers, changesLists } from "../access-lists/commands.ts";
import { cipherSetHandlers } from "../certificates/cipher-sets.ts";
import { certificateHandlers } from "../certificates/commands.ts";
import { selfSignedWhere } from "../certificates/self-signed.ts";
import type { Act } from "../fencing/action-fence.ts";
import { partnerKeyOf } from "../ha/partner-secret.ts";
import { keepingHandlers, restoresServices } from "../keeping/commands.ts";
import { licenceFailure, licenceHandlers } from "../licensing/commands.ts";
import { loggingHandlers } from "../logs/commands.ts";
import { networkHandlers } from "../network/commands.ts";
import { pairingHandlers } from "../pairing/commands.ts";
import { ruleHandlers } from "../rules/commands.ts";
import { adaptiveParametersOf, withAdaptiveParameters } from "../services/adaptive.ts";
import { globalChecks, withGlobalChecks } from "../services/checks.ts";
import { duplicateService } from "../services/duplicates.ts";
import {
  addServer,
  addService,
  changeServer,
  changeService,
  type Edit,
  findRow,
  findServer,
  findService,
  removeServer,
  removeService,
  type ServerEdit,
  switchServers,
} from "../services/edit.ts";
import { allServices } from "../services/sub-services.ts";
import { totalsView } from "../services/totals.ts";
import { rowView, serverView, serviceView } from "../services/views.ts";
import { type SharedContent, type UnitContent, type UnitDocument, withShared } from "../state/document.ts";
import { templateHandlers } from "../templates/commands.ts";
import type { Author, Change, Log, Unit } from "../unit.ts";
import { CallLimit, callsMaxDefault } from "./call-limit.ts";
import type { Connection, Gate, Handlers } from "./dispatch.ts";
import { changeInterface, interfaceViews } from "./interfaces.ts";
import { readSystem, readWholeSystem, setSystem } from "./system.ts";

export const version: string = String(
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version,
);

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** Clients whose blocked sign-ins are told of once a minute each. */
const blockedClientsMax = 1_000;

export function unitGate(unit: Unit, log: Log): Gate {
  const access = new SignIn();
  const limit = new CallLimit(() => unit.document.unit.callsMax ?? callsMaxDefault);
  const blockedToldAt = new Map<string, number>();
  const failed = (fields: Fields, client: string, reason: string): void => {
    const user = fieldOf(fields, ["apiuser"]);
    log("warn", "sign-in-failed", {
      client,
      user: typeof user === "string" ? user.slice(0, 64) : "(by API key)",
      reason,
    });
  };
  let firstPasswordMayWait = true;
  return {
    async signIn(fields: Fields, connection: Connection): Promise<Result<string, Failure>> {
      const who = isCentral(unit, fields)
        ? ({ kind: "user", user: managementUser, by: "password" } as const)
        : await access.check(fields, unit.document.unit, connection.remoteAddress, performance.now());
      switch (who.kind) {
        case "user":
          if (firstPasswordMayWait && who.by === "password" && who.user === systemUser) {
            firstPasswordMayWait = false;
            if (await firstPasswordWaits(unit.configuration.stateDir))
              await removeFirstPassword(unit.configuration.stateDir);
          }
          return ok(who.user);
        case "refused":
          // A call without anything to sign in by is a mistake, not an attempt.
          if (fieldOf(fields, ["apikey"]) !== undefined || fieldOf(fields, ["apipass"]) !== undefined)
            failed(fields, connection.remoteAddress, "wrong user, password or API key");
          return err({ code: 401, message: "Unauthorized: give apiuser and apipass, or a valid apikey" });
        case "too-many-failures": {
          const client = connection.remoteAddress;
          const now = performance.now();
          if (now - (blockedToldAt.get(client) ?? Number.NEGATIVE_INFINITY) >= minute) {
            if (blockedToldAt.size >= blockedClientsMax) blockedToldAt.clear();
            blockedToldAt.set(client, now);
            failed(fields, client, "too many failed attempts");
          }
          return err({
            code: 429,
            message: "Unauthorized: too many failed attempts from this address; wait a minute",
          });
        }
      }
    },
    admits(user, { remoteAddress }) {
      const now = performance.now();
      if (limit.admits(now)) return true;
      const dropped = limit.untold(now);
      if (dropped !== undefined)
        log("warn", "calls-dropped", { user, client: remoteAddress, dropped, parameter: "apicalllimit" });
      return false;
    },
    notPermitted(command, fields, user) {
      const { unit: own } = unit.document;
      const lack = lackOf(
        unit.personOf(user),
        command,
        commands[command],
        fields,
        own.extendedPermissions === true,
      );
      if (lack !== undefined) log("warn", "not-permitted", { user, command });
      return lack;
    },
    refusedHere: (command, fields, connection) => refusedHere(unit, command, fields, connection),
    changesShared,
    async fenced({ fence, heard }, caller, act) {
      const { command } = caller;
      if (fence !== undefined) {
        const fencedAct: Act = async () => {
          const envelope = await act();
          // What a reboot has come to is known once the unit has started again.
          return command === "reboot" && envelope.status === "ok"
            ? { envelope, unfinished: true }
            : { envelope };
        };
        const answer = await unit.fence.perform(fence, command, fencedAct, () => unit.movedOn(caller));
        return command === "backup" && answer.repeated === true ? withBytes(unit, answer) : answer;
      }
      if (heard !== undefined) unit.fence.hear(heard);
      return act();
    },
  };
}

/** Whether the Central calls that has licensed this unit. */
function isCentral({ licensing }: Unit, fields: Fields): boolean {
  const user = fieldOf(fields, ["apiuser"]);
  const password = fieldOf(fields, ["apipass"]);
  return (
    fieldOf(fields, ["apikey"]) === undefined &&
    typeof user === "string" &&
    typeof password === "string" &&
    licensing.signsIn(user, password)
  );
}

/** In a pair, what both units share is changed at the shared address of the active one, and nowhere else (SPEC LH6). */
function refusedHere(
  unit: Unit,
  command: CommandName,
  fields: Fields,
  connection: Connection,
): Failure | undefined {
  const { setup } = unit;
  if (setup.kind !== "pair") return undefined;
  const { sharedAddresses } = unit.addressFacts();
  if (licenceChanges.has(command) && sharedAddresses.includes(connection.localAddress))
    return {
      code: 422,
      message: `${command}: not possible at the shared address ${connection.localAddress}: each unit of a pair is licensed by itself; give it at the unit's own address`,
    };
  if (!changesShared(command, fields)) return undefined;
  const there = `configure the pair at its shared address ${setup.sharedAddress}`;
  if (!sharedAddresses.includes(connection.localAddress))
    return {
      code: 422,
      message: `${command}: not possible at ${connection.localAddress}, this unit's own address, where only its own settings are made; ${there}`,
    };
  return unit.haStatus === "Active"
    ? undefined
    : {
        code: 422,
        message: `${command}: not possible on this unit, which is ${unit.haStatus}; ${there} once a unit is active`,
      };
}

function changesShared(command: CommandName, fields: Fields): boolean {
  if (command === "aclcontrol") return changesLists(fields);
  if (commands[command].changes === "services") return true;
  if (command === "restore") return restoresServices(fieldOf(fields, ["type"]));
  if (command === "set") return systemParameter(String(fieldOf(fields, ["param"])))?.scope === "shared";
  return (
    command === "modiface" &&
    fieldOf(fields, [
      "shared",
      "SharedIPAddress",
      "sharedv6",
      "SharedIPv6Address",
      "hacheck",
      "hagateway",
    ]) !== undefined
  );
}

export function unitHandlers(unit: Unit): Handlers {
  const service = async (
    caller: Author,
    edit: (shared: SharedContent) => Edit,
  ): Promise<Result<object, Failure>> => {
    const tried = edit(unit.document.shared);
    const selfSigned = await selfSignedWhere(
      unit.document.shared,
      tried.ok ? tried.value.shared : unit.document.shared,
    );
    const made = await unit.change(caller, (document) => {
      const next = edit(document.shared);
      return next.ok
        ? ok({ document: withShared(document, selfSigned(next.value.shared)), value: next.value.index })
        : next;
    });
    if (!made.ok) return made;
    const shown = await showService(made.value.value);
    return shown.ok ? ok({ ...shown.value, revision: made.value.revision }) : shown;
  };
  const server = async (
    caller: Author,
    edit: (shared: SharedContent) => ServerEdit,
  ): Promise<Result<object, Failure>> => {
    const made = await unit.change(caller, (document) => {
      const next = edit(document.shared);
      return next.ok ? ok({ document: withShared(document, next.value.shared), value: next.value }) : next;
    });
    if (!made.ok) return made;
    const { value, revision } = made.value;
    const shown = await showServer(value.index, value.server);
    return shown.ok ? ok({ message: `${caller.command} completed ok`, ...shown.value, revision }) : shown;
  };
  /** A change that answers nothing but that it was made, and the revision. */
  const changed = async (
    caller: Author,
    edit: (document: UnitDocument) => Change<unknown>,
  ): Promise<Result<object, Failure>> => {
    const made = await unit.change(caller, edit);
    return made.ok ? ok({ message: completedOk, revision: made.value.revision }) : made;
  };
  const switched = (caller: Author, address: string, enabled: boolean): Promise<Result<object, Failure>> =>
    changed(caller, (document) => {
      const next = switchServers(document.shared, address, enabled);
      return next.ok ? ok({ document: withShared(document, next.value), value: {} }) : next;
    });
  const showService = async (index: number): Promise<Result<object, Failure>> => {
    const found = findService(unit.document.shared, { vs: String(index) });
    return found.ok ? ok(serviceView(found.value, await unit.figures())) : found;
  };
  const showServer = async (index: number, rs: number): Promise<Result<object, Failure>> => {
    const reference = { vs: String(index), rs: `!${rs}` };
    const row = findRow(unit.document.shared, reference);
    if (row !== undefined) return ok({ Rs: [rowView(row.service, row.subService, await unit.figures())] });
    const found = findServer(unit.document.shared, reference);
    return found.ok
      ? ok({
          Rs: [
            serverView(
              found.value.service,
              found.value.server,
              await unit.serverFigures(found.value.service.index),
            ),
          ],
        })
      : found;
  };
  /** Services can be added unless the grace of this unit's licence is over (SPEC ML7). */
  const noAddition = (): Result<never, Failure> | undefined => {
    const fault = unit.licensing.additionFault;
    return fault === null ? undefined : err(licenceFailure(fault));
  };
  const ofUnit = (
    caller: Author,
    edit: (content: UnitContent) => Result<UnitContent, Failure>,
  ): Promise<Result<object, Failure>> =>
    changed(caller, (document) => {
      const next = edit(document.unit);
      return next.ok ? ok({ document: { ...document, unit: next.value }, value: {} }) : next;
    });

  return {
    addvs: async (values, caller) =>
      noAddition() ?? service(caller, (shared) => addService(shared, unit.addressFacts(), values)),
    modvs: (values, caller) =>
      service(caller, (shared) => changeService(shared, unit.addressFacts(), values)),
    delvs: (values, caller) =>
      changed(caller, (document) => {
        const next = removeService(document.shared, values);
        return next.ok ? ok({ document: withShared(document, next.value.shared), value: {} }) : next;
      }),
    dupvs: async (values, caller) =>
      noAddition() ?? service(caller, (shared) => duplicateService(shared, unit.addressFacts(), values)),
    vstotals: async () => ok(totalsView(unit.document.shared, await unit.figures())),
    async listvs() {
      const figures = await unit.figures();
      return ok({ VS: allServices(unit.document.shared).map((each) => serviceView(each, figures)) });
    },
    async showvs(values) {
      const found = findService(unit.document.shared, values);
      return found.ok ? showService(found.value.index) : found;
    },
    addrs: (values, caller) => server(caller, (shared) => addServer(shared, values)),
    modrs: (values, caller) => server(caller, (shared) => changeServer(shared, values)),
    delrs: (values, caller) =>
      changed(caller, (document) => {
        const next = removeServer(document.shared, values);
        return next.ok ? ok({ document: withShared(document, next.value.shared), value: {} }) : next;
      }),
    showhealth: async () => ok(globalChecks(unit.document.shared)),
    modhealth: (values, caller) =>
      changed(caller, (document) => {
        const next = withGlobalChecks(document.shared, values);
        return next.ok ? ok({ document: withShared(document, next.value), value: {} }) : next;
      }),
    showadaptive: async () => ok(adaptiveParametersOf(unit.document.shared)),
    modadaptive: (values, caller) =>
      changed(caller, (document) => {
        const next = withAdaptiveParameters(document.shared, values);
        return next.ok ? ok({ document: withShared(document, next.value), value: {} }) : next;
      }),
    enablers: ({ rs }, caller) => switched(caller, rs, true),
    disablers: ({ rs }, caller) => switched(caller, rs, false),
    async showrs(values) {
      const row = findRow(unit.document.shared, values);
      if (row !== undefined) return showServer(row.service.index, row.sub.row.index);
      const found = findServer(unit.document.shared, values);
      return found.ok ? showServer(found.value.service.index, found.value.server.index) : found;
    },
    ...certificateHandlers(unit),
    ...cipherSetHandlers(unit),
    ...accessListHandlers(unit),
    ...ruleHandlers(unit),
    ...templateHandlers(unit),
    get: async ({ param }) => readSystem(unit, version, param),
    getall: async () => ok(readWholeSystem(unit, version)),
    async set({ param, value }, caller) {
      const state = unit.partnerState;
      const partner = state.kind === "up" ? state.status : undefined;
      const made = await unit.change(caller, (document) =>
        setSystem(document, param, value, { partner, interfaces: unit.configuration.interfaces }),
      );
      return made.ok
        ? ok({ message: completedOk, ...made.value.value, revision: made.value.revision })
        : made;
    },
    async showiface(values) {
      const rows = interfaceViews(unit).filter(
        (each) => values.interface === undefined || each.Id === values.interface,
      );
      return rows.length === 0
        ? refuse(
            `interface: there is no interface ${values.interface}; there are ${unit.configuration.interfaces.map((each) => each.id).join(", ")}`,
          )
        : ok({ Interface: rows });
    },
    modiface: (values, caller) => changed(caller, (document) => changeInterface(unit, document, values)),
    async setpartnersecret({ secret }, caller) {
      const partnerKey = await partnerKeyOf(secret);
      return ofUnit(caller, (content) => ok({ ...content, partnerKey }));
    },
    async forcepartnerupdate() {
      const outcome = await unit.updatePartner();
      return outcome.taken
        ? ok({ message: completedOk, revision: outcome.revision, digest: outcome.digest })
        : refuse(`the partner was not updated: ${outcome.reason}`);
    },
    hahandover: (_values, caller) => unit.handOver(caller),
    ...accessHandlers(unit),
    ...licenceHandlers(unit),
    ...loggingHandlers(unit),
    ...networkHandlers(unit),
    ...refusedHandlers,
    grouplist: async () => ok({ Group: [] }),
    listaddon: async () => ok({ addons: [] }),
    ...pairingHandlers(unit, version),
    haview: async (_values, caller) => ok(unit.haView(caller.localAddress, version)),
    stats: async () => ok(await unit.statistics()),
    ...keepingHandlers(unit),
    reboot: () => unit.reboot(),
    shutdown: (_values, caller) => unit.shutDown(caller),
    haresume: () => unit.resume(),
    listapi: async () => ok({ commands: Object.keys(commands).sort(), version }),
  };
}

/** A backup that was made before, with its bytes again while they can still be made. */
function withBytes(unit: Unit, answer: Envelope): Envelope {
  const bytes = typeof answer.digest === "string" ? unit.backupWith(answer.digest) : undefined;
  return bytes === undefined ? answer : { ...answer, data: bytes.toString("base64") };
}

/** Of commands that are refused whatever they say. */
const refusedHandlers = Object.fromEntries(
  Object.entries(refusedCommands).map(([name, { refusal }]) => [
    name,
    async () => refuse(`${name}: not possible on this unit: ${refusal}`),
  ]),
) as unknown as Pick<Handlers, RefusedCommandName>;
