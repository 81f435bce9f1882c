import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { DevicePage } from "./devices/device-page.tsx";
import { FleetPage } from "./fleet/fleet-page.tsx";
import { GroupPage } from "./groups/group-page.tsx";
import { HaPage } from "./ha/ha-page.tsx";
import { LicencesPage } from "./licensing/licences-page.tsx";
import { OwnLicencePage } from "./licensing/own-licence-page.tsx";
import { readLogChoice } from "./logs/log-choice.ts";
import { LogsPage } from "./logs/logs-page.tsx";
import { NotificationsPage } from "./notifications/notifications-page.tsx";
import { readMonth } from "./reports/month-choice.ts";
import { ReportsPage } from "./reports/reports-page.tsx";
import { SchedulePage } from "./schedule/schedule-page.tsx";
import { NotFoundPage } from "./shell/not-found-page.tsx";
import { PageShell } from "./shell/page-shell.tsx";
import { readChoice } from "./statistics/choice.ts";
import { StatisticsPage } from "./statistics/statistics-page.tsx";
import { SynchronisationPage } from "./synchronisation/synchronisation-page.tsx";

/** Every page with its address. The masthead, the navigation and the network tree stand around all of them. */
const root = createRootRoute({ component: PageShell, notFoundComponent: NotFoundPage });

const fleet = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: (search: Record<string, unknown>): { network?: string } =>
    typeof search.network === "string" ? { network: search.network } : {},
  component: FleetPage,
});

const ha = createRoute({ getParentRoute: () => root, path: "/settings/ha", component: HaPage });

const statistics = createRoute({
  getParentRoute: () => root,
  path: "/statistics",
  validateSearch: readChoice,
  component: StatisticsPage,
});

const schedule = createRoute({ getParentRoute: () => root, path: "/schedule", component: SchedulePage });

const syslog = createRoute({
  getParentRoute: () => root,
  path: "/syslog",
  validateSearch: readLogChoice,
  component: LogsPage,
});

const notifications = createRoute({
  getParentRoute: () => root,
  path: "/settings/notifications",
  component: NotificationsPage,
});

const synchronisation = createRoute({
  getParentRoute: () => root,
  path: "/settings/synchronisation",
  component: SynchronisationPage,
});

const ownLicence = createRoute({
  getParentRoute: () => root,
  path: "/settings/licensing",
  component: OwnLicencePage,
});

const licences = createRoute({
  getParentRoute: () => root,
  path: "/settings/licences",
  component: LicencesPage,
});

const reports = createRoute({
  getParentRoute: () => root,
  path: "/settings/reports",
  validateSearch: readMonth,
  component: ReportsPage,
});

const device = createRoute({
  getParentRoute: () => root,
  path: "/devices/$device",
  component: DevicePage,
});

const group = createRoute({
  getParentRoute: () => root,
  path: "/ha-groups/$group",
  component: GroupPage,
});

export const makeRouter = () =>
  createRouter({
    routeTree: root.addChildren([
      fleet,
      device,
      group,
      statistics,
      schedule,
      syslog,
      ha,
      ownLicence,
      licences,
      reports,
      synchronisation,
      notifications,
    ]),
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
