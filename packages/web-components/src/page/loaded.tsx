import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problems } from "../form/problems.tsx";
import { Waiting } from "./waiting.tsx";

type Props<Data> = {
  readonly query: Pick<UseQueryResult<Data>, "data" | "error" | "isPending">;
  readonly children: (data: Data) => ReactNode;
};

/** What was read, a spinner until then, and what went wrong above what is known from before. */
export const Loaded = <Data,>({ query, children }: Props<Data>) => (
  <>
    <Problems error={query.error} />
    {query.data !== undefined ? children(query.data) : query.isPending && <Waiting />}
  </>
);
