import { Content, PageSection, Stack, Title } from "@patternfly/react-core";
import type { ReactNode } from "react";

type Props = {
  readonly title: string;
  /** What the page is about, where its title does not say it. */
  readonly about?: ReactNode;
  readonly children: ReactNode;
};

/** A page with its heading; what stands in it is stacked. */
export const PageFrame = ({ title, about, children }: Props) => (
  <>
    <PageSection>
      <Title headingLevel="h1">{title}</Title>
      {about !== undefined && <Content component="p">{about}</Content>}
    </PageSection>
    <PageSection>
      <Stack hasGutter>{children}</Stack>
    </PageSection>
  </>
);
