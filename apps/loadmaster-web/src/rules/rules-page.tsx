import { Button, Card, CardBody, CardTitle, Content, Flex, Stack } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { rulesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { ruleTypeTitles, type TypedRule, typedRules } from "./rule-fields.ts";
import { RuleForm } from "./rule-form.tsx";

type Asked = { readonly kind: "change" | "remove"; readonly rule: TypedRule } | { readonly kind: "add" };

/** What rules do is told where they are given: on the page of a service (SPEC LM1, LM3). */
export function RulesPage() {
  const { view } = useLive();
  const rules = useQuery(rulesQuery);
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked | null>(null);
  const reason = readOnlyReason(view, "shared");
  const close = () => setAsked(null);
  return (
    <PageFrame
      title="Content Rules"
      about="Rules choose among real servers and SubVS, and change requests and answers, once they are given to a service."
    >
      <AddressHint />
      <Card>
        <CardTitle component="h2">Rules</CardTitle>
        <CardBody>
          <Stack hasGutter>
            {reason !== null && <Content component="small">{reason}</Content>}
            <div>
              <Button isDisabled={reason !== null} onClick={() => setAsked({ kind: "add" })}>
                Create New
              </Button>
            </div>
            <Loaded query={rules}>
              {(list) => <RulesTable rules={typedRules(list)} reason={reason} onAsk={setAsked} />}
            </Loaded>
          </Stack>
        </CardBody>
      </Card>
      {asked?.kind === "add" && <RuleForm changed={null} onClose={close} />}
      {asked?.kind === "change" && <RuleForm changed={asked.rule} onClose={close} />}
      {asked?.kind === "remove" && (
        <FormDialogue
          title={`Delete ${asked.rule.rule.Name}?`}
          action="Delete"
          size="small"
          isDanger
          description="A rule that is in use stays until it is taken away there."
          send={async () => {
            await command("delrule", { name: asked.rule.rule.Name });
            await client.invalidateQueries({ queryKey: rulesQuery.queryKey });
          }}
          onClose={close}
        />
      )}
    </PageFrame>
  );
}

type TableProps = {
  readonly rules: readonly TypedRule[];
  readonly reason: string | null;
  readonly onAsk: (asked: Asked) => void;
};

function RulesTable({ rules, reason, onAsk }: TableProps) {
  if (rules.length === 0) return <Content component="p">There is no rule yet.</Content>;
  return (
    <Table aria-label="Rules" variant="compact">
      <Thead>
        <Tr>
          <Th>Name</Th>
          <Th>Type</Th>
          <Th>Header</Th>
          <Th>Match string</Th>
          <Th>Value</Th>
          <Th screenReaderText="What can be done" />
        </Tr>
      </Thead>
      <Tbody>
        {rules.map((each) => {
          const { Name, Header, Pattern, Replacement, HeaderValue, Negate } = each.rule;
          return (
            <Tr key={Name}>
              <Td dataLabel="Name">{Name}</Td>
              <Td dataLabel="Type">{ruleTypeTitles[each.type]}</Td>
              <Td dataLabel="Header">{Header ?? ""}</Td>
              <Td dataLabel="Match string">
                {Negate === true && "not "}
                {Pattern !== undefined && <code>{Pattern}</code>}
              </Td>
              <Td dataLabel="Value">{Replacement ?? HeaderValue ?? ""}</Td>
              <Td isActionCell>
                <Flex columnGap={{ default: "columnGapSm" }} flexWrap={{ default: "nowrap" }}>
                  <Button
                    variant="link"
                    size="sm"
                    isDisabled={reason !== null}
                    aria-label={`Modify ${Name}`}
                    onClick={() => onAsk({ kind: "change", rule: each })}
                  >
                    Modify
                  </Button>
                  <Button
                    variant="link"
                    size="sm"
                    isDanger
                    isDisabled={reason !== null}
                    aria-label={`Delete ${Name}`}
                    onClick={() => onAsk({ kind: "remove", rule: each })}
                  >
                    Delete
                  </Button>
                </Flex>
              </Td>
            </Tr>
          );
        })}
      </Tbody>
    </Table>
  );
}
