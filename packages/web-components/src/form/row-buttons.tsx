import { Button, Flex } from "@patternfly/react-core";
import type { ReactNode } from "react";

type RowButtonsProps = {
  /** Which row: for those who do not see where a button stands. */
  readonly name: string;
  /** Absent: the row cannot be changed here. */
  readonly onChange?: () => void;
  readonly onRemove: () => void;
  /** What else can be done with the row, before the two that every row has. */
  readonly children?: ReactNode;
};

/** What can be done with one row of a table. */
export const RowButtons = ({ name, onChange, onRemove, children }: RowButtonsProps) => (
  <Flex flexWrap={{ default: "wrap", xl: "nowrap" }} columnGap={{ default: "columnGapSm" }}>
    {children}
    {onChange !== undefined && (
      <Button variant="link" size="sm" aria-label={`Change ${name}`} onClick={onChange}>
        Change
      </Button>
    )}
    <Button variant="link" size="sm" isDanger aria-label={`Remove ${name}`} onClick={onRemove}>
      Remove
    </Button>
  </Flex>
);
