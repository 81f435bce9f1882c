import { PageSection, PageSidebarBody, ToolbarItem } from "@patternfly/react-core";
import { ShellFrame } from "@tandem/web-components/page/shell-frame";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { sessionQuery } from "../api/queries.ts";
import { signOut } from "../api/transport.ts";
import { ConnectionLost } from "../live/connection-lost.tsx";
import { useLive } from "../live/live.tsx";
import { Navigation } from "./navigation.tsx";
import { Squares } from "./squares.tsx";

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
  return (
    <ShellFrame
      product="LoadMaster"
      home="#/"
      status={
        <>
          <ToolbarItem>
            <Squares />
          </ToolbarItem>
          <ToolbarItem visibility={{ default: "hidden", lg: "visible" }}>
            {view === null ? "" : `${view.name} at ${view.localAddress} (${view.here})`}
          </ToolbarItem>
        </>
      }
      sidebar={
        <PageSidebarBody>
          <Navigation />
        </PageSidebarBody>
      }
      onSignOut={() => leaving.mutate()}
    >
      {connection === "lost" && (
        <PageSection>
          <ConnectionLost />
        </PageSection>
      )}
      <Outlet />
    </ShellFrame>
  );
}
