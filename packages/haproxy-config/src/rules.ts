/**
 * Content rules in HAProxy's words. Match rules that know nothing of flags stand as conditions where they are needed;
 * those that set or ask for flags are looked at once, in their order, and leave their outcome in a variable.
 */
import { replacingWords } from "./replacing.ts";
import type { ChangeRule, ChoosingRule, MatchRule, ReplacingRule, ServiceRules } from "./rule-model.ts";
import {
  type Directive,
  directive,
  keyword,
  keywords,
  type Origin,
  quoted,
  quotedFormat,
  type Word,
} from "./syntax.ts";

const flagVariable = (flag: number): string => `var(txn.flag${flag})`;

/** The rules that choose, each once, in the order in which servers have them. */
export function choosingRules(chosen: readonly (readonly ChoosingRule[] | undefined)[]): MatchRule[] {
  const rules = new Map<string, MatchRule>();
  for (const rule of chosen.flatMap((each) => each ?? []))
    if (rule !== "default" && !rules.has(rule.name)) rules.set(rule.name, rule);
  return [...rules.values()];
}

const hasFlags = (rule: MatchRule): boolean =>
  rule.setFlag !== undefined || rule.onlyOnFlag !== undefined || rule.onlyOnNoFlag !== undefined;

/** The outcome of each rule of a service: `rules` in the order in which they are looked at. */
export class Conditions {
  readonly #variables = new Map<string, string>();
  readonly directives: readonly Directive[];

  constructor(
    rules: { readonly before: readonly MatchRule[]; readonly choosing: readonly MatchRule[] },
    origin: Origin,
  ) {
    const all = [...rules.before, ...rules.choosing];
    const chained = all.some(hasFlags);
    this.directives = [
      ...(all.some(({ subject }) => subject.part === "body")
        ? [directive("option http-buffer-request", [], origin)]
        : []),
      ...all.flatMap((rule, index) =>
        chained || rule.mustFail || index < rules.before.length ? this.#lookAt(rule, index, origin) : [],
      ),
    ];
  }

  #lookAt(rule: MatchRule, index: number, origin: Origin): Directive[] {
    const of = { ...origin, parameter: `rule ${rule.name}` };
    const variable = `txn.rule${index}`;
    this.#variables.set(rule.name, variable);
    const outcome = [keyword("if"), ...keywords(`{ var(${variable}) -m bool }`)];
    return [
      directive(
        `http-request set-var(${variable}) bool(true)`,
        [keyword("if"), ...matchWords(rule), ...gateWords(rule)],
        of,
      ),
      ...(rule.setFlag === undefined
        ? []
        : [directive(`http-request set-var(txn.flag${rule.setFlag}) bool(true)`, outcome, of)]),
      ...(rule.mustFail ? [directive("http-request reject", outcome, of)] : []),
    ];
  }

  /** What stands behind `if`. */
  words(rule: MatchRule): Word[] {
    const variable = this.#variables.get(rule.name);
    return variable === undefined ? matchWords(rule) : keywords(`{ var(${variable}) -m bool }`);
  }
}

function matchWords({ subject, how, pattern, ignoreCase, negate }: MatchRule): Word[] {
  return [
    ...keywords(negate ? "!{" : "{"),
    subjectWord(subject),
    ...keywords(`-m ${how === "regex" ? "reg" : how === "prefix" ? "beg" : "end"}`),
    ...(ignoreCase ? [keyword("-i")] : []),
    keyword("--"),
    quoted(pattern),
    keyword("}"),
  ];
}

function subjectWord(subject: MatchRule["subject"]): Word {
  switch (subject.part) {
    case "url":
      return keyword(
        subject.withHost ? (subject.withQuery ? "baseq" : "base") : subject.withQuery ? "pathq" : "path",
      );
    case "header":
      // Whole values: what a pattern is to match may have commas in it.
      return quoted(`req.fhdr(${subject.header})`);
    case "body":
      return keyword("req.body");
  }
}

const gateWords = ({ onlyOnFlag, onlyOnNoFlag }: MatchRule | ChangeRule): Word[] => [
  ...(onlyOnFlag === undefined ? [] : keywords(`{ ${flagVariable(onlyOnFlag)} -m bool }`)),
  ...(onlyOnNoFlag === undefined ? [] : keywords(`!{ ${flagVariable(onlyOnNoFlag)} -m bool }`)),
];

/** The changes of requests and answers, to stand where the server has been chosen. */
export const changeDirectives = (rules: ServiceRules | undefined, origin: Origin): Directive[] => [
  ...(rules?.request ?? []).map((rule) => changeDirective("http-request", rule, origin)),
  ...(rules?.response ?? []).map((rule) => changeDirective("http-response", rule, origin)),
];

function changeDirective(
  where: "http-request" | "http-response",
  rule: ChangeRule,
  origin: Origin,
): Directive {
  const gate = gateWords(rule);
  return directive(where, [...changeWords(rule), ...(gate.length === 0 ? [] : [keyword("if"), ...gate])], {
    ...origin,
    parameter: `rule ${rule.name}`,
  });
}

function changeWords(rule: ChangeRule): Word[] {
  switch (rule.kind) {
    case "add-header":
      return [keyword("add-header"), quoted(rule.header), quotedFormat(rule.value)];
    case "delete-header":
      // HAProxy keeps names of headers in small letters.
      return [keyword("del-header"), quoted(`(?i)${rule.pattern}`), ...keywords("-m reg")];
    case "replace-header":
      return [keyword("replace-header"), quoted(rule.header), ...replacingWords(rule)];
    case "change-url":
      return [keyword("replace-pathq"), ...replacingWords(rule)];
  }
}

/** Rules that nothing uses, so that HAProxy compiles their patterns. */
export const unusedRulesDirectives = (rules: readonly (MatchRule | ChangeRule)[]): Directive[] =>
  rules.flatMap((rule) =>
    rule.kind === "match"
      ? new Conditions({ before: [rule], choosing: [] }, { parameter: "rule" }).directives
      : [changeDirective("http-request", rule, { parameter: "rule" })],
  );

/**
 * Patterns that stand between others where they are used, each alone. Nothing is looked at by them: the backend that they
 * are for gets no requests. A condition would not do, since HAProxy compiles those without groups.
 */
export const alonePatternDirectives = (rules: readonly ReplacingRule[]): Directive[] =>
  rules.map(({ name, pattern }) =>
    directive("http-request replace-pathq", [quoted(pattern), keyword("/")], { parameter: `rule ${name}` }),
  );
