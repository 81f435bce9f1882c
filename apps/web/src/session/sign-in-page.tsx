import { routes } from "@tandem/central-api/routes";
import { SignInFrame } from "@tandem/web-components/page/sign-in-frame";
import { errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries.ts";
import { call, rememberCsrf } from "../api/transport.ts";

export function SignInPage({ unreachable }: { readonly unreachable: boolean }) {
  const client = useQueryClient();
  const signIn = useMutation({
    mutationFn: (body: { readonly user: string; readonly password: string }) => call(routes.signIn, { body }),
    onSuccess: (session) => {
      rememberCsrf(session.csrf);
      client.setQueryData(sessionQuery.queryKey, session);
    },
  });
  const problems = signIn.isError
    ? errorsElsewhere(signIn.error, [])
    : unreachable
      ? errorsElsewhere(new Error(), [])
      : [];
  return (
    <SignInFrame
      title="Sign in to Tandem Central"
      about="The fleet manager that is itself a pair."
      usualUser="admin"
      passwordHelp="At first start the password stands in the file first-password of this Central's state folder."
      problems={problems}
      isPending={signIn.isPending}
      onSignIn={(user, password) => signIn.mutate({ user, password })}
    />
  );
}
