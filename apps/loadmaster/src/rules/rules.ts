/** Content rules as they are kept: pure functions from the shared content to the next one, or a refusal. */
import { err, ok, type Result } from "@tandem/base/result";
import { groupsIn, groupsMax, strangeIn, strangeInReplacement } from "@tandem/haproxy-config/replacing";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { Values } from "@tandem/loadmaster-api/parameters";
import {
  defaultRule,
  type ruleParameters,
  rulesMax,
  ruleTypes,
} from "@tandem/loadmaster-api/rule-parameters";
import { type AnyService, allServices } from "../services/sub-services.ts";
import type { SharedContent, StoredRule } from "../state/document.ts";

export type RuleValues = Values<typeof ruleParameters>;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });
const unknownRule = (name: string): Result<never, Failure> =>
  refuse(`Unknown rule: there is no rule "${name}"; showrule shows which there are`);

export function ruleNamed(shared: SharedContent, name: string): Result<StoredRule, Failure> {
  const found = shared.rules?.find((each) => each.name === name);
  return found === undefined ? unknownRule(name) : ok(found);
}

export function addRule(shared: SharedContent, values: RuleValues): Result<SharedContent, Failure> {
  const rules = shared.rules ?? [];
  if (values.name === defaultRule)
    return refuse(`name: "${defaultRule}" is the rule that matches what no other does; choose another name`);
  if (rules.some(({ name }) => name === values.name))
    return refuse(`name: there is a rule "${values.name}" already; change it with modrule`);
  if (rules.length >= rulesMax) return refuse(`there are ${rulesMax} rules already; remove one`);
  const made = ruleOf(values, values.type ?? 0);
  return made.ok ? ok({ ...shared, rules: inOrder([...rules, made.value]) }) : made;
}

/** As on real units what is not given is at its default again; only the type stays. */
export function changeRule(shared: SharedContent, values: RuleValues): Result<SharedContent, Failure> {
  const found = ruleNamed(shared, values.name);
  if (!found.ok) return found;
  const made = ruleOf(values, values.type ?? found.value.type);
  if (!made.ok) return made;
  const [place] = placesOf(shared, values.name);
  if (place !== undefined && made.value.type !== found.value.type)
    return refuse(
      `type: ${values.type} is not possible while ${place.words} uses the rule "${values.name}" as ${ruleTypes[found.value.type]}; take it from there first`,
    );
  return ok({
    ...shared,
    rules: (shared.rules ?? []).map((each) => (each.name === values.name ? made.value : each)),
  });
}

export function removeRule(shared: SharedContent, name: string): Result<SharedContent, Failure> {
  const found = ruleNamed(shared, name);
  if (!found.ok) return found;
  const places = placesOf(shared, name);
  if (places.length > 0)
    return refuse(
      `name: the rule "${name}" is used by ${places
        .slice(0, 3)
        .map(({ words }) => words)
        .join(", ")}${places.length > 3 ? ` and ${places.length - 3} others` : ""}; take it from there first`,
    );
  const { rules: _rules, ...rest } = shared;
  const rules = (shared.rules ?? []).filter((each) => each.name !== name);
  return ok(rules.length === 0 ? rest : { ...rest, rules });
}

const inOrder = (rules: readonly StoredRule[]): StoredRule[] =>
  rules.toSorted((a, b) => (a.name < b.name ? -1 : 1));

type Place = { readonly words: string };

function placesOf(shared: SharedContent, name: string): Place[] {
  const ofService = (service: AnyService): Place[] => [
    ...(Object.values(service.rules ?? {}).some((names) => names?.includes(name)) ||
    service.sub?.row.rules?.includes(name) === true
      ? [{ words: `${service.sub === undefined ? "virtual service" : "SubVS"} ${service.index}` }]
      : []),
    ...service.servers
      .filter(({ rules }) => rules?.includes(name))
      .map(({ index }) => ({ words: `real server ${index} of virtual service ${service.index}` })),
  ];
  return allServices(shared).flatMap(ofService);
}

/** Which of the parameters each type takes, and needs. */
const parametersOf: readonly {
  readonly takes: readonly (keyof RuleValues)[];
  readonly needs: readonly (keyof RuleValues)[];
}[] = [
  {
    takes: [
      "pattern",
      "matchtype",
      "header",
      "inchost",
      "incquery",
      "nocase",
      "negate",
      "mustfail",
      "setonmatch",
    ],
    needs: ["pattern"],
  },
  { takes: ["header", "replacement"], needs: ["header", "replacement"] },
  { takes: ["pattern"], needs: ["pattern"] },
  { takes: ["header", "pattern", "replacement"], needs: ["header", "pattern"] },
  { takes: ["pattern", "replacement"], needs: ["pattern"] },
];
const ofEveryType: readonly (keyof RuleValues)[] = ["name", "type", "onlyonflag", "onlyonnoflag"];

