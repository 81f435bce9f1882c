/** How many services, SubVS and real servers are up, down and switched off: what `vstotals` answers. */
import type { ServiceStatus, TotalsView } from "@tandem/loadmaster-api/views";
import type { SharedContent } from "../state/document.ts";
import { allServices } from "./sub-services.ts";
import { type Figures, serverView, serviceState } from "./views.ts";

export function totalsView(shared: SharedContent, figures: Figures): TotalsView {
  const services = allServices(shared);
  const states = (isSub: boolean): ServiceStatus[] =>
    services.filter(({ sub }) => (sub !== undefined) === isSub).map((each) => serviceState(each, figures));
  return {
    VS: counted(states(false)),
    SubVS: counted(states(true)),
    RS: counted(
      services.flatMap((service) =>
        service.servers.map((server) => serverView(service, server, figures).Status),
      ),
    ),
  };
}

/** What is not checked serves; a service whose sorry server or redirect answers for it is down. */
function counted(states: readonly ServiceStatus[]): TotalsView["VS"] {
  const of = (...words: readonly ServiceStatus[]): number =>
    states.filter((each) => words.includes(each)).length;
  const [Up, Disabled] = [of("Up", "Unchecked"), of("Disabled")];
  return { Total: states.length, Up, Down: states.length - Up - Disabled, Disabled };
}
