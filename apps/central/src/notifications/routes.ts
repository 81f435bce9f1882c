/** Notification targets over the API (SPEC CH25). */
import type { NotificationTarget } from "@tandem/central-api/notifications";
import { routes } from "@tandem/central-api/routes";
import type { RouteRegistry } from "../api/route-registry.ts";
import type { TimelineEntry } from "../ha/timeline.ts";
import type { Deliver } from "./deliver.ts";
import type { Notifier } from "./notifier.ts";
import type { Target, Targets } from "./targets.ts";

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
    ...notifier.state(target.id),
  });
  route(routes.listNotifications, () => ({ targets: targets.list().map(shown) }));
  route(routes.addNotification, ({ body }) => shown(targets.add(body)));
  route(routes.changeNotification, ({ params, body }) => shown(targets.change(params.id, body)));
  route(routes.removeNotification, ({ params }) => {
    targets.remove(params.id);
    notifier.removed(params.id);
    return { id: params.id };
  });
  route(routes.testNotification, async ({ params }) => {
    try {
      await notifications.deliver(targets.get(params.id), [notifications.testEntry()]);
      return { delivered: true, error: null };
    } catch (error) {
      if (error instanceof Error && error.name !== "Refusal")
        return { delivered: false, error: error.message };
      throw error;
    }
  });
}
