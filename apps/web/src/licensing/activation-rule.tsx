import { Button, Card, CardBody, CardHeader, CardTitle, Stack } from "@patternfly/react-core";
import type { LicensingRules } from "@tandem/central-api/licensing";
import { routes } from "@tandem/central-api/routes";
import { SelectField } from "@tandem/web-components/form/select-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { isRefusal } from "@tandem/web-components/values/refusal";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { licensingRulesQuery } from "../api/queries.ts";
import { call } from "../api/transport.ts";
import { type Written, WrittenAlert } from "../ha/written-alert.tsx";

type Activation = LicensingRules["activation"];

const choices: readonly (readonly [Activation, string])[] = [
  ["open", "Every LoadMaster that reaches a Central"],
  ["known-networks", "LoadMasters in networks of the tree"],
  ["closed", "None but those that are licensed already"],
];

/** Who may be licensed, by either unit (SPEC ML7). */
export function ActivationRule() {
  const rules = useQuery(licensingRulesQuery);
  const [written, setWritten] = useState<Written | null>(null);
  return (
    <Card>
      <CardHeader>
        <CardTitle component="h2">Who may be licensed</CardTitle>
      </CardHeader>
      <CardBody>
        <Stack hasGutter>
          <WrittenAlert written={written} onClose={() => setWritten(null)} />
          <Loaded query={rules}>{(known) => <RuleForm rules={known} onWritten={setWritten} />}</Loaded>
        </Stack>
      </CardBody>
    </Card>
  );
}

/** `rules`: as they were read. A change by somebody else meanwhile is said, and can be applied over once it was read. */
export function RuleForm({
  rules,
  onWritten,
}: {
  readonly rules: LicensingRules;
  readonly onWritten: (written: Written) => void;
}) {
  const client = useQueryClient();
  const [changed, setChanged] = useState<Activation | null>(null);
  const chosen = changed ?? rules.activation;
  const [error, setError] = useState<string>();
  const apply = async (): Promise<void> => {
    try {
      const { acknowledged, ...now } = await call(routes.changeLicensingRules, {
        body: { activation: chosen },
        tag: rules.tag,
      });
      onWritten({ what: "Who may be licensed is changed", acknowledged });
      client.setQueryData(licensingRulesQuery.queryKey, now);
      setChanged(null);
      setError(undefined);
    } catch (fault) {
      const errors = isRefusal(fault) ? fault.errors : [];
      setError(errors.map(({ message, remedy }) => `${message}; ${remedy}`).join("; ") || String(fault));
      await client.invalidateQueries({ queryKey: licensingRulesQuery.queryKey });
    }
  };
  return (
    <>
      <SelectField
        id="activation-rule"
        label="Licences are given to"
        value={chosen}
        options={choices}
        onChange={(next) => {
          setError(undefined);
          setChanged(next);
        }}
        help="Licences that are held stay so. Of LoadMasters that were never licensed here, 60 in ten minutes are heard."
        error={error}
      />
      <Button variant="secondary" isDisabled={chosen === rules.activation} onClick={() => void apply()}>
        Apply
      </Button>
    </>
  );
}
