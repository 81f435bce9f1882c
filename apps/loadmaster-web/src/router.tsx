import { createHashHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { HomePage } from "./home/home-page.tsx";
import { NotFoundPage } from "./shell/not-found-page.tsx";
import { PageShell } from "./shell/page-shell.tsx";

/** Every page with its address. The masthead with the squares and the navigation stand around all of them. */
const root = createRootRoute({ component: PageShell, notFoundComponent: NotFoundPage });

const home = createRoute({ getParentRoute: () => root, path: "/", component: HomePage });

/** Pages are told apart behind the #, so that the unit serves one file and no page's address is one of the API. */
export const makeRouter = () =>
  createRouter({ routeTree: root.addChildren([home]), history: createHashHistory() });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
