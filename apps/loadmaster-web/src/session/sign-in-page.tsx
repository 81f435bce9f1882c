import { SignInFrame } from "@tandem/web-components/page/sign-in-frame";
import { errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries.ts";
import { signIn } from "../api/transport.ts";

export function SignInPage({ unreachable }: { readonly unreachable: boolean }) {
  const client = useQueryClient();
  const signingIn = useMutation({
    mutationFn: ({ user, password }: { readonly user: string; readonly password: string }) =>
      signIn(user, password),
    onSuccess: (session) => client.setQueryData(sessionQuery.queryKey, session),
  });
  const problems = signingIn.isError
    ? errorsElsewhere(signingIn.error, [])
    : unreachable
      ? errorsElsewhere(new Error(), [])
      : [];
  return (
    <SignInFrame
      title="Sign in to this LoadMaster"
      about="The load balancer that pairs up. At the shared address you sign in to whichever unit is active."
      usualUser="bal"
      passwordHelp="At first start the password stands in the file first-password of the unit's state folder."
      problems={problems}
      isPending={signingIn.isPending}
      onSignIn={(user, password) => signingIn.mutate({ user, password })}
    />
  );
}
