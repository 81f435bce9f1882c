import { Alert, Content, List, ListItem } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { ApiError } from "@tandem/central-api/call";

/** One thing that has changed on the device since its services were read. */
type Change = {
  readonly what: string;
  readonly change: string;
  readonly field?: string;
  readonly before?: string;
  readonly after?: string;
};

export type MovedOn = {
  readonly message: string;
  readonly remedy: string;
  readonly changes: readonly Change[];
  /** Everything as it is now, where the device does not remember what was read. */
  readonly present: readonly string[];
};

/** What the device refused a change with because it has moved on; null for any other error. */
export function movedOnIn(error: unknown): MovedOn | null {
  if (!(error instanceof ApiError)) return null;
  const found = error.errors.find(({ code }) => code === "device-moved-on");
  if (found === undefined) return null;
  const { changes, present } = (found.value ?? {}) as { changes?: unknown; present?: unknown };
  return {
    message: found.message,
    remedy: found.remedy,
    changes: Array.isArray(changes) ? (changes as Change[]) : [],
    present: Array.isArray(present) ? (present as string[]) : [],
  };
}

/** Rows told one by one. */
const toldMax = 50;

/** What changed meanwhile, with both values (SPEC CH22). */
export function MovedOnAlert({ movedOn }: { readonly movedOn: MovedOn }) {
  const { message, remedy, changes, present } = movedOn;
  const more = Math.max(changes.length, present.length) - toldMax;
  return (
    <Alert
      variant="warning"
      isInline
      isLiveRegion
      title="The device was changed since its services were read, and nothing of yours is lost"
    >
      <Content component="p">{`${message}: ${remedy}`}</Content>
      {changes.length > 0 && (
        <Table aria-label="Changed meanwhile" variant="compact">
          <Thead>
            <Tr>
              <Th modifier="nowrap">What</Th>
              <Th modifier="nowrap">When it was read</Th>
              <Th modifier="nowrap">On the device now</Th>
            </Tr>
          </Thead>
          <Tbody>
            {changes.slice(0, toldMax).map(({ what, change, field, before, after }) => (
              <Tr key={`${what} ${field}`}>
                <Td dataLabel="What">{field === undefined ? what : `${field} of ${what}`}</Td>
                <Td dataLabel="When it was read">
                  {field === undefined ? (change === "added" ? "not there" : "there") : (before ?? "nothing")}
                </Td>
                <Td dataLabel="On the device now">{field === undefined ? change : (after ?? "nothing")}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
      {present.length > 0 && (
        <>
          <Content component="p">The device now has:</Content>
          <List>
            {present.slice(0, toldMax).map((one) => (
              <ListItem key={one}>{one}</ListItem>
            ))}
          </List>
        </>
      )}
      {more > 0 && <Content component="p">{`and ${more} more`}</Content>}
    </Alert>
  );
}
