import { EmptyState, EmptyStateBody, PageSection } from "@patternfly/react-core";

export function NotFoundPage() {
  return (
    <PageSection>
      <EmptyState headingLevel="h1" titleText="There is no such page">
        <EmptyStateBody>
          <a href="#/">Go to Home</a>
        </EmptyStateBody>
      </EmptyState>
    </PageSection>
  );
}
