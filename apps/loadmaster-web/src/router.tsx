import { createHashHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { AccessListsPage } from "./access-lists/access-lists-page.tsx";
import { BackupPage } from "./administration/backup-page.tsx";
import { RebootPage } from "./administration/reboot-page.tsx";
import { UsersPage } from "./administration/users-page.tsx";
import { CertificatesPage } from "./certificates/certificates-page.tsx";
import { CheckParametersPage } from "./checking/check-parameters-page.tsx";
import { DrillPage } from "./drill/drill-page.tsx";
import { HaParametersPage } from "./ha/ha-parameters-page.tsx";
import { HomePage } from "./home/home-page.tsx";
import { InterfacesPage } from "./interfaces/interfaces-page.tsx";
import { LicencePage } from "./licence/licence-page.tsx";
import { DebugPage } from "./logs/debug-page.tsx";
import { LogFilesPage } from "./logs/log-files-page.tsx";
import { SetupPage } from "./pairing/setup-page.tsx";
import { RulesPage } from "./rules/rules-page.tsx";
import { ServicePage } from "./services/service-page.tsx";
import { ServicesPage } from "./services/services-page.tsx";
import { HostPage } from "./settings/host-page.tsx";
import { LoggingPage } from "./settings/logging-page.tsx";
import { NotFoundPage } from "./shell/not-found-page.tsx";
import { PageShell } from "./shell/page-shell.tsx";
import { StatisticsPage } from "./statistics/statistics-page.tsx";
import { TemplatesPage } from "./templates/templates-page.tsx";

/** Every page with its address. The masthead with the squares and the navigation stand around all of them. */
const root = createRootRoute({ component: PageShell, notFoundComponent: NotFoundPage });

const home = createRoute({ getParentRoute: () => root, path: "/", component: HomePage });
const services = createRoute({ getParentRoute: () => root, path: "/services", component: ServicesPage });
const service = createRoute({ getParentRoute: () => root, path: "/services/$index", component: OneService });
function OneService() {
  const { index } = service.useParams();
  return <ServicePage key={index} index={index} />;
}
const statistics = createRoute({
  getParentRoute: () => root,
  path: "/statistics",
  component: StatisticsPage,
});
const certificates = createRoute({
  getParentRoute: () => root,
  path: "/certificates",
  component: CertificatesPage,
});
const templates = createRoute({
  getParentRoute: () => root,
  path: "/templates",
  component: TemplatesPage,
});
const rules = createRoute({ getParentRoute: () => root, path: "/rules", component: RulesPage });
const checkParameters = createRoute({
  getParentRoute: () => root,
  path: "/checking/parameters",
  component: CheckParametersPage,
});
const interfaces = createRoute({
  getParentRoute: () => root,
  path: "/interfaces",
  component: InterfacesPage,
});
const parameters = createRoute({
  getParentRoute: () => root,
  path: "/ha/parameters",
  component: HaParametersPage,
});
const setup = createRoute({ getParentRoute: () => root, path: "/ha/setup", component: SetupPage });
const drill = createRoute({ getParentRoute: () => root, path: "/ha/drill", component: DrillPage });
const users = createRoute({
  getParentRoute: () => root,
  path: "/administration/users",
  component: UsersPage,
});
const licence = createRoute({
  getParentRoute: () => root,
  path: "/administration/licence",
  component: LicencePage,
});
const backup = createRoute({
  getParentRoute: () => root,
  path: "/administration/backup",
  component: BackupPage,
});
const accessLists = createRoute({
  getParentRoute: () => root,
  path: "/access-lists",
  component: AccessListsPage,
});
const host = createRoute({ getParentRoute: () => root, path: "/host", component: HostPage });
const logging = createRoute({ getParentRoute: () => root, path: "/logging/syslog", component: LoggingPage });
const logFiles = createRoute({ getParentRoute: () => root, path: "/logging/files", component: LogFilesPage });
const debug = createRoute({ getParentRoute: () => root, path: "/logging/debug", component: DebugPage });
const reboot = createRoute({
  getParentRoute: () => root,
  path: "/administration/reboot",
  component: RebootPage,
});

/** Pages are told apart behind the #, so that the unit serves one file and no page's address is one of the API. */
export const makeRouter = () =>
  createRouter({
    routeTree: root.addChildren([
      home,
      services,
      service,
      statistics,
      certificates,
      rules,
      templates,
      checkParameters,
      interfaces,
      host,
      accessLists,
      parameters,
      setup,
      drill,
      users,
      licence,
      backup,
      reboot,
      logging,
      logFiles,
      debug,
    ]),
    history: createHashHistory(),
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
