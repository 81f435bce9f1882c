import { EmptyState, EmptyStateBody, PageSection } from "@patternfly/react-core";
import { Link } from "@tanstack/react-router";

export function NotFoundPage() {
  return (
    <PageSection>
      <EmptyState headingLevel="h1" titleText="There is no such page">
        <EmptyStateBody>
          <Link to="/">Go to the networks and devices</Link>
        </EmptyStateBody>
      </EmptyState>
    </PageSection>
  );
}
