/**
 * A configuration file as a tree: sections of directives of words. Text that came from outside enters only as `quoted`,
 * and is written so that HAProxy reads back exactly that word (configuration.txt §2.2, "Quoting and escaping").
 */
import { assert } from "@tandem/base/assert";

/** `keyword`s are the program's own; `quoted` words may hold anything but control characters. */
export type Word = { readonly kind: "keyword" | "quoted"; readonly text: string };

/** Where a line comes from (without a service: from what all of them share), so that what HAProxy says about it can be told in the operator's words. */
export type Origin = { readonly service?: number; readonly server?: number; readonly parameter: string };

export type Directive = { readonly words: readonly Word[]; readonly origin?: Origin };
export type Section = {
  readonly header: readonly Word[];
  readonly directives: readonly Directive[];
  readonly origin?: Origin;
};

/** The file's text, and for each of its lines (from 0) where it comes from. */
export type Written = { readonly text: string; readonly origins: readonly (Origin | undefined)[] };

const keywordPattern = /^[A-Za-z0-9_.,:/@%[\](){}!+-]+$/;
const barePattern = /^[A-Za-z0-9_.,:/@+-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through.
const controlPattern = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A word of HAProxy's language. */
export function keyword(text: string): Word {
  assert(keywordPattern.test(text), `"${text}" is a keyword`);
  return { kind: "keyword", text };
}

/** Words of it, separated by blanks. */
export const keywords = (text: string): Word[] => text.split(" ").map(keyword);

/** True when the text can stand in a file at all: control characters, line ends above all, have no quoted form. */
export const isQuotable = (text: string): boolean => text.length > 0 && !controlPattern.test(text);

/** A word from outside. Callers have checked {@link isQuotable}; passing anything else is a fault of the program. */
export function quoted(text: string): Word {
  assert(isQuotable(text), "a word from outside was checked before it is rendered");
  return { kind: "quoted", text };
}

/** A word for a place that HAProxy reads as a log format, where `%` starts an expression (configuration.txt §8.2.4). */
export const quotedFormat = (text: string): Word => quoted(text.replaceAll("%", "%%"));

/** A directive from a line of keywords separated by blanks, and words from outside after it. */
export function directive(line: string, words: readonly Word[] = [], origin?: Origin): Directive {
  return {
    words: [...keywords(line), ...words],
    ...(origin === undefined ? {} : { origin }),
  };
}

/** Between single quotes every character stands for itself, except the single quote. */
const writeWord = (word: Word): string =>
  word.kind === "keyword" || barePattern.test(word.text)
    ? word.text
    : `'${word.text.replaceAll("'", "'\\''")}'`;

const writeWords = (words: readonly Word[]): string => words.map(writeWord).join(" ");

export function write(sections: readonly Section[]): Written {
  const lines: string[] = [];
  const origins: (Origin | undefined)[] = [];
  const line = (text: string, origin?: Origin): void => {
    lines.push(text);
    origins.push(origin);
  };
  for (const [index, section] of sections.entries()) {
    if (index > 0) line("");
    line(writeWords(section.header), section.origin);
    for (const each of section.directives)
      line(`    ${writeWords(each.words)}`, each.origin ?? section.origin);
  }
  return { text: `${lines.join("\n")}\n`, origins };
}
