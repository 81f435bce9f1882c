import { Content, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { SettingCheck } from "@tandem/central-api/ha";

const looks = {
  yes: { colour: "green", word: "fits" },
  no: { colour: "red", word: "does not fit" },
  unknown: { colour: "grey", word: "not known" },
} as const;

/** Whether the HA settings of both units fit each other (SPEC ML5); nothing on a Central on its own. */
export function SettingChecks({ checks }: { readonly checks: readonly SettingCheck[] }) {
  if (checks.length === 0) return null;
  return (
    <Table aria-label="Settings of both units" variant="compact">
      <Thead>
        <Tr>
          <Th>Setting</Th>
          <Th>On this unit</Th>
          <Th>Fits the other unit's</Th>
        </Tr>
      </Thead>
      <Tbody>
        {checks.map(({ setting, ours, fits, message, remedy }) => (
          <Tr key={setting}>
            <Td dataLabel="Setting">{setting}</Td>
            <Td dataLabel="On this unit">{ours === "" ? "none" : ours}</Td>
            <Td dataLabel="Fits the other unit's">
              <Label color={looks[fits].colour} isCompact>
                {looks[fits].word}
              </Label>
              <Content component="small">{remedy === "" ? message : `${message}: ${remedy}`}</Content>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
