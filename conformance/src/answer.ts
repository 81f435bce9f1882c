/** What a unit answered, read alike from the XML of v1 and the JSON of v2, and what every answer has to be like. */
import type { Version } from "./case.ts";
import type { Answer } from "./target.ts";
import { type Element, parseXml } from "./xml.ts";

export type Read = {
  readonly version: Version;
  readonly code: number;
  readonly ok: boolean;
  /** The words of an answer without data, or of a refusal. */
  readonly words: string | undefined;
  /** Names of the first level, or of what stands at the path, as they come. */
  names(path?: string): readonly string[];
  /** What stands at a path: a value of JSON in v2, the text of an element in v1. */
  at(path: string): unknown;
  count(path: string): number;
};

/** Throws what is wrong with the envelope. */
export const read = (version: Version, answer: Answer): Read =>
  version === 1 ? readXml(answer) : readJson(answer);

function readXml({ http, headers, body }: Answer): Read {
  const type = String(headers["content-type"]);
  must(/^(text|application)\/xml\b/i.test(type), `the content type is ${type} instead of one of XML`);
  const root = parseXml(body.toString("latin1"));
  must(root.name === "Response", `the root is ${root.name} instead of Response`);
  const { stat, code } = root.attributes;
  must(
    Object.keys(root.attributes).join(" ") === "stat code",
    "the attributes of Response are not stat and code",
  );
  must(stat === String(http), `stat is ${stat}, and the HTTP status ${http}`);
  must(code === (http === 200 ? "ok" : "fail"), `code is ${code} at HTTP status ${http}`);
  must(root.children.length === 1, "Response has not exactly one element");
  const inner = root.children[0] as Element;
  const wanted = http === 200 ? "Success" : "Error";
  must(inner.name === wanted, `Response holds ${inner.name} instead of ${wanted}`);
  const [only] = inner.children;
  must(
    inner.children.length === 0 || (inner.children.length === 1 && only?.name === "Data" && http === 200),
    `${wanted} holds something else than Data`,
  );
  const all = only?.children ?? [];
  const find = (path: string): readonly Element[] => {
    let found: readonly Element[] = [];
    let within: readonly Element[] = all;
    for (const [name, index] of steps(path)) {
      const same = within.filter((each) => each.name === name);
      found = index === undefined ? same : same.slice(index, index + 1);
      within = found.flatMap((each) => each.children);
    }
    return found;
  };
  return {
    version: 1,
    code: http,
    ok: http === 200,
    words: only === undefined ? inner.text.trim() : undefined,
    names(path) {
      const within = path === undefined ? all : (find(path)[0]?.children ?? []);
      return [...new Set(within.map((each) => each.name))];
    },
    at(path) {
      const [element] = find(path);
      if (element === undefined) return undefined;
      return element.children.length === 0 ? element.text : element;
    },
    count: (path) => find(path).length,
  };
}

function readJson({ http, headers, body }: Answer): Read {
  const type = String(headers["content-type"]);
  must(/^application\/json\b/i.test(type), `the content type is ${type} instead of application/json`);
  const value: unknown = JSON.parse(body.toString("utf8"));
  must(typeof value === "object" && value !== null && !Array.isArray(value), "it is no JSON object");
  const envelope = value as Record<string, unknown>;
  const names = Object.keys(envelope);
  must(envelope.code === http, `code is ${envelope.code}, and the HTTP status ${http}`);
  must(envelope.status === (http === 200 ? "ok" : "fail"), `status is ${envelope.status} at ${http}`);
  must(names[0] === "code" && names.at(-1) === "status", `the fields are ${names.join(", ")}`);
  const { message } = envelope;
  must(message === undefined || typeof message === "string", "message is no text");
  const at = (path: string): unknown => {
    let found: unknown = envelope;
    for (const [name, index] of steps(path)) {
      if (typeof found !== "object" || found === null) return undefined;
      found = (found as Record<string, unknown>)[name];
      if (index !== undefined) found = Array.isArray(found) ? found[index] : undefined;
    }
    return found;
  };
  return {
    version: 2,
    code: http,
    ok: http === 200,
    words: message as string | undefined,
    names(path) {
      if (path === undefined) return names.slice(1, -1).filter((name) => name !== "message");
      const found = at(path);
      return typeof found === "object" && found !== null ? Object.keys(found) : [];
    },
    at,
    count(path) {
      const found = at(path);
      return Array.isArray(found) ? found.length : found === undefined ? 0 : 1;
    },
  };
}

function must(condition: boolean, fault: string): asserts condition {
  if (!condition) throw new Error(fault);
}

/** `Rs.0.Weight` is the first `Rs`, and `Weight` within; a name may have a dot, as `CheckUse1.1` does. */
function steps(path: string): [name: string, index: number | undefined][] {
  const parts = path.replace("CheckUse1.1", "CheckUse1\u00001").split(".");
  const found: [string, number | undefined][] = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (/^\d+$/.test(part) && last !== undefined) last[1] = Number(part);
    else found.push([part.replace("\u0000", "."), undefined]);
  }
  return found;
}
