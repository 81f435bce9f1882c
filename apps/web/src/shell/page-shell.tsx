import { PageSidebarBody, ToolbarItem } from "@patternfly/react-core";
import { routes } from "@tandem/central-api/routes";
import { ShellFrame } from "@tandem/web-components/page/shell-frame";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { aboutQuery, sessionQuery } from "../api/queries.ts";
import { call, rememberCsrf } from "../api/transport.ts";
import { StateLabel } from "../ha/state-label.tsx";
import { useOurState } from "../ha/use-our-state.ts";
import { Navigation } from "./navigation.tsx";
import { NetworkTree } from "./network-tree.tsx";

/** What stands around every page: masthead, navigation, and the network tree at the left. */
export function PageShell() {
  const about = useQuery(aboutQuery);
  const ourState = useOurState();
  const client = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => call(routes.signOut, {}),
    onSettled: () => {
      rememberCsrf(null);
      client.clear();
      void client.resetQueries({ queryKey: sessionQuery.queryKey });
    },
  });
  return (
    <ShellFrame
      product="Tandem Central"
      home="/"
      status={
        <>
          <ToolbarItem>{about.data ? `${about.data.name}, version ${about.data.version}` : ""}</ToolbarItem>
          <ToolbarItem>{ourState && <StateLabel state={ourState} />}</ToolbarItem>
        </>
      }
      sidebar={
        <>
          <PageSidebarBody>
            <Navigation />
          </PageSidebarBody>
          <PageSidebarBody usePageInsets>
            <NetworkTree />
          </PageSidebarBody>
        </>
      }
      onSignOut={() => signOut.mutate()}
    >
      <Outlet />
    </ShellFrame>
  );
}