function ruleOf(values: RuleValues, type: number): Result<StoredRule, Failure> {
  const parameters = parametersOf[type];
  if (parameters === undefined)
    return refuse(
      `type: ${type} (${ruleTypes[type]}) is not possible on this unit, whose HAProxy does not rewrite bodies; let the application do it`,
    );
  const isSet = (name: keyof RuleValues): boolean => {
    const value = values[name];
    return (
      value !== undefined &&
      value !== "" &&
      value !== 0 &&
      value !== false &&
      value !== "regex" &&
      value !== "N"
    );
  };
  const missing = parameters.needs.find((name) => !isSet(name));
  if (missing !== undefined) return err({ code: 400, message: `${missing}: String Value missing` });
  const strange = (Object.keys(values) as (keyof RuleValues)[]).find(
    (name) => !ofEveryType.includes(name) && !parameters.takes.includes(name) && isSet(name),
  );
  if (strange !== undefined)
    return refuse(
      `${strange}: ${JSON.stringify(values[strange])} is not used by a rule of type ${type} (${ruleTypes[type]}), which takes ${parameters.takes.join(", ")}; leave it out`,
    );
  const { pattern = "", header = "", replacement = "" } = values;
  const fault =
    headerFault(type, header, pattern) ??
    (type === 3 || type === 4 ? replacingFault(type, pattern, replacement) : undefined);
  if (fault !== undefined) return refuse(fault);
  const on = <Name extends string>(name: Name, is: boolean | undefined) =>
    (is === true ? { [name]: true } : {}) as { readonly [Each in Name]?: true };
  const flag = <Name extends string>(name: Name, value: number | undefined) =>
    (value === undefined || value === 0 ? {} : { [name]: value }) as { readonly [Each in Name]?: number };
  return ok({
    name: values.name,
    type,
    ...(pattern === "" ? {} : { pattern }),
    ...(values.matchtype === "prefix" || values.matchtype === "postfix"
      ? { matchType: values.matchtype }
      : {}),
    ...(header === "" ? {} : { header }),
    ...on("includeHost", values.inchost),
    ...on("includeQuery", values.incquery),
    ...on("ignoreCase", values.nocase),
    ...on("negate", values.negate),
    ...on("mustFail", values.mustfail),
    ...flag("setOnMatch", values.setonmatch),
    ...flag("onlyOnFlag", values.onlyonflag),
    ...flag("onlyOnNoFlag", values.onlyonnoflag),
    ...(replacement === "" ? {} : { replacement }),
  });
}

/** They say where a request or an answer ends: HAProxy writes them itself, and believes what a rule makes of them. */
const framing: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "connection"]);

function headerFault(type: number, header: string, pattern: string): string | undefined {
  const given = JSON.stringify(header);
  if (type === 0)
    return header.includes("'")
      ? `header: ${given} has a ' in it, which HAProxy cannot look for; choose another header`
      : undefined;
  if (header.toLowerCase() === "body")
    return `header: ${given} stands for the request's body in rules of type 0; give a header's name`;
  const [parameter, value] = type === 2 ? ["pattern", pattern] : ["header", header];
  return framing.has(value.toLowerCase().replace(/^\/?\^?|\$?\/?$/g, ""))
    ? `${parameter}: ${JSON.stringify(value)} says where a message ends or how long its connection lasts, which is HAProxy's to write; choose another header`
    : undefined;
}

function replacingFault(type: number, pattern: string, replacement: string): string | undefined {
  const groups = groupsIn(pattern);
  if (groups > groupsMax)
    return `pattern: it has ${groups} groups; a pattern that replaces may have ${groupsMax}; write (?: ) around those that the replacement does not name`;
  const strange = strangeIn(pattern);
  if (strange !== undefined)
    return `pattern: ${JSON.stringify(pattern)} has ${strange}, which is not possible in a pattern that replaces; write out what it stands for, and groups as ( ) or (?: )`;
  const given = `replacement: ${JSON.stringify(replacement)}`;
  if (type === 4 && !/^[\x21-\x7e]*$/.test(replacement))
    return `${given} has a blank, or a character that no URL may have; write %20 for a blank, others as %XX`;
  const fault = strangeInReplacement({ pattern, replacement });
  return fault === undefined ? undefined : `${given} ${fault}`;
}
