/** Rules as the API shows them, in the words that existing clients read. */
import { ruleTypes } from "@tandem/loadmaster-api/rule-parameters";
import type { RulesView, RuleView } from "@tandem/loadmaster-api/views";
import type { StoredRule } from "../state/document.ts";

/** By type; a type without rules is left out. */
export function rulesView(rules: readonly StoredRule[]): RulesView {
  const groups: { [type: string]: RuleView[] } = {};
  for (const rule of rules) {
    const type = ruleTypes[rule.type] ?? "";
    groups[type] = [...(groups[type] ?? []), ruleView(rule)];
  }
  return groups;
}

function ruleView(rule: StoredRule): RuleView {
  const { name, pattern, header, replacement } = rule;
  const flags = {
    ...(rule.setOnMatch === undefined ? {} : { SetFlagOnMatch: rule.setOnMatch }),
    ...(rule.onlyOnFlag === undefined ? {} : { OnlyOnFlag: rule.onlyOnFlag }),
    ...(rule.onlyOnNoFlag === undefined ? {} : { OnlyOnNoFlag: rule.onlyOnNoFlag }),
  };
  const ofHeader = header === undefined ? {} : { Header: header };
  const ofPattern = pattern === undefined ? {} : { Pattern: pattern };
  switch (rule.type) {
    case 0:
      return {
        Name: name,
        ...ofPattern,
        MatchType: rule.matchType ?? "Regex",
        AddHost: rule.includeHost === true,
        Negate: rule.negate === true,
        CaseIndependent: rule.ignoreCase === true,
        IncludeQuery: rule.includeQuery === true,
        ...ofHeader,
        MustFail: rule.mustFail === true,
        ...flags,
      };
    case 1:
      return { Name: name, ...ofHeader, HeaderValue: replacement ?? "", ...flags };
    default:
      return {
        Name: name,
        ...ofPattern,
        ...ofHeader,
        ...(rule.type === 2 ? {} : { Replacement: replacement ?? "" }),
        ...flags,
      };
  }
}
