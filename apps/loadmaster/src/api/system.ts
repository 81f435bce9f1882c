/** `get`, `getall` and `set`: parameters of the pair, of this unit, and what is only read. */
import { err, ok, type Result } from "@tandem/base/result";
import { interfaceIdMax } from "@tandem/carp/constants";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { readValue } from "@tandem/loadmaster-api/parameters";
import {
  readHosts,
  type SyslogLevel,
  type SyslogSettings,
  syslogHostsMax,
  syslogLevels,
} from "@tandem/loadmaster-api/syslog-levels";
import {
  type SystemParameterName,
  systemParameter,
  systemParameters,
} from "@tandem/loadmaster-api/system-parameters";
import { passwordCharsMin } from "@tandem/loadmaster-api/user-parameters";
import type { NetworkInterface } from "../configuration-file.ts";
import { linkVersionWithTraffic } from "../ha/partner-messages.ts";
import { preferredNotice } from "../ha/report.ts";
import { securityHeaderAgeDefault } from "../services/client-tls.ts";
import { syslogDefault, type UnitDocument, withHa, withShared } from "../state/document.ts";
import type { Change, Unit } from "../unit.ts";
import { callsMaxDefault } from "./call-limit.ts";

const levelOf = (name: string): SyslogLevel | undefined =>
  syslogLevels.find(({ parameter }) => parameter === name)?.level;

/** One level's hosts replaced. A host has one level, as on real units. */
function withSyslogHosts(
  syslog: SyslogSettings,
  param: string,
  level: SyslogLevel,
  text: string,
): Result<SyslogSettings, Failure> {
  const named = [...new Set(readHosts(text))];
  const others = syslog.hosts.filter((each) => each.level !== level);
  const elsewhere = others.find(({ host }) => named.includes(host));
  if (elsewhere !== undefined) {
    const { parameter } = syslogLevels.find((each) => each.level === elsewhere.level)!;
    return err({
      code: 422,
      message: `${param}: ${elsewhere.host} already stands in ${parameter}, and a host has one level; take it out there first`,
    });
  }
  if (others.length + named.length > syslogHostsMax)
    return err({
      code: 422,
      message: `${param}: there would be ${others.length + named.length} syslog hosts; allowed: ${syslogHostsMax} over all levels`,
    });
  return ok({ ...syslog, hosts: [...others, ...named.map((host) => ({ host, level }))] });
}

type Value = string | number | boolean;

function parameterValue(unit: Unit, version: string, name: SystemParameterName): Value {
  const { shared, unit: own } = unit.document;
  const syslog = own.syslog ?? syslogDefault;
  switch (name) {
    case "hamode":
      return own.hamode;
    case "hatimeout":
      return shared.ha.timeout;
    case "hafast":
      return shared.ha.fast === true;
    case "haif":
      return (
        (unit.setup.kind === "pair" ? unit.setup.own.id : shared.ha.interface) ??
        unit.configuration.interfaces[0]?.id ??
        0
      );
    case "macglobal":
      return shared.ha.broadcast === true;
    case "vmac":
      return shared.ha.virtualMac === true;
    case "havhid":
      return shared.ha.vhid;
    case "haprefered":
      return shared.ha.preferred;
    case "securityheaderage":
      return shared.securityHeaderAge ?? securityHeaderAgeDefault;
    case "hal7update":
      return shared.ha.l7Updates ?? true;
    case "hal4update":
      return shared.ha.l4Updates ?? false;
    case "hawait":
      return own.hawaitSeconds;
    case "carppassword":
      // Whether there is one, never which.
      return own.carpPassword === undefined ? "" : "***";
    case "hostname":
      return own.hostname;
    case "hastatus":
      return unit.haStatus;
    case "hareport":
      return unit.haProblems.join("; ");
    case "hanotice":
      return unit.haNotices.join("; ");
    case "haforeign":
      return unit.haForeign.join("; ");
    case "harejects":
      return unit.haRejects;
    case "activetime":
      return unit.activeTime;
    case "boottime":
      return unit.bootTime;
    case "version":
      return version;
    case "serialnumber":
      return unit.identity.unit;
    case "syslogemergency":
    case "syslogcritical":
    case "syslogerror":
    case "syslogwarn":
    case "syslognotice":
    case "sysloginfo":
      return syslog.hosts
        .filter(({ level }) => level === levelOf(name))
        .map(({ host }) => host)
        .join(",");
    case "syslogport":
      return syslog.port;
    case "syslogprot":
      return syslog.protocol;
    case "syslogframing":
      return syslog.framing;
    case "syslogreport":
      return unit.syslogReport
        .map(
          ({ host, state, reason, queued, dropped }) =>
            `${host}: ${state}${reason === undefined ? "" : ` (${reason})`}, ${queued} waiting, ${dropped} lost`,
        )
        .join("; ");
    case "revision":
      return unit.revision;
    case "extendedperms":
      return own.extendedPermissions === true;
    case "minpassword":
      return own.passwordCharsMin ?? passwordCharsMin.default;
    case "apicalllimit":
      return own.callsMax ?? callsMaxDefault;
    case "enableapi":
      return true;
  }
}

