import { ApiError } from "@tandem/central-api/call";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { sessionQuery } from "./api/queries.ts";
import { makeRouter } from "./router.tsx";
import { SessionGate } from "./session/session-gate.tsx";

const makeQueryClient = (): QueryClient => {
  const client: QueryClient = new QueryClient({
    defaultOptions: {
      queries: {
        // A call that is refused because nobody is signed in any more leads back to the sign-in page.
        retry: (failures, error) => !(error instanceof ApiError) && failures < 2,
      },
    },
  });
  client.getQueryCache().subscribe(({ query }) => {
    const { error } = query.state;
    if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== "session")
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
        <RouterProvider router={router} />
      </SessionGate>
    </QueryClientProvider>
  );
}
