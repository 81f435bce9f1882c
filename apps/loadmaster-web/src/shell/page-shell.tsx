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
  PageSection,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SkipToContent,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from "@patternfly/react-core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { sessionQuery } from "../api/queries.ts";
import { signOut } from "../api/transport.ts";
import { ConnectionLost } from "../live/connection-lost.tsx";
import { useLive } from "../live/live.tsx";
import { Navigation } from "./navigation.tsx";
import { Squares } from "./squares.tsx";

const mainId = "main";

/** What stands around every page: the masthead with the two squares, and the navigation. */
export function PageShell() {
  const { view, connection } = useLive();
  const client = useQueryClient();
  const leaving = useMutation({
    mutationFn: signOut,
    onSettled: () => {
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
          <MastheadLogo href="#/" component="a">
            <Content component="h4">LoadMaster</Content>
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent alignItems="center">
            <ToolbarItem>
              <Squares />
            </ToolbarItem>
            <ToolbarItem visibility={{ default: "hidden", lg: "visible" }}>
              {view === null ? "" : `${view.name} at ${view.localAddress} (${view.here})`}
            </ToolbarItem>
            <ToolbarItem align={{ default: "alignEnd" }}>
              <Button variant="plain" onClick={() => leaving.mutate()}>
                Sign out
              </Button>
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
  return (
    <Page
      masthead={masthead}
      sidebar={
        <PageSidebar>
          <PageSidebarBody>
            <Navigation />
          </PageSidebarBody>
        </PageSidebar>
      }
      isManagedSidebar
      mainContainerId={mainId}
      skipToContent={<SkipToContent href={`#${mainId}`}>Skip to content</SkipToContent>}
    >
      {connection === "lost" && (
        <PageSection>
          <ConnectionLost />
        </PageSection>
      )}
      <Outlet />
    </Page>
  );
}
