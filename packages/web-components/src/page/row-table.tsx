import { Button, Content, Flex } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { ReactNode } from "react";

export type Column<Row> = readonly [head: string, cell: (row: Row) => ReactNode];

/** What can be done with one row. */
export type RowAct = {
  readonly label: string;
  /** A function, or the page that the button leads to. */
  readonly act: (() => void) | string;
  /** For those who do not see in which row the button stands; otherwise `label` and the row's name. */
  readonly inWords?: string;
  readonly isDanger?: boolean;
  /** It changes nothing, and can be done where nothing can be changed. */
  readonly reads?: true;
};

type Props<Row> = {
  readonly label: string;
  readonly rows: readonly Row[];
  /** Unlike any other row's. */
  readonly nameOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  readonly acts?: (row: Row) => readonly RowAct[];
  /** Nothing can be changed here. */
  readonly isReadOnly?: boolean;
  /** What is said instead of a table without rows. */
  readonly none: string;
};

/** A row for each of them, with what can be done with it at its end. */
export function RowTable<Row>({ label, rows, nameOf, columns, acts, isReadOnly = false, none }: Props<Row>) {
  if (rows.length === 0) return <Content component="p">{none}</Content>;
  return (
    <Table aria-label={label} variant="compact">
      <Thead>
        <Tr>
          {columns.map(([head]) => (
            <Th key={head} modifier="wrap">
              {head}
            </Th>
          ))}
          {acts && <Th screenReaderText="What can be done" />}
        </Tr>
      </Thead>
      <Tbody>
        {rows.map((row) => (
          <Tr key={nameOf(row)}>
            {columns.map(([head, cell]) => (
              <Td key={head} dataLabel={head}>
                {cell(row)}
              </Td>
            ))}
            {acts && (
              <Td isActionCell>
                <Flex columnGap={{ default: "columnGapSm" }} flexWrap={{ default: "wrap", xl: "nowrap" }}>
                  {acts(row).map((act) => (
                    <ActButton key={act.label} {...act} name={nameOf(row)} isReadOnly={isReadOnly} />
                  ))}
                </Flex>
              </Td>
            )}
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

type ActButtonProps = RowAct & { readonly name: string; readonly isReadOnly: boolean };

function ActButton({ label, act, inWords, isDanger = false, reads, name, isReadOnly }: ActButtonProps) {
  const leads = typeof act === "string";
  return (
    <Button
      variant="link"
      size="sm"
      isDanger={isDanger}
      isDisabled={isReadOnly && !leads && reads !== true}
      aria-label={inWords ?? `${label} ${name}`}
      {...(leads ? { component: "a" as const, href: act } : { onClick: act })}
    >
      {label}
    </Button>
  );
}
