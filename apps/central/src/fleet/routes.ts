import { routes } from "@tandem/central-api/routes";
import type { RouteRegistry } from "../api/route-registry.ts";
import { addDevice, changeDevice, listDevices, removeDevice } from "./devices.ts";
import type { Fleet } from "./fleet.ts";
import { addHaGroup, changeHaGroup, haGroupById, listHaGroups, removeHaGroup } from "./ha-groups.ts";
import { addNetwork, changeNetwork, listNetworks, removeNetwork } from "./networks.ts";
import { listServices, putService, removeService } from "./services.ts";

export function registerFleetRoutes({ route }: RouteRegistry, fleet: Fleet): void {
  const { shared } = fleet;
  route(routes.listNetworks, () => ({ networks: [...listNetworks(shared)] }));
  route(routes.addNetwork, ({ body }, { caller }) => addNetwork(shared, body, caller.author));
  route(routes.changeNetwork, ({ params, body, tag }, { caller }) =>
    changeNetwork(shared, params.cidr, body, tag, caller.author),
  );
  route(routes.removeNetwork, ({ params, tag }, { caller }) =>
    removeNetwork(shared, params.cidr, tag, caller.author),
  );
  route(routes.tree, () => fleet.tree());

  route(routes.listDevices, () => ({ devices: [...listDevices(fleet)] }));
  route(routes.addDevice, ({ body }, { caller }) => addDevice(fleet, body, caller.author));
  route(routes.changeDevice, ({ params, body, tag }, { caller }) =>
    changeDevice(fleet, params.id, body, tag, caller.author),
  );
  route(routes.removeDevice, ({ params, tag }, { caller }) =>
    removeDevice(fleet, params.id, tag, caller.author),
  );

  route(routes.listDeviceServices, ({ params }) => listServices(fleet, params.id));
  route(routes.putDeviceService, ({ params, body }, { caller }) =>
    putService(fleet, params.id, body, caller.author),
  );
  route(routes.removeDeviceService, ({ params, query }, { caller }) =>
    removeService(fleet, params.id, params.service, query?.basedOn, caller.author),
  );

  route(routes.listHaGroups, () => ({ haGroups: [...listHaGroups(fleet)] }));
  route(routes.addHaGroup, ({ body }, { caller }) => addHaGroup(fleet, body, caller.author));
  route(routes.haGroup, ({ params }) => haGroupById(fleet, params.id));
  route(routes.changeHaGroup, ({ params, body, tag }, { caller }) =>
    changeHaGroup(fleet, params.id, body, tag, caller.author),
  );
  route(routes.removeHaGroup, ({ params, tag }, { caller }) =>
    removeHaGroup(fleet, params.id, tag, caller.author),
  );
}
