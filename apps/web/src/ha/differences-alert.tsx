import { Alert, List, ListItem } from "@patternfly/react-core";
import type { HaDifferences } from "@tandem/central-api/ha";
import { useQuery } from "@tanstack/react-query";
import { haDifferencesQuery } from "../api/queries.ts";
import { moment } from "../form/moment.ts";

/** Rows listed one by one. */
const listedMax = 20;

/** Where the two states differed although their versions were equal (SPEC CH17); nothing while they never did. */
export function DifferencesAlert() {
  const found = useQuery(haDifferencesQuery).data?.found ?? null;
  return found === null ? null : <FoundDifferences found={found} />;
}

type Found = NonNullable<HaDifferences["found"]>;

export function FoundDifferences({ found }: { readonly found: Found }) {
  const { at, count, repaired, rows } = found;
  const rest = count - Math.min(rows.length, listedMax);
  return (
    <Alert
      variant={repaired ? "warning" : "danger"}
      isInline
      title={`${count} rows were not the same on both units (${moment(at)})${
        repaired ? "; they are mended, and what lost stands in Conflicts" : ""
      }`}
    >
      <List>
        {rows.slice(0, listedMax).map(({ table, row, fields }) => (
          <ListItem key={`${table} ${row}`}>{`${table} ${row}: ${fields.join(", ")}`}</ListItem>
        ))}
        {rest > 0 && <ListItem>{`and ${rest} more`}</ListItem>}
      </List>
    </Alert>
  );
}
