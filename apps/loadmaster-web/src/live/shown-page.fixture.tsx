/** A page as it stands among the rest: with the unit's state and a cache of its own. */
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { LiveContext } from "./live.tsx";

export const showPage = (page: ReactNode, view: HaView) =>
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <LiveContext value={{ view, connection: "open" }}>{page}</LiveContext>
    </QueryClientProvider>,
  );
