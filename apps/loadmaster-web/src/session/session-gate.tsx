import { Waiting } from "@tandem/web-components/page/waiting";
import { isRefusal } from "@tandem/web-components/values/refusal";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sessionQuery } from "../api/queries.ts";
import { SignInPage } from "./sign-in-page.tsx";

/** Shows its children to who is signed in, the sign-in page to everybody else. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <Waiting />;
  if (session.isSuccess) return children;
  return <SignInPage unreachable={!isRefusal(session.error)} />;
}
