import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Stack,
} from "@patternfly/react-core";
import type { ReactNode } from "react";

export type Fact = readonly [term: string, value: ReactNode];

type Props = {
  readonly title: string;
  readonly facts: readonly Fact[];
  /** Below the facts. */
  readonly children?: ReactNode;
};

export const FactsCard = ({ title, facts, children }: Props) => (
  <Card isFullHeight>
    <CardTitle component="h2">{title}</CardTitle>
    <CardBody>
      <Stack hasGutter>
        <DescriptionList isHorizontal isCompact>
          {facts.map(([term, value]) => (
            <DescriptionListGroup key={term}>
              <DescriptionListTerm>{term}</DescriptionListTerm>
              <DescriptionListDescription>{value}</DescriptionListDescription>
            </DescriptionListGroup>
          ))}
        </DescriptionList>
        {children}
      </Stack>
    </CardBody>
  </Card>
);
