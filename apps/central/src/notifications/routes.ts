/** Notification targets over the API (SPEC CH25). */
import type { NotificationTarget } from "@tandem/central-api/notifications";
import { routes } from "@tandem/central-api/routes";
import type { RouteRegistry } from "../api/route-registry.ts";
import type { TimelineEntry } from "../ha/timeline.ts";
import type { Deliver } from "./deliver.ts";
import { faultOf } from "./delivery-fault.ts";
import type { Notifier } from "./notifier.ts";
import type { Target } from "./target.ts";
import type { Targets, TargetWritten } from "./targets.ts";
import { noteOn } from "./told-targets.ts";

export type Notifications = {
  readonly targets: Targets;
  readonly notifier: Notifier;
  readonly deliver: Deliver;
  /** What a test sends. */
  testEntry(): TimelineEntry;
};

export function registerNotificationRoutes({ route }: RouteRegistry, notifications: Notifications): void {
  const { targets, notifier } = notifications;
  const shown = ({ secret, to, ...target }: Target): NotificationTarget => ({
    ...target,
    to: [...to],
    hasSecret: secret !== "",
    note: noteOn(targets.list(), { ...target, secret, to }),
    ...notifier.state(target.id),
  });
  const answer = ({ target, acknowledged }: TargetWritten) => ({ ...shown(target), acknowledged });
  route(routes.listNotifications, () => ({
    targets: targets.list().map(shown),
    synchronised: targets.areShared,
  }));
  route(routes.addNotification, async ({ body }, { caller }) =>
    answer(await targets.add(body, caller.author)),
  );
  route(routes.changeNotification, async ({ params, body, tag }, { caller }) =>
    answer(await targets.change(params.id, body, tag, caller.author)),
  );
  route(routes.removeNotification, async ({ params: { id }, tag }, { caller }) => ({
    id,
    acknowledged: await targets.remove(id, tag, caller.author),
  }));
  route(routes.testNotification, async ({ params }) => {
    const target = targets.get(params.id);
    try {
      await notifications.deliver(target, [notifications.testEntry()]);
      return { delivered: true, error: null, remedy: null };
    } catch (error) {
      const { message, remedy } = faultOf(target, error as Error);
      return { delivered: false, error: message, remedy };
    }
  });
}
