/** Which rules services and real servers have, in the order in which they were given: pure changes of the shared content. */
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { defaultRule, rulesPerPlaceMax, ruleTypes } from "@tandem/loadmaster-api/rule-parameters";
import type { SharedContent, StoredRule, StoredServer, StoredService } from "../state/document.ts";
import { ruleNamed } from "./rules.ts";

export type RulePlace = "before" | "request" | "response";

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

const match = 0;
const modifyUrl = 4;
/** The types that each place takes, and what it is called. */
const places: {
  readonly [place in RulePlace]: { readonly types: readonly number[]; readonly takes: string };
} = {
  before: { types: [match], takes: "match rules (type 0)" },
  request: { types: [1, 2, 3, modifyUrl], takes: "rules that change requests (types 1 to 4)" },
  response: { types: [1, 2, 3], takes: "rules that change headers (types 1 to 3)" },
};

/** The service with the rule at the end of one of its lists. */
export function giveService(
  shared: SharedContent,
  service: StoredService,
  place: RulePlace,
  name: string,
): Result<StoredService, Failure> {
  const fault = cannotHave(shared, service, name, places[place]);
  if (fault !== undefined) return err(fault);
  const names = withName(service.rules?.[place], name, `virtual service ${service.index}`);
  return names.ok ? ok({ ...service, rules: { ...service.rules, [place]: names.value } }) : names;
}

export function takeFromService(
  service: StoredService,
  place: RulePlace,
  name: string,
): Result<StoredService, Failure> {
  const names = withoutName(service.rules?.[place], name, `virtual service ${service.index}`);
  if (!names.ok) return names;
  const { rules: before, ...rest } = service;
  const rules = Object.fromEntries(
    Object.entries({ ...before, [place]: names.value }).filter(([, list]) => list !== undefined),
  );
  return ok(Object.keys(rules).length === 0 ? rest : { ...rest, rules });
}

const matchRules = { types: [match], takes: "match rules (type 0)" };

/** What chooses a real server, or a SubVS: `default`, too. */
export function giveChosen<Chosen extends Pick<StoredServer, "index" | "rules">>(
  shared: SharedContent,
  service: StoredService,
  chosen: Chosen,
  name: string,
): Result<Chosen, Failure> {
  const fault = cannotHave(shared, service, name, matchRules);
  if (fault !== undefined) return err(fault);
  const names = withName(chosen.rules, name, `real server ${chosen.index}`);
  return names.ok ? ok({ ...chosen, rules: names.value }) : names;
}

export function takeFromChosen<Chosen extends Pick<StoredServer, "index" | "rules">>(
  chosen: Chosen,
  name: string,
): Result<Chosen, Failure> {
  const names = withoutName(chosen.rules, name, `real server ${chosen.index}`);
  if (!names.ok) return names;
  const { rules: _rules, ...rest } = chosen;
  return ok((names.value === undefined ? rest : { ...rest, rules: names.value }) as Chosen);
}

function cannotHave(
  shared: SharedContent,
  service: StoredService,
  name: string,
  { types, takes }: { readonly types: readonly number[]; readonly takes: string },
): Failure | undefined {
  const no = (message: string): Failure => ({ code: 422, message });
  if (service.type !== "http")
    return no(
      `rule: rules read HTTP, and the VStype of virtual service ${service.index} is ${service.type}; use VStype http`,
    );
  if (name === defaultRule)
    return takes === matchRules.takes && types === matchRules.types
      ? undefined
      : no(`rule: "${defaultRule}" belongs to real servers and SubVS; choose another rule`);
  const found = ruleNamed(shared, name);
  if (!found.ok) return found.error;
  return types.includes(found.value.type)
    ? undefined
    : no(`rule: "${name}" is a ${typeOf(found.value)}; only ${takes} are possible here`);
}

const typeOf = ({ type }: StoredRule): string => `${ruleTypes[type]} (type ${type})`;

function withName(
  before: readonly string[] | undefined,
  name: string,
  who: string,
): Result<string[], Failure> {
  const names = before ?? [];
  if (names.includes(name)) return refuse(`rule: ${who} has the rule "${name}" already`);
  if (names.length >= rulesPerPlaceMax)
    return refuse(`rule: ${who} has ${rulesPerPlaceMax} rules already; take one away`);
  return ok([...names, name]);
}

function withoutName(
  before: readonly string[] | undefined,
  name: string,
  who: string,
): Result<string[] | undefined, Failure> {
  const names = before ?? [];
  if (!names.includes(name)) return refuse(`rule: ${who} has no rule "${name}"; showvs shows which it has`);
  const left = names.filter((each) => each !== name);
  return ok(left.length === 0 ? undefined : left);
}
