import {
  Card,
  CardBody,
  CardTitle,
  Content,
  FormSelect,
  FormSelectOption,
  Label,
  LabelGroup,
  Stack,
} from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import { socketText } from "@tandem/base/ipv6";
import type { VirtualServiceView } from "@tandem/loadmaster-api/views";
import { Problems } from "@tandem/web-components/form/problems";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { rulesQuery, servicesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { typedRules } from "./rule-fields.ts";

type Props = { readonly service: VirtualServiceView; readonly reason: string | null };

/** What has a list of rules: the service, for three purposes, and each of its servers or SubVS. */
type Place = {
  readonly title: string;
  readonly has: readonly string[];
  readonly may: (type: number) => boolean;
  readonly isChosen?: true;
  readonly give: (rule: string) => Promise<unknown>;
  readonly take: (rule: string) => Promise<unknown>;
};

/** Every server and SubVS has this rule at hand. */
const defaultRule = "default";
const match = 0;
const modifyUrl = 4;

function placesOf(service: VirtualServiceView): Place[] {
  const vs = String(service.Index);
  const chosen = (title: string, index: number, has: readonly string[] = []): Place => ({
    title,
    has,
    may: (type) => type === match,
    isChosen: true,
    give: (rule) => command("addrsrule", { vs, rs: `!${index}`, rule }),
    take: (rule) => command("delrsrule", { vs, rs: `!${index}`, rule }),
  });
  return [
    {
      title: "Before a server is chosen",
      has: service.MatchRules ?? [],
      may: (type) => type === match,
      give: (rule) => command("addprerule", { vs, rule }),
      take: (rule) => command("delprerule", { vs, rule }),
    },
    {
      title: "Requests",
      has: service.RequestRules ?? [],
      may: (type) => type !== match,
      give: (rule) => command("addrequestrule", { vs, rule }),
      take: (rule) => command("delrequestrule", { vs, rule }),
    },
    {
      title: "Answers",
      has: service.ResponseRules ?? [],
      may: (type) => type !== match && type !== modifyUrl,
      give: (rule) => command("addresponserule", { vs, rule }),
      take: (rule) => command("delresponserule", { vs, rule }),
    },
    ...(service.Rs ?? []).map((each) =>
      chosen(`Real server ${socketText(each.Addr, each.Port)}`, each.RsIndex, each.MatchRules),
    ),
    ...(service.SubVS ?? []).map((each) => chosen(`SubVS ${each.Name}`, each.RsIndex, each.MatchRules)),
  ];
}

/** Which rules the service, its real servers and its SubVS have, in the order in which they are looked at (SPEC LM1). */
export function ServiceRulesCard({ service, reason }: Props) {
  const rules = useQuery(rulesQuery);
  const client = useQueryClient();
  const changing = useMutation({
    mutationFn: (change: () => Promise<unknown>) => change(),
    onSettled: () => client.invalidateQueries({ queryKey: servicesQuery.queryKey }),
  });
  const known = rules.data === undefined ? [] : typedRules(rules.data);
  if (service.VStype !== "http") return null;
  return (
    <Card>
      <CardTitle component="h2">Content Rules</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <Problems error={changing.error} fields={[]} />
          <Table aria-label="Content rules" variant="compact">
            <Thead>
              <Tr>
                <Th>For</Th>
                <Th>Rules</Th>
                <Th>Add</Th>
              </Tr>
            </Thead>
            <Tbody>
              {placesOf(service).map(({ title, has, may, isChosen, give, take }) => {
                const names = [
                  ...(isChosen ? [defaultRule] : []),
                  ...known.filter(({ type }) => may(type)).map(({ rule }) => rule.Name),
                ].filter((name) => !has.includes(name));
                return (
                  <Tr key={title}>
                    <Td dataLabel="For">{title}</Td>
                    <Td dataLabel="Rules">
                      {has.length === 0 ? (
                        <Content component="small">none</Content>
                      ) : (
                        <LabelGroup aria-label={`Rules of ${title}`}>
                          {has.map((name) => (
                            <Label
                              key={name}
                              {...(reason === null
                                ? {
                                    onClose: () => changing.mutate(() => take(name)),
                                    closeBtnAriaLabel: `Take ${name} from ${title}`,
                                  }
                                : {})}
                            >
                              {name}
                            </Label>
                          ))}
                        </LabelGroup>
                      )}
                    </Td>
                    <Td dataLabel="Add">
                      <FormSelect
                        aria-label={`Add a rule to ${title}`}
                        value=""
                        isDisabled={reason !== null || names.length === 0}
                        onChange={(_, name) => changing.mutate(() => give(name))}
                      >
                        <FormSelectOption
                          value=""
                          label={names.length === 0 ? "no further rule" : "choose"}
                        />
                        {names.map((name) => (
                          <FormSelectOption key={name} value={name} label={name} />
                        ))}
                      </FormSelect>
                    </Td>
                  </Tr>
                );
              })}
            </Tbody>
          </Table>
        </Stack>
      </CardBody>
    </Card>
  );
}
