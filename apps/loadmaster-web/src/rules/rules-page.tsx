import { Button, Card, CardBody, CardTitle, Content, Stack } from "@patternfly/react-core";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { RowTable } from "@tandem/web-components/page/row-table";
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
              {(list) => (
                <RowTable
                  label="Rules"
                  rows={typedRules(list)}
                  none="There is no rule yet."
                  nameOf={({ rule }) => rule.Name}
                  columns={[
                    ["Name", ({ rule }) => rule.Name],
                    ["Type", ({ type }) => ruleTypeTitles[type]],
                    ["Header", ({ rule }) => rule.Header ?? ""],
                    ["Match string", matchString],
                    ["Value", ({ rule }) => rule.Replacement ?? rule.HeaderValue ?? ""],
                  ]}
                  isReadOnly={reason !== null}
                  acts={(rule) => [
                    { label: "Modify", act: () => setAsked({ kind: "change", rule }) },
                    { label: "Delete", act: () => setAsked({ kind: "remove", rule }), isDanger: true },
                  ]}
                />
              )}
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

const matchString = ({ rule: { Pattern, Negate } }: TypedRule) => (
  <>
    {Negate === true && "not "}
    {Pattern !== undefined && <code>{Pattern}</code>}
  </>
);