const unknown = (param: string): Failure => ({
  code: 422,
  message: `param: "${param}" is not known; getall lists those that are`,
});

/** Under the spelling that was asked for, since clients look for that. */
export function readSystem(unit: Unit, version: string, param: string): Result<object, Failure> {
  const parameter = systemParameter(param);
  return parameter === undefined
    ? err(unknown(param))
    : ok({ [param]: parameterValue(unit, version, parameter.name as SystemParameterName) });
}

export const readWholeSystem = (unit: Unit, version: string): object =>
  Object.fromEntries(
    systemParameters
      .filter((parameter) => !("hidden" in parameter))
      .map((parameter) => [parameter.name, parameterValue(unit, version, parameter.name)]),
  );

export type SystemFacts = {
  /** Undefined while the link is down. */
  readonly partner: { readonly name: string; readonly version: number } | undefined;
  readonly interfaces: readonly NetworkInterface[];
};

/** A change that should be thought about comes with a `warning`. */
export function setSystem(
  document: UnitDocument,
  param: string,
  value: string,
  { partner, interfaces }: SystemFacts,
): Change<{ warning?: string }> {
  const parameter = systemParameter(param);
  if (parameter === undefined) return err(unknown(param));
  if (parameter.scope === "status")
    return err({ code: 422, message: `param: ${parameter.name} is only read` });
  const read = readValue(parameter, value);
  if (!read.ok) return read;
  const number = Number(read.value);
  const text = String(read.value);
  const { unit, shared } = document;
  const syslog = unit.syslog ?? syslogDefault;
  const refuse = (message: string): Change<never> =>
    err({ code: 422, message: `${parameter.name}: ${message}` });
  const ofUnit = (changes: Partial<UnitDocument["unit"]>): Change<object> =>
    ok({ document: { ...document, unit: { ...unit, ...changes } }, value: {} });
  const ofPair = (changes: Parameters<typeof withHa>[1], warning?: string): Change<{ warning?: string }> =>
    ok({
      document: withShared(document, withHa(shared, changes)),
      value: warning === undefined ? {} : { warning },
    });
  switch (parameter.name as SystemParameterName) {
    case "hamode": {
      // A unit that leaves this way leaves the shared addresses to the other one.
      const { holdsShared: _held, ...rest } = unit;
      return number === 0 && unit.hamode !== 0
        ? ok({ document: { ...document, unit: { ...rest, hamode: 0 } }, value: {} })
        : ofUnit({ hamode: number });
    }
    case "securityheaderage":
      return ok({ document: withShared(document, { ...shared, securityHeaderAge: number }), value: {} });
    case "hal7update":
      return ofPair({ l7Updates: Boolean(read.value) });
    case "hal4update":
      return ofPair({ l4Updates: Boolean(read.value) });
    case "hawait":
      return ofUnit({ hawaitSeconds: number });
    case "hostname":
      return ofUnit({ hostname: text });
    case "hafast":
      if (read.value !== true) return ofPair({ fast: undefined });
      if (unit.carpPassword !== undefined)
        return refuse(
          "fast mode is for two units of ours, and this one is set up for a partner of another kind (carppassword); remove that first",
        );
      if (partner !== undefined && partner.version < linkVersionWithTraffic)
        return refuse(
          `the partner ${partner.name} runs an earlier version, which does not know it; update it first`,
        );
      return ofPair({ fast: true });
    case "carppassword": {
      if (text !== "" && shared.ha.virtualMac === true)
        return refuse(
          "a virtual MAC is in use, which is for two units of ours; set vmac 0 at the shared address first",
        );
      if (text !== "" && shared.sharedAddresses6 !== undefined)
        return refuse(
          "shared addresses of IPv6 are in use, which are for two units of ours; remove them first (modiface sharedv6 at the shared address)",
        );
      if (text !== "" && shared.ha.fast === true)
        return refuse(
          "fast mode is on, which is for two units of ours; set hafast 0 at the shared address first",
        );
      const { carpPassword: _before, ...rest } = unit;
      return ok({
        document: { ...document, unit: text === "" ? rest : { ...rest, carpPassword: text } },
        value: {},
      });
    }
    case "syslogemergency":
    case "syslogcritical":
    case "syslogerror":
    case "syslogwarn":
    case "syslognotice":
    case "sysloginfo": {
      const next = withSyslogHosts(syslog, parameter.name, levelOf(parameter.name)!, text);
      return next.ok ? ofUnit({ syslog: next.value }) : next;
    }
    case "syslogport":
      return ofUnit({ syslog: { ...syslog, port: number } });
    case "syslogprot":
      return ofUnit({ syslog: { ...syslog, protocol: text as SyslogSettings["protocol"] } });
    case "syslogframing":
      return ofUnit({ syslog: { ...syslog, framing: text as SyslogSettings["framing"] } });
    case "haif": {
      const on = interfaces.find((each) => each.id === number);
      if (on === undefined)
        return refuse(
          `there is no interface ${number}; there are ${interfaces.map((each) => each.id).join(", ")}`,
        );
      const lacks = [
        ...(shared.sharedAddresses[number] === undefined ? ["a shared address (modiface shared)"] : []),
        ...(unit.partners[number] === undefined ? ["the partner's address (modiface partner)"] : []),
      ];
      return lacks.length === 0
        ? ofPair({ interface: number })
        : refuse(
            `interface ${number} lacks ${lacks.join(" and ")}, which traffic between the units needs; set it first`,
          );
    }
    case "vmac": {
      if (read.value !== true) return ofPair({ virtualMac: undefined });
      if (unit.carpPassword !== undefined)
        return refuse(
          "a virtual MAC is for two units of ours, and this one is set up for a partner of another kind (carppassword); remove that first",
        );
      const beyond = interfaces.find(({ id }) => id > interfaceIdMax);
      return beyond === undefined
        ? ofPair({ virtualMac: true })
        : refuse(
            `interface ${beyond.id} has no number in a virtual MAC, which goes to ${interfaceIdMax}; give it another id in the configuration file`,
          );
    }
    case "macglobal":
      return ofPair({ broadcast: read.value === true ? true : undefined });
    case "hatimeout":
      return ofPair({ timeout: number });
    case "havhid":
      return ofPair({ vhid: number });
    case "extendedperms": {
      const { extendedPermissions: _before, ...rest } = unit;
      return ok({
        document: { ...document, unit: read.value === true ? { ...rest, extendedPermissions: true } : rest },
        value: {},
      });
    }
    case "minpassword": {
      const { passwordCharsMin: _before, ...rest } = unit;
      return ok({
        document: {
          ...document,
          unit: number === passwordCharsMin.default ? rest : { ...rest, passwordCharsMin: number },
        },
        value: {},
      });
    }
    case "apicalllimit": {
      const { callsMax: _before, ...rest } = unit;
      return ok({
        document: { ...document, unit: number === callsMaxDefault ? rest : { ...rest, callsMax: number } },
        value: {},
      });
    }
    case "enableapi":
      // Scripts switch it on before they use it.
      return read.value === true
        ? ok({ document, value: {} })
        : refuse(
            "the API is always on, since the pages and the partner need it; block its port in front of the unit instead",
          );
    case "haprefered":
      return ofPair({ preferred: number }, number === 0 ? undefined : preferredNotice(number));
    case "syslogreport":
    case "hastatus":
    case "hareport":
    case "hanotice":
    case "haforeign":
    case "harejects":
    case "activetime":
    case "boottime":
    case "version":
    case "serialnumber":
    case "revision":
      return err({ code: 422, message: `param: ${parameter.name} is only read` });
  }
}
