/** Parameters of content rules and of their assignment, and how many of them there may be. */
import { type Parameter, printable } from "./parameters.ts";
import { serverReference, serviceReference } from "./service-parameters.ts";

export const rulesMax = 500;
/** Of one service, and of one real server. */
export const rulesPerPlaceMax = 64;

/** A name stands in paths of v1, in lists and in messages. */
export const ruleNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/;
/** What every unit has: it matches what no other rule does. */
export const defaultRule = "default";

/** RFC 9110 section 5.6.2. */
export const headerNamePattern = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,127}$/;

/** In the order of the API's numbers. */
export const ruleTypes = [
  "MatchContentRule",
  "AddHeaderRule",
  "DeleteHeaderRule",
  "ReplaceHeaderRule",
  "ModifyURLRule",
  "ReplaceBodyRule",
] as const;

const name = {
  name: "name",
  type: {
    kind: "text",
    pattern: ruleNamePattern,
    allowed:
      "a letter or digit first, then letters, digits, dots, hyphens and underscores, at most 127 in all",
  },
  required: true,
  about: "the rule's name",
} as const satisfies Parameter;

const type = {
  name: "type",
  type: { kind: "integer", min: 0, max: 5 },
  about:
    "0 match, 1 add a header, 2 delete headers, 3 replace in a header, 4 replace in the URL, 5 replace in the body; 0 by default",
} as const satisfies Parameter;

const flag = { kind: "integer", min: 0, max: 9 } as const;
/** Printable, or nothing. */
const text = (max: number) => new RegExp(`^$|${printable(max).source}`, "u");

export const ruleReference = [name] as const satisfies readonly Parameter[];
const { required: _required, ...anyName } = name;
export const ruleListing = [anyName, type] as const satisfies readonly Parameter[];

export const ruleParameters = [
  name,
  type,
  {
    name: "pattern",
    type: { kind: "text", pattern: text(1_024), allowed: "up to 1024 printable characters" },
    about: "what is looked for: a regular expression (PCRE2), or with matchtype a start or an end",
  },
  {
    name: "matchtype",
    type: { kind: "choice", values: ["regex", "prefix", "postfix"] },
    about: "type 0: how the pattern is meant; regex by default",
  },
  {
    name: "header",
    type: {
      kind: "text",
      pattern: new RegExp(`^$|${headerNamePattern.source}`),
      allowed: "a header's name; body for the body of a request; empty for the URL",
    },
    about:
      "type 0: the header that is looked at, body for the request's body, nothing for the URL; types 1 and 3: the header",
  },
  { name: "inchost", type: { kind: "boolean" }, about: "type 0: the host stands before the URL" },
  { name: "incquery", type: { kind: "boolean" }, about: "type 0: the query stands behind the URL" },
  { name: "nocase", type: { kind: "boolean" }, about: "type 0: capitals do not matter" },
  { name: "negate", type: { kind: "boolean" }, about: "type 0: matches what does not match" },
  { name: "mustfail", type: { kind: "boolean" }, about: "type 0: what matches is not answered" },
  { name: "setonmatch", type: flag, about: "type 0: the flag that a match sets; 0 is none" },
  { name: "onlyonflag", type: flag, about: "looked at only when this flag is set; 0 is always" },
  { name: "onlyonnoflag", type: flag, about: "looked at only when this flag is not set; 0 is always" },
  {
    name: "replacement",
    type: { kind: "text", pattern: text(255), allowed: "up to 255 printable characters" },
    about: "types 1, 3 and 4: the value; in 3 and 4 \\1 to \\6 stand for groups of the pattern, \\0 for all",
  },
  {
    name: "caseindependent",
    type: { kind: "fixed", values: ["N"] },
    about: "type 5 is not available on this unit: HAProxy does not rewrite bodies",
  },
] as const satisfies readonly Parameter[];

const rule = { ...name, name: "rule" } as const;
export const serviceRule = [...serviceReference, rule] as const satisfies readonly Parameter[];
export const serverRule = [
  ...serviceReference,
  ...serverReference,
  rule,
] as const satisfies readonly Parameter[];
