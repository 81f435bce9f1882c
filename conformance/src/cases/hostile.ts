/** Values that are hostile to XML, JSON, HAProxy's file or a shell: told in the answer unharmed, or refused, and never obeyed. */
import { type Area, type Case, refused } from "../case.ts";

const hostile: readonly (readonly [what: string, value: string])[] = [
  ["an element", "<b>bold</b>"],
  ["the end of an element", "</Error></Response>"],
  ["an entity", "&lt;&amp;&#60;"],
  ["an entity that is none", "&nosuch;"],
  ["a bare ampersand", "a & b"],
  ["CDATA", "<![CDATA[x]]>"],
  ["the end of CDATA", "]]>"],
  ["a comment", "<!-- x -->"],
  ["a processing instruction", "<?xml version='1.0'?>"],
  ["a document type", "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;"],
  ["quotation marks", `"double" and 'single'`],
  ["a backslash", "back\\slash\\u0041"],
  ["a line break", "one\ntwo"],
  ["a line of HAProxy's", "x\n  server evil 198.51.100.1:80"],
  ["a carriage return", "one\rtwo"],
  ["a tabulator", "one\ttwo"],
  ["a NUL", "one\u0000two"],
  ["an escape of terminals", "\u001b[31mred"],
  ["a DEL", "one\u007ftwo"],
  ["a line separator", "one\u2028two"],
  ["letters beyond Latin-1", "łódź ☃"],
  ["a letter beyond the first plane", "smile 😀"],
  ["text from right to left", "abc \u202edef"],
  ["braces of JSON", '{"cmd":"delvs"}'],
  ["a command of a shell", "$(reboot); `reboot`"],
  ["a variable of a file", "%[src] $HOME"],
  ["a comment of HAProxy's", "# everything"],
  ["a very long text", "x".repeat(1_000)],
];

const given = (
  what: string,
  value: string,
  command: string,
  parameter: string,
  beside: { readonly [name: string]: string },
): Case => ({
  name: `${what} as ${parameter} of ${command}`,
  from: "API 2.6; XML 1.0",
  ask: { command, with: { ...beside, [parameter]: value } },
  expect: refused(422, new RegExp(`^${parameter}: `)),
});

export const hostileValues: Area = {
  name: "hostile values",
  cases: [
    ...hostile
      .filter(([what]) => !["letters beyond Latin-1"].includes(what))
      .map(([what, value]) => given(what, value, "modvs", "NickName", { vs: "$bare" })),
    ...hostile.map(([what, value]) => given(what, value, "get", "param", {})),
    ...hostile.map(([what, value]) => given(what, value, "showvs", "vs", {})),
    ...hostile.slice(0, 12).map(([what, value]) => given(what, value, "showrs", "rs", { vs: "$index" })),
    ...hostile.slice(0, 12).map(
      ([what, value]): Case => ({
        name: `${what} as a command`,
        from: "API 2.6; XML 1.0",
        versions: [2],
        ask: { command: value },
        expect: refused(405, "Unknown command"),
      }),
    ),
  ],
};
