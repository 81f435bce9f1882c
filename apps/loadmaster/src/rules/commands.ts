/** The commands that keep content rules, and give them to services and real servers. */
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { completedOk } from "@tandem/loadmaster-api/envelope";
import { ruleTypes } from "@tandem/loadmaster-api/rule-parameters";
import { changeShared, type SharedEdit } from "../api/change-shared.ts";
import type { Handlers } from "../api/dispatch.ts";
import { findRow, findServer, findService, withServer } from "../services/edit.ts";
import { type AnyService, withService } from "../services/sub-services.ts";
import type { SharedContent } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";
import { giveChosen, giveService, type RulePlace, takeFromChosen, takeFromService } from "./assignment.ts";
import { addRule, changeRule, type RuleValues, removeRule, ruleNamed } from "./rules.ts";
import { rulesView } from "./views.ts";

type RuleCommand =
  | "showrule"
  | "addrule"
  | "modrule"
  | "delrule"
  | "addrsrule"
  | "delrsrule"
  | "addprerule"
  | "delprerule"
  | "addrequestrule"
  | "delrequestrule"
  | "addresponserule"
  | "delresponserule";

export function ruleHandlers(unit: Unit): Pick<Handlers, RuleCommand> {
  const done = async (caller: Author, edit: SharedEdit): Promise<Result<object, Failure>> => {
    const made = await changeShared(unit, caller, edit);
    return made.ok ? ok({ message: completedOk, ...made.value }) : made;
  };
  const shown = async (caller: Author, name: string, edit: SharedEdit): Promise<Result<object, Failure>> => {
    const made = await changeShared(unit, caller, edit);
    if (!made.ok) return made;
    const found = ruleNamed(unit.document.shared, name);
    return found.ok ? ok({ ...rulesView([found.value]), ...made.value }) : found;
  };
  const give =
    (place: RulePlace): Handlers["addprerule"] =>
    (values, caller) =>
      done(caller, (shared) => {
        const found = findService(shared, values);
        if (!found.ok) return found;
        const next = giveService(shared, found.value, place, values.rule);
        return next.ok ? ok(withService(shared, next.value)) : next;
      });
  const take =
    (place: RulePlace): Handlers["delprerule"] =>
    (values, caller) =>
      done(caller, (shared) => {
        const found = findService(shared, values);
        if (!found.ok) return found;
        const next = takeFromService(found.value, place, values.rule);
        return next.ok ? ok(withService(shared, next.value)) : next;
      });
  return {
    async showrule({ name, type }) {
      const { rules = [] } = unit.document.shared;
      if (name !== undefined) {
        const found = ruleNamed(unit.document.shared, name);
        if (!found.ok) return found;
      }
      return ok(
        rulesView(
          rules.filter(
            (each) =>
              (name === undefined || each.name === name) &&
              (type === undefined || ruleTypes[each.type] === ruleTypes[type]),
          ),
        ),
      );
    },
    addrule: async (values, caller) =>
      aboutPattern(values, await shown(caller, values.name, (shared) => addRule(shared, values))),
    modrule: async (values, caller) =>
      aboutPattern(values, await shown(caller, values.name, (shared) => changeRule(shared, values))),
    delrule: ({ name }, caller) => done(caller, (shared) => removeRule(shared, name)),
    addrsrule: (values, caller) =>
      done(caller, (shared) =>
        changeChosen(shared, values, (service, chosen) => giveChosen(shared, service, chosen, values.rule)),
      ),
    delrsrule: (values, caller) =>
      done(caller, (shared) =>
        changeChosen(shared, values, (_service, chosen) => takeFromChosen(chosen, values.rule)),
      ),
    addprerule: give("before"),
    delprerule: take("before"),
    addrequestrule: give("request"),
    delrequestrule: take("request"),
    addresponserule: give("response"),
    delresponserule: take("response"),
  };
}

/** HAProxy compiles patterns; what it says against one is told of the parameter. */
function aboutPattern({ name, pattern }: RuleValues, made: Result<object, Failure>): Result<object, Failure> {
  if (made.ok || pattern === undefined || !made.error.message.includes(`parameter rule ${name}: `))
    return made;
  const reason = / is invalid \(error=(.*), erroffset=\d+\)/.exec(made.error.message)?.[1];
  return err({
    ...made.error,
    message: `pattern: ${JSON.stringify(pattern)} is no regular expression that HAProxy can use: ${reason ?? made.error.message}; correct it`,
  });
}

type Chosen = { readonly index: number; readonly rules?: string[] };

/** What rules choose, changed: a real server, or the row of a SubVS. */
function changeChosen(
  shared: SharedContent,
  reference: Parameters<typeof findServer>[1],
  change: <Each extends Chosen>(service: AnyService, chosen: Each) => Result<Each, Failure>,
): Result<SharedContent, Failure> {
  const row = findRow(shared, reference);
  if (row !== undefined) {
    const next = change(row.service, row.sub.row);
    return next.ok
      ? ok(withService(shared, { ...row.subService, sub: { ...row.sub, row: next.value } }))
      : next;
  }
  const found = findServer(shared, reference);
  if (!found.ok) return found;
  const { service, server } = found.value;
  const next = change(service, server);
  return next.ok ? ok(withService(shared, withServer(service, next.value))) : next;
}
