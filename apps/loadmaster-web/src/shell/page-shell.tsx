import { Alert, PageSection, PageSidebarBody, ToolbarItem } from "@patternfly/react-core";
import { ShellFrame } from "@tandem/web-components/page/shell-frame";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
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
  const session = useQuery(sessionQuery);
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
      {session.data?.permissions !== undefined && (
        <PageSection>
          <Alert
            variant="info"
            isInline
            isPlain
            title={`${session.data.user} may ${session.data.permissions.length === 0 ? "read, and change nothing" : `change what these permissions cover: ${session.data.permissions.join(", ")}`}. Everything else is shown only.`}
          />
        </PageSection>
      )}
      <Outlet />
    </ShellFrame>
  );
}
