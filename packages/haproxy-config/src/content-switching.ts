/**
 * Content switching: which servers of a service get what. A request goes to the servers that have the first rule that
 * matches it; what no rule matches goes to those with the rule `default`, and where none has it to those without rules.
 */
import type { RealServer, VirtualService } from "./model.ts";
import { serviceName } from "./model.ts";
import type { MatchRule } from "./rule-model.ts";
import { choosingRules } from "./rules.ts";

/** Servers that stand in a backend of their own beside the service's, whose checks they follow. */
export type ServerGroup = { readonly name: string; readonly servers: readonly RealServer[] };

export type Switching = {
  readonly groups: readonly ServerGroup[];
  /** In the order in which they are tried. */
  readonly cases: readonly { readonly rule: MatchRule; readonly group: string }[];
  /** Where everything else goes. */
  readonly otherwise: string;
};

/** The name of a group's backend; figures of its servers belong to the service of the name before the dot. */
const groupName = (index: number, number: number): string => `${serviceName(index)}.g${number}`;

/** Undefined where no server has rules. */
export function switchingOf({
  index,
  servers,
}: Pick<VirtualService, "index" | "servers">): Switching | undefined {
  if (!servers.some(({ rules = [] }) => rules.length > 0)) return undefined;
  const groups = new Map<string, ServerGroup>();
  const groupOf = (members: readonly RealServer[]): string => {
    const key = members.map((each) => each.index).join(" ");
    const group = groups.get(key) ?? { name: groupName(index, groups.size + 1), servers: members };
    groups.set(key, group);
    return group.name;
  };
  const having = (name: string): RealServer[] =>
    servers.filter(({ rules = [] }) =>
      rules.some((rule) => (rule === "default" ? rule : rule.name) === name),
    );
  const cases = choosingRules(servers.map(({ rules }) => rules)).map((rule) => ({
    rule,
    group: groupOf(having(rule.name)),
  }));
  const standing = having("default");
  const otherwise = groupOf(
    standing.length > 0 ? standing : servers.filter(({ rules = [] }) => rules.length === 0),
  );
  return { groups: [...groups.values()], cases, otherwise };
}
