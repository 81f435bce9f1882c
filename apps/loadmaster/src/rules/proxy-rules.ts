/** Stored rules as HAProxy is to carry them out. */
import type {
  ChangeRule,
  ChoosingRule,
  MatchRule,
  ReplacingRule,
  ServiceRules,
} from "@tandem/haproxy-config/rule-model";
import { defaultRule } from "@tandem/loadmaster-api/rule-parameters";
import type { SharedContent, StoredRule, StoredService } from "../state/document.ts";

/** The rules of one shared content, by name. */
export class ProxyRules {
  readonly #rules: ReadonlyMap<string, MatchRule | ChangeRule>;
  readonly #used = new Set<string>();

  constructor({ rules = [] }: SharedContent) {
    this.#rules = new Map(rules.map((each) => [each.name, proxyRule(each)]));
  }

  /** What a service has, left out where it has none. */
  ofService({ rules }: Pick<StoredService, "rules">): { readonly rules?: ServiceRules } {
    if (rules === undefined) return {};
    const named = (names: readonly string[] | undefined) =>
      (names ?? []).flatMap((name) => this.#named(name));
    const changes = (names: readonly string[] | undefined) =>
      named(names).filter((rule): rule is ChangeRule => rule.kind !== "match");
    return {
      rules: {
        before: named(rules.before).filter((rule): rule is MatchRule => rule.kind === "match"),
        request: changes(rules.request),
        response: changes(rules.response),
      },
    };
  }

  /** What chooses a server or a SubVS, left out where it has none. */
  choosing({ rules }: { readonly rules?: readonly string[] | undefined }): {
    readonly rules?: readonly ChoosingRule[];
  } {
    if (rules === undefined) return {};
    return {
      rules: rules.flatMap((name): ChoosingRule[] => {
        if (name === defaultRule) return [defaultRule];
        return this.#named(name).filter((rule): rule is MatchRule => rule.kind === "match");
      }),
    };
  }

  /** Those that were not asked for. */
  get unused(): (MatchRule | ChangeRule)[] {
    return [...this.#rules].filter(([name]) => !this.#used.has(name)).map(([, rule]) => rule);
  }

  get replacing(): ReplacingRule[] {
    return [...this.#rules.values()].filter(
      (rule): rule is ReplacingRule => rule.kind === "replace-header" || rule.kind === "change-url",
    );
  }

  #named(name: string): (MatchRule | ChangeRule)[] {
    const rule = this.#rules.get(name);
    this.#used.add(name);
    return rule === undefined ? [] : [rule];
  }
}

/** Regular expressions may stand between slashes, as in Perl. */
const bare = (pattern: string): string =>
  pattern.length > 2 && pattern.startsWith("/") && pattern.endsWith("/") ? pattern.slice(1, -1) : pattern;

function proxyRule(rule: StoredRule): MatchRule | ChangeRule {
  const { name, onlyOnFlag, onlyOnNoFlag, pattern = "", header = "", replacement = "" } = rule;
  const gate = {
    name,
    ...(onlyOnFlag === undefined ? {} : { onlyOnFlag }),
    ...(onlyOnNoFlag === undefined ? {} : { onlyOnNoFlag }),
  };
  switch (rule.type) {
    case 1:
      return { ...gate, kind: "add-header", header, value: replacement };
    case 2:
      return { ...gate, kind: "delete-header", pattern: bare(pattern) };
    case 3:
      return { ...gate, kind: "replace-header", header, pattern: bare(pattern), replacement };
    case 4:
      return { ...gate, kind: "change-url", pattern: bare(pattern), replacement };
    default: {
      const how = rule.matchType ?? "regex";
      return {
        ...gate,
        kind: "match",
        subject: subjectOf(rule),
        how,
        pattern: how === "regex" ? bare(pattern) : pattern,
        ignoreCase: rule.ignoreCase === true,
        negate: rule.negate === true,
        mustFail: rule.mustFail === true,
        ...(rule.setOnMatch === undefined ? {} : { setFlag: rule.setOnMatch }),
      };
    }
  }
}

function subjectOf({ header, includeHost, includeQuery }: StoredRule): MatchRule["subject"] {
  if (header === undefined)
    return { part: "url", withHost: includeHost === true, withQuery: includeQuery === true };
  return header.toLowerCase() === "body" ? { part: "body" } : { part: "header", header };
}
