import { routes } from "@tandem/central-api/routes";
import type { RouteRegistry } from "../api/route-registry.ts";
import {
  type ActionsWorld,
  addAction,
  changeAction,
  listActions,
  removeAction,
  runActionNow,
} from "./actions.ts";
import { listRuns } from "./run-list.ts";

export function registerScheduleRoutes({ route }: RouteRegistry, here: ActionsWorld): void {
  route(routes.listScheduledActions, () => ({ scheduledActions: [...listActions(here)] }));
  route(routes.addScheduledAction, ({ body }, { caller }) => addAction(here, body, caller.author));
  route(routes.changeScheduledAction, ({ params, body, tag }, { caller }) =>
    changeAction(here, params.id, body, tag, caller.author),
  );
  route(routes.removeScheduledAction, ({ params, tag }, { caller }) =>
    removeAction(here, params.id, tag, caller.author),
  );
  route(routes.runScheduledAction, ({ params }, { caller }) => runActionNow(here, params.id, caller.author));
  route(routes.listRuns, ({ query }) => ({ runs: [...listRuns(here.schedule.ledger, query)] }));
}
