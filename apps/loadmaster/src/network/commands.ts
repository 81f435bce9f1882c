/** The commands about names and addresses that the unit knows by itself. */
import { err, ok, type Result } from "@tandem/base/result";
import { completedOk, type Failure } from "@tandem/loadmaster-api/envelope";
import type { NetworkCommandName } from "@tandem/loadmaster-api/network-commands";
import type { Handlers } from "../api/dispatch.ts";
import type { UnitContent } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";
import { addHost, hostsView, removeHost } from "./hosts.ts";
import { changeRoutes, findRoute, readRoute, routesView, withoutRoute } from "./routes.ts";

export function networkHandlers(unit: Unit): Pick<Handlers, NetworkCommandName> {
  const edit = async (
    caller: Author,
    change: (content: UnitContent) => Result<UnitContent, Failure>,
  ): Promise<Result<object, Failure>> => {
    const made = await unit.change(caller, (document) => {
      const next = change(document.unit);
      return next.ok ? ok({ document: { ...document, unit: next.value }, value: {} }) : next;
    });
    return made.ok ? ok({ message: completedOk, revision: made.value.revision }) : made;
  };
  const { interfaces } = unit.configuration;
  return {
    showroute: async () => ok({ Route: routesView(unit.document.unit) }),
    async addroute({ dest, gateway }, caller) {
      const tried = readRoute(unit.document.unit, interfaces, dest, gateway);
      if (!tried.ok) return tried;
      const [failure] = changeRoutes("add", [tried.value], interfaces);
      if (failure !== undefined)
        return err({ code: 422, message: `dest: ${inWords(failure.code)}; nothing was changed` });
      const made = await edit(caller, (content) => {
        const read = readRoute(content, interfaces, dest, gateway);
        return read.ok ? ok({ ...content, routes: [...(content.routes ?? []), read.value] }) : read;
      });
      if (!made.ok && !findRoute(unit.document.unit, tried.value.destination).ok)
        changeRoutes("remove", [tried.value], interfaces);
      return made;
    },
    async delroute({ dest }, caller) {
      const found = findRoute(unit.document.unit, dest);
      if (!found.ok) return found;
      const made = await edit(caller, (content) => ok(withoutRoute(content, found.value)));
      if (!made.ok) return made;
      const [failure] = changeRoutes("remove", [found.value], interfaces);
      return failure === undefined
        ? made
        : err({
            code: 500,
            message: `dest: the route is no longer kept, but the machine still has it: ${inWords(failure.code)}`,
          });
    },
    gethosts: async () => ok({ HostsEntry: hostsView(unit.document.unit) }),
    addhostsentry: ({ hostip, hostfqdn }, caller) =>
      edit(caller, (content) => addHost(content, hostip, hostfqdn)),
    delhostsentry: ({ hostip }, caller) => edit(caller, (content) => removeHost(content, hostip)),
    resolvenow: async () => ok({ message: completedOk }),
  };
}

/** What the kernel says. */
const inWords = (code: string): string => {
  switch (code) {
    case "EEXIST":
      return "the machine has a route there already, which is not this unit's";
    case "EPERM":
      return "this unit may not change the machine's routes; run it as root";
    case "EINVAL":
    case "ENETUNREACH":
      return "the machine cannot reach the gateway on that interface";
    default:
      return `the machine refuses the route (${code})`;
  }
};
