/** `get`, `getall` and `set`: parameters of the pair, of this unit, and what is only read. */
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { readValue } from "@tandem/loadmaster-api/parameters";
import {
  type SystemParameterName,
  systemParameter,
  systemParameters,
} from "@tandem/loadmaster-api/system-parameters";
import { type UnitDocument, withShared } from "../state/document.ts";
import type { Change, Unit } from "../unit.ts";

type Value = string | number | boolean;

function parameterValue(unit: Unit, version: string, name: SystemParameterName): Value {
  const { shared, unit: own } = unit.document;
  switch (name) {
    case "hamode":
      return own.hamode;
    case "hatimeout":
      return shared.ha.timeout;
    case "havhid":
      return shared.ha.vhid;
    case "haprefered":
      return shared.ha.preferred;
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
    case "activetime":
      return unit.activeTime;
    case "boottime":
      return unit.bootTime;
    case "version":
      return version;
    case "serialnumber":
      return unit.identity.unit;
    case "revision":
      return unit.revision;
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

export function setSystem(document: UnitDocument, param: string, value: string): Change<object> {
  const parameter = systemParameter(param);
  if (parameter === undefined) return err(unknown(param));
  if (parameter.scope === "status")
    return err({ code: 422, message: `param: ${parameter.name} is only read` });
  const read = readValue(parameter, value);
  if (!read.ok) return read;
  const number = Number(read.value);
  const text = String(read.value);
  const { unit, shared } = document;
  const ofUnit = (changes: Partial<UnitDocument["unit"]>): Change<object> =>
    ok({ document: { ...document, unit: { ...unit, ...changes } }, value: {} });
  const ofPair = (changes: Partial<UnitDocument["shared"]["ha"]>): Change<object> =>
    ok({ document: withShared(document, { ...shared, ha: { ...shared.ha, ...changes } }), value: {} });
  switch (parameter.name as SystemParameterName) {
    case "hamode":
      return ofUnit({ hamode: number });
    case "hawait":
      return ofUnit({ hawaitSeconds: number });
    case "hostname":
      return ofUnit({ hostname: text });
    case "carppassword": {
      const { carpPassword: _before, ...rest } = unit;
      return ok({
        document: { ...document, unit: text === "" ? rest : { ...rest, carpPassword: text } },
        value: {},
      });
    }
    case "hatimeout":
      return ofPair({ timeout: number });
    case "havhid":
      return ofPair({ vhid: number });
    case "haprefered":
      return ofPair({ preferred: number });
    case "hastatus":
    case "hareport":
    case "activetime":
    case "boottime":
    case "version":
    case "serialnumber":
    case "revision":
    case "enableapi":
      return err({ code: 422, message: `param: ${parameter.name} is only read` });
  }
}
