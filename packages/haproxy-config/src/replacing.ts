/**
 * Patterns that replace. HAProxy replaces the whole of what it matches against, so a pattern is put between two others that
 * keep what is around the match; what would read differently there is refused.
 */
import { quoted, quotedFormat, type Word } from "./syntax.ts";

/** Groups in a pattern that replaces: HAProxy knows nine, and three are made around the match. */
export const groupsMax = 6;

export type Replacing = { readonly pattern: string; readonly replacement: string };

/** The words behind the name of what is replaced in: pattern, then replacement. */
export function replacingWords({ pattern, replacement }: Replacing): Word[] {
  const [flags, bare] = leadingFlags(pattern);
  const shifted = (text: string, from: number): string =>
    text.replace(/\\([\s\S])/g, (whole, next: string) =>
      /\d/.test(next) && Number(next) >= from ? `\\${Number(next) + 2}` : whole,
    );
  return [
    quoted(`${flags}^(.*?)(${shifted(bare, 1)})(.*)$`),
    quotedFormat(`\\1${shifted(replacement, 0)}\\${groupsIn(bare) + 3}`),
  ];
}

/** `(?i)` at the start of a pattern is for all of it. */
const leadingFlags = (pattern: string): [flags: string, rest: string] => {
  const flags = /^\(\?[a-zA-Z]+\)/.exec(pattern)?.[0] ?? "";
  return [flags, pattern.slice(flags.length)];
};

/** Escaped characters and classes stand for one character each, so that what is left of `(` is syntax. */
const skeleton = (pattern: string): string =>
  pattern.replace(/\\./gs, "x").replace(/\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*\]/g, "x");

/** How many groups a pattern captures: parentheses that are neither escaped, in a class, nor of another kind. */
export const groupsIn = (pattern: string): number =>
  [...skeleton(pattern).matchAll(/\((?!\?)|\(\?P?<(?![=!])|\(\?'/g)].length;

const groupOfAKnownKind = /^\(\?(?:[:=!>]|<[=!]|P?<\w+>|'\w+'|[imsx]*(?:-[imsx]+)?[:)])/;

/** What in a pattern refers to groups, or makes them, in a way that does not survive being put between others. */
export function strangeIn(pattern: string): string | undefined {
  const escaped = pattern.match(/\\(?:[1-9]\d|.)/gs)?.find((each) => /^\\(?:[gQ]|\d\d)$/.test(each));
  if (escaped !== undefined) return escaped;
  const bare = skeleton(pattern);
  for (const { index } of bare.matchAll(/\([?*]/g)) {
    const rest = bare.slice(index);
    if (!groupOfAKnownKind.test(rest)) return rest.slice(0, 3);
  }
  return undefined;
}

/** What in a replacement HAProxy would not read as it stands there, and what to do about it. */
export function strangeInReplacement({ pattern, replacement }: Replacing): string | undefined {
  const groups = groupsIn(pattern);
  for (const [, next = ""] of replacement.matchAll(/\\(.?)/gs)) {
    if (next === "") return "ends in a backslash, which would join what stands behind it; write \\\\ for one";
    if (next === "x") return "has \\x, which HAProxy reads as a byte; write the character itself";
    if (/\d/.test(next) && Number(next) > groups)
      return `has \\${next}, and the pattern has ${groups === 0 ? "no groups" : `${groups} of them`}; name one that it has`;
  }
  return undefined;
}
