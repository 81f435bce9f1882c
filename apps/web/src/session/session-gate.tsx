import { ApiError } from "@tandem/central-api/call";
import { Waiting } from "@tandem/web-components/page/waiting";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sessionQuery } from "../api/queries.ts";
import { SignInPage } from "./sign-in-page.tsx";

/** Shows its children to who is signed in, the sign-in page to everybody else. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <Waiting />;
  if (session.isSuccess) return children;
  const unreachable = !(session.error instanceof ApiError);
  return <SignInPage unreachable={unreachable} />;
}
