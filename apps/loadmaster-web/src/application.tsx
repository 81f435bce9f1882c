import { isRefusal } from "@tandem/web-components/values/refusal";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { sessionQuery } from "./api/queries.ts";
import { LiveStatus } from "./live/live.tsx";
import { makeRouter } from "./router.tsx";
import { SessionGate } from "./session/session-gate.tsx";

const makeQueryClient = (): QueryClient => {
  const client: QueryClient = new QueryClient({
    defaultOptions: { queries: { retry: (failures, error) => !isRefusal(error) && failures < 2 } },
  });
  // A call that is refused because nobody is signed in any more leads back to the sign-in page.
  client.getQueryCache().subscribe(({ query }) => {
    const { error } = query.state;
    if (isRefusal(error) && error.status === 401 && query.queryKey[0] !== "session")
      void client.resetQueries({ queryKey: sessionQuery.queryKey });
  });
  return client;
};

export function Application() {
  const [client] = useState(makeQueryClient);
  const [router] = useState(makeRouter);
  return (
    <QueryClientProvider client={client}>
      <SessionGate>
        <LiveStatus>
          <RouterProvider router={router} />
        </LiveStatus>
      </SessionGate>
    </QueryClientProvider>
  );
}
