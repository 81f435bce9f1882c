import { CodeBlock, CodeBlockCode } from "@patternfly/react-core";

/** What a program or a log says, as it says it. */
export const Said = ({ label, children }: { readonly label: string; readonly children: string }) => (
  <CodeBlock aria-label={label}>
    <CodeBlockCode>{children}</CodeBlockCode>
  </CodeBlock>
);
