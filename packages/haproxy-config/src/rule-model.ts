/** Content rules as HAProxy is to carry them out. Patterns are PCRE2's; HAProxy's check is what compiles them. */

/** Flags 1 to 9 of one request: set by match rules, asked by rules after them. */
type Gate = {
  readonly name: string;
  readonly onlyOnFlag?: number;
  readonly onlyOnNoFlag?: number;
};

export type MatchRule = Gate & {
  readonly kind: "match";
  /** The path of the URL, with the host before it or the query behind it; a header's value; the first part of the body. */
  readonly subject:
    | { readonly part: "url"; readonly withHost: boolean; readonly withQuery: boolean }
    | { readonly part: "header"; readonly header: string }
    | { readonly part: "body" };
  readonly how: "regex" | "prefix" | "postfix";
  readonly pattern: string;
  readonly ignoreCase: boolean;
  readonly negate: boolean;
  /** A request that matches is not answered. */
  readonly mustFail: boolean;
  readonly setFlag?: number;
};

/** What is made of a request or an answer. */
export type ChangeRule = Gate &
  (
    | { readonly kind: "add-header"; readonly header: string; readonly value: string }
    /** `pattern` is of the header's name. */
    | { readonly kind: "delete-header"; readonly pattern: string }
    /** The first match in the header's value; `\0` to `\9` stand for what was matched. */
    | {
        readonly kind: "replace-header";
        readonly header: string;
        readonly pattern: string;
        readonly replacement: string;
      }
    /** The first match in path and query; requests only. */
    | { readonly kind: "change-url"; readonly pattern: string; readonly replacement: string }
  );

export type ReplacingRule = Extract<ChangeRule, { readonly replacement: string }>;

export type ServiceRules = {
  /** Looked at before a server is chosen. */
  readonly before: readonly MatchRule[];
  readonly request: readonly ChangeRule[];
  readonly response: readonly ChangeRule[];
};

/** Of a server or SubVS: it gets what one of them matches. `default` matches what no rule of any does. */
export type ChoosingRule = MatchRule | "default";
