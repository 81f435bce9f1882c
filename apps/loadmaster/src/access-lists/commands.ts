/** `aclcontrol`: one of its parameters says what is asked or done. */
import { err, ok, type Result } from "@tandem/base/result";
import { accessChanges } from "@tandem/loadmaster-api/access-list-parameters";
import { completedOk, type Failure } from "@tandem/loadmaster-api/envelope";
import { type Fields, fieldOf } from "@tandem/loadmaster-api/parameters";
import { changeShared } from "../api/change-shared.ts";
import type { Handlers } from "../api/dispatch.ts";
import { findService, type ValuesOf } from "../services/edit.ts";
import { orLayer7 } from "../services/place.ts";
import { type AnyService, withService } from "../services/sub-services.ts";
import type { SharedContent } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";
import { type ListName, listView, withAccess, withEntry, withoutEntry, withServiceAccess } from "./lists.ts";

type Values = ValuesOf<"aclcontrol">;

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** True for a call that changes something; the others only ask. */
export const changesLists = (fields: Fields): boolean =>
  accessChanges.some((name) => fieldOf(fields, [name]) !== undefined);

/** What a call may ask or do, of which it names one. */
const acts = [
  "isenabled",
  "enable",
  "isdrop",
  "drop",
  "isifblock",
  "ifblock",
  "iswuiblock",
  "wuiblock",
  "wuiaddr",
  "list",
  "add",
  "del",
  "listvs",
  "addvs",
  "delvs",
] as const satisfies readonly (keyof Values)[];

const listOf = (name: Values["list"]): ListName => (name === "allow" || name === "white" ? "allow" : "block");

/** The service that a call names; its SubVS are reached by connections to it alone. */
function serviceOf(shared: SharedContent, values: Values): Result<AnyService, Failure> {
  const vs = values.vs ?? values.vsip;
  if (vs === undefined) return err({ code: 400, message: "vs: Address Value missing" });
  const found = findService(shared, { vs, port: values.vsport, prot: values.vsprot });
  return found.ok && found.value.sub !== undefined
    ? refuse(
        `vs: ${found.value.index} is a SubVS, which clients do not connect to; name the service above it, ${found.value.sub.of}`,
      )
    : found;
}

function changed(
  shared: SharedContent,
  act: (typeof acts)[number],
  values: Values,
): Result<SharedContent, Failure> {
  const { access = {} } = shared;
  const { enable, drop, addr, comment } = values;
  const { off, answers, ...lists } = access;
  if (enable !== undefined)
    return ok(
      withAccess(shared, {
        ...lists,
        ...(answers === undefined ? {} : { answers }),
        ...(enable ? {} : { off: true }),
      }),
    );
  if (drop !== undefined) {
    if (off === true) return refuse("drop: the access lists are not in force; enable them first (enable=1)");
    return ok(withAccess(shared, { ...lists, ...(drop ? {} : { answers: true }) }));
  }
  if (act === "ifblock" || act === "wuiblock") return ok(shared);
  if (addr === undefined) return err({ code: 400, message: "addr: Address Value missing" });
  if (act === "add" || act === "del") {
    const four = shared.services.find(({ layer }) => layer === 4);
    if (act === "add" && four !== undefined)
      return refuse(
        `add: virtual service ${four.index} works at layer 4, which follows no access list; use lists of single services (addvs)${orLayer7(four)}`,
      );
    const next =
      act === "add"
        ? withEntry(access, listOf(values.add), addr, comment)
        : withoutEntry(access, listOf(values.del), addr);
    return next.ok ? ok(withAccess(shared, next.value)) : next;
  }
  const service = serviceOf(shared, values);
  if (!service.ok) return service;
  if (act === "addvs" && service.value.layer === 4)
    return refuse(
      `addvs: virtual service ${service.value.index} works at layer 4, which follows no access list; let its servers refuse clients${orLayer7(service.value)}`,
    );
  const before = service.value.access ?? {};
  const next =
    act === "addvs"
      ? withEntry(before, listOf(values.addvs), addr, comment)
      : withoutEntry(before, listOf(values.delvs), addr);
  return next.ok ? ok(withService(shared, withServiceAccess(service.value, next.value))) : next;
}

function asked(shared: SharedContent, act: (typeof acts)[number], values: Values): Result<object, Failure> {
  const { access = {} } = shared;
  switch (act) {
    case "isenabled":
      return ok({ isenabled: access.off !== true });
    case "isdrop":
      return ok({ isdrop: access.answers !== true });
    case "isifblock":
      return ok({ isifblock: "Free" });
    case "iswuiblock":
      return ok({ iswuiblock: false });
    case "wuiaddr":
      return ok({ wuiaddr: "" });
    case "list":
      return ok(listView(access, listOf(values.list)));
    default: {
      const service = serviceOf(shared, values);
      return service.ok ? ok(listView(service.value.access, listOf(values.listvs))) : service;
    }
  }
}

export function accessListHandlers(unit: Unit): Pick<Handlers, "aclcontrol"> {
  const change = async (caller: Author, act: (typeof acts)[number], values: Values) => {
    const made = await changeShared(unit, caller, (shared) => changed(shared, act, values));
    return made.ok ? ok({ message: completedOk, ...made.value }) : made;
  };
  return {
    async aclcontrol(values, caller) {
      const [act, second] = acts.filter((name) => values[name] !== undefined);
      if (act === undefined)
        return err({ code: 400, message: `list: String Value missing; give one of ${acts.join(", ")}` });
      if (second !== undefined) return refuse(`${second}: not together with ${act}; make two calls of it`);
      return (accessChanges as readonly string[]).includes(act)
        ? change(caller, act, values)
        : asked(unit.document.shared, act, values);
    },
  };
}
