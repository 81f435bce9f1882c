import {
  Button,
  Content,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  Page,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SkipToContent,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from "@patternfly/react-core";
import { routes } from "@tandem/central-api/routes";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { aboutQuery, sessionQuery } from "../api/queries.ts";
import { call, rememberCsrf } from "../api/transport.ts";
import { StateLabel } from "../ha/state-label.tsx";
import { useOurState } from "../ha/use-our-state.ts";
import { Navigation } from "./navigation.tsx";
import { NetworkTree } from "./network-tree.tsx";

const mainId = "main";

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
  const masthead = (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton isHamburgerButton aria-label="Show or hide the navigation" />
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo href="/" component="a">
            <Content component="h4">Tandem Central</Content>
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent alignItems="center">
            <ToolbarItem>{about.data ? `${about.data.name}, version ${about.data.version}` : ""}</ToolbarItem>
            <ToolbarItem>{ourState && <StateLabel state={ourState} />}</ToolbarItem>
            <ToolbarItem align={{ default: "alignEnd" }}>
              <Button variant="plain" onClick={() => signOut.mutate()}>
                Sign out
              </Button>
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
  const sidebar = (
    <PageSidebar>
      <PageSidebarBody>
        <Navigation />
      </PageSidebarBody>
      <PageSidebarBody usePageInsets>
        <NetworkTree />
      </PageSidebarBody>
    </PageSidebar>
  );
  return (
    <Page
      masthead={masthead}
      sidebar={sidebar}
      isManagedSidebar
      mainContainerId={mainId}
      skipToContent={<SkipToContent href={`#${mainId}`}>Skip to content</SkipToContent>}
    >
      <Outlet />
    </Page>
  );
}
