/**
 * The envelopes of API v1: the same answers as those of v2, in XML. Data stand in `Response/Success/Data`, a command that
 * answers nothing has its words in `Success`, a refusal in `Error`; `stat` equals the HTTP status.
 */
import { completedOk, type Envelope } from "./envelope.ts";

export const xmlContentType = "text/xml; charset=ISO-8859-1";

/** Of ours alone: what a client of v1 has no use for. */
const fieldsOfVersion2: ReadonlySet<string> = new Set(["code", "status", "message", "revision", "offered"]);

/** The whole document for an envelope of v2. */
export function xmlOf(envelope: Envelope): string {
  const { code, status } = envelope;
  const message = typeof envelope.message === "string" ? envelope.message : completedOk;
  const fields = Object.entries(envelope).filter(([name]) => !fieldsOfVersion2.has(name));
  const body =
    status === "fail"
      ? element("Error", escaped(message))
      : element(
          "Success",
          fields.length === 0
            ? escaped(message)
            : element("Data", fields.map(([name, value]) => elementsOf(name, value)).join("")),
        );
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\n<Response stat="${code}" code="${status}">${body}</Response>\n`;
}

const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;

/** Lists whose members stand together, by the end of their name, and what each member is called, as clients look for it. */
const members: readonly (readonly [end: string, member: string])[] = [
  ["Opts", "Opt"],
  ["apikeys", "key"],
  ["Rules", "Name"],
];

/** Lists of statistics whose members are elements by a field of their own: `cpu0`, `eth0`. */
const nameFields: { readonly [list: string]: { readonly field: string; readonly before: string } } = {
  cpu: { field: "cpu", before: "cpu" },
  Interface: { field: "Name", before: "" },
};
const xmlName = /^[A-Za-z_][\w.-]*$/;

/** A member of such a list; of any other, and where its name could name no element, the list's own. */
function memberElement(list: string, member: unknown): string {
  const named = nameFields[list];
  if (named === undefined || typeof member !== "object" || member === null)
    return element(list, contentOf(member));
  const { [named.field]: own, ...rest } = member as Record<string, unknown>;
  const name = `${named.before}${own}`;
  return own === undefined || !xmlName.test(name)
    ? element(list, contentOf(member))
    : element(name, contentOf(rest));
}

/** Any other list is its element once for each member. */
function elementsOf(name: string, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) {
    const member = members.find(([end]) => name.endsWith(end))?.[1];
    return member === undefined
      ? value.map((each) => memberElement(name, each)).join("")
      : element(name, value.map((each) => element(member, contentOf(each))).join(""));
  }
  return element(name, contentOf(value));
}

function contentOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "Y" : "N";
  if (typeof value === "object" && value !== null)
    return Object.entries(value)
      .map(([name, each]) => elementsOf(name, each))
      .join("");
  return escaped(String(value));
}

const entities: { readonly [character: string]: string } = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  '"': "&quot;",
  "'": "&apos;",
};

/** ASCII alone, so that the text reads the same in every encoding; characters that XML 1.0 does not know become U+FFFD. */
const escaped = (text: string): string =>
  [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      const isKnown =
        code === 9 ||
        code === 10 ||
        code === 13 ||
        (code >= 32 && (code < 0xd800 || code > 0xdfff) && code < 0xfffe) ||
        code > 0xffff;
      if (!isKnown) return "&#65533;";
      return entities[character] ?? (code < 127 ? character : `&#${code};`);
    })
    .join("");
