/** The commands about names and addresses that the unit knows by itself. */
import { ok, type Result } from "@tandem/base/result";
import { completedOk, type Failure } from "@tandem/loadmaster-api/envelope";
import type { NetworkCommandName } from "@tandem/loadmaster-api/network-commands";
import type { Handlers } from "../api/dispatch.ts";
import type { UnitContent } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";
import { addHost, hostsView, removeHost } from "./hosts.ts";

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
  return {
    gethosts: async () => ok({ HostsEntry: hostsView(unit.document.unit) }),
    addhostsentry: ({ hostip, hostfqdn }, caller) =>
      edit(caller, (content) => addHost(content, hostip, hostfqdn)),
    delhostsentry: ({ hostip }, caller) => edit(caller, (content) => removeHost(content, hostip)),
    resolvenow: async () => ok({ message: completedOk }),
  };
}
