/** The parameters of content rules as form fields, and which of them each type has (SPEC LM1, LM3). */
import type { RulesView, RuleView } from "@tandem/loadmaster-api/views";
import type { SettingField } from "../settings/field.ts";

/** In the order of the API's numbers; the sixth is not available on this unit. */
export const ruleTypeTitles = [
  "Content Matching",
  "Add Header",
  "Delete Header",
  "Replace Header",
  "Modify URL",
] as const;

/** The names under which `showrule` lists each type. */
const groups = [
  "MatchContentRule",
  "AddHeaderRule",
  "DeleteHeaderRule",
  "ReplaceHeaderRule",
  "ModifyURLRule",
] as const;

/** A rule with the number of its type. */
export type TypedRule = { readonly type: number; readonly rule: RuleView };

export const typedRules = (view: RulesView): TypedRule[] =>
  groups.flatMap((group, type) => (view[group] ?? []).map((rule) => ({ type, rule })));

const flags: readonly (readonly [string, string])[] = [
  ["0", "–"],
  ...Array.from({ length: 9 }, (_, index) => [String(index + 1), `Flag ${index + 1}`] as const),
];
const flag = (name: string, label: string): SettingField => ({
  name,
  label,
  kind: "choice",
  options: flags,
  help: "",
});
const switched = (name: string, label: string, help = ""): SettingField => ({
  name,
  label,
  kind: "switch",
  help,
});
const text = (name: string, label: string, help = ""): SettingField => ({ name, label, kind: "text", help });

const pattern = text("pattern", "Match String", "A regular expression (PCRE2)");
const ofAll = [
  flag("onlyonflag", "Perform If Flag Set"),
  flag("onlyonnoflag", "Perform If Flag is NOT Set"),
] as const;

const fieldsByType: readonly (readonly SettingField[])[] = [
  [
    {
      name: "matchtype",
      label: "Match Type",
      kind: "choice",
      options: [
        ["regex", "Regular Expression"],
        ["prefix", "Prefix"],
        ["postfix", "Postfix"],
      ],
      help: "",
    },
    text("header", "Header Field", "Empty for the URL, body for the body of a request"),
    text(
      "pattern",
      "Match String",
      "A regular expression (PCRE2), or with Prefix or Postfix a start or an end",
    ),
    switched("negate", "Negation"),
    switched("nocase", "Ignore Case"),
    switched("inchost", "Include Host in URL"),
    switched("incquery", "Include Query in URL"),
    switched("mustfail", "Fail On Match", "What matches is not answered"),
    flag("setonmatch", "Set Flag If Matched"),
  ],
  [text("header", "Header Field to be Added"), text("replacement", "Value of Header Field")],
  [text("pattern", "Header Field to be Deleted", "A regular expression of the header's name")],
  [
    text("header", "Header Field"),
    pattern,
    text(
      "replacement",
      "Value to be Put in",
      "\\1 to \\6 stand for groups of the match string, \\0 for all of it",
    ),
  ],
  [
    pattern,
    text("replacement", "Modified URL", "\\1 to \\6 stand for groups of the match string, \\0 for all of it"),
  ],
];

export const ruleFields = (type: number): readonly SettingField[] => [
  ...(fieldsByType[type] ?? []),
  ...ofAll,
];

/** What a rule is at, by the names of its parameters; a new one is at its defaults. */
export const ruleValues = (rule: RuleView | null): { readonly [name: string]: unknown } => ({
  matchtype: (rule?.MatchType ?? "regex").toLowerCase(),
  header: rule?.Header ?? "",
  pattern: rule?.Pattern ?? "",
  replacement: rule?.Replacement ?? rule?.HeaderValue ?? "",
  negate: rule?.Negate === true,
  nocase: rule?.CaseIndependent === true,
  inchost: rule?.AddHost === true,
  incquery: rule?.IncludeQuery === true,
  mustfail: rule?.MustFail === true,
  setonmatch: rule?.SetFlagOnMatch ?? 0,
  onlyonflag: rule?.OnlyOnFlag ?? 0,
  onlyonnoflag: rule?.OnlyOnNoFlag ?? 0,
});
