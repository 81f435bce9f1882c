/** Runs cases against a unit, each in both versions, and says of each whether the unit conforms. */
import { type Read, read } from "./answer.ts";
import {
  type Area,
  type Case,
  type Command,
  type Expected,
  type Field,
  isWire,
  type Step,
  type Version,
  type Wire,
} from "./case.ts";
import { Stage } from "./stage.ts";
import { type Answer, Connection, requestOf, type Target } from "./target.ts";

export type Outcome = "conforms" | "not yet" | "differs";

export type Result = {
  readonly area: string;
  readonly of: Case;
  readonly outcome: Outcome;
  /** What was otherwise than described, or that a mark is out of date. */
  readonly differences: readonly string[];
};

/** A unit that the suite has put its services on. */
export class Conformance {
  readonly #connection: Connection;
  readonly #stage: Stage;
  /** What the unit was like after the last refusal; undefined since something was changed. */
  #known: string | undefined;
  /** What was read since something was changed, by version and command: many cases look at different parts of one answer. */
  readonly #read = new Map<string, Answer>();

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#stage = new Stage(connection);
  }

  static async open(target: Target): Promise<Conformance> {
    const made = new Conformance(new Connection(target));
    await made.#stage.issue();
    await made.#stage.set();
    return made;
  }

  async close(): Promise<void> {
    await this.#stage.clear().finally(() => this.#connection.close());
  }

  async run({ name, cases }: Area): Promise<Result[]> {
    const results: Result[] = [];
    for (const each of cases) results.push({ area: name, of: each, ...(await this.#judge(each)) });
    return results;
  }

  async #judge(each: Case): Promise<Omit<Result, "area" | "of">> {
    const differences: string[] = [];
    for (const version of versionsOf(each)) {
      const found = await this.#differences(each, version);
      differences.push(...found.map((difference) => `v${version}: ${difference}`));
    }
    if (each.notYet === undefined)
      return { outcome: differences.length === 0 ? "conforms" : "differs", differences };
    if (differences.length > 0) return { outcome: "not yet", differences };
    return this.#connection.target.own
      ? { outcome: "differs", differences: ["it conforms: take its mark away"] }
      : { outcome: "conforms", differences };
  }

  async #differences(each: Case, version: Version): Promise<string[]> {
    const found: string[] = [];
    try {
      for (const command of each.given ?? []) await this.#carryOut(command);
      found.push(...(await this.#step(each, version, each.headers)));
      for (const step of each.next ?? []) found.push(...(await this.#step(step, version)));
    } catch (error) {
      found.push((error as Error).message);
    }
    // What a case that differs has made may be there, or not.
    for (const command of each.after ?? [])
      await this.#carryOut(command).catch((error: Error) => {
        if (found.length === 0) found.push(error.message);
      });
    return found;
  }

  async #carryOut(command: Command): Promise<void> {
    if (!readsOnly(command)) this.#changed();
    await this.#stage.carryOut(command);
  }

  async #step({ ask, expect }: Step, version: Version, headers: Case["headers"] = {}): Promise<string[]> {
    const mayChange = expect.is !== "refused" && expect.is !== "turned away";
    const before = mayChange ? undefined : (this.#known ?? (await this.#state()));
    const answer = await this.#ask(ask, version);
    const found: string[] = [];
    for (const [name, pattern] of Object.entries(headers))
      if (!pattern.test(String(answer.headers[name])))
        found.push(`header ${name} is ${answer.headers[name]}, not like ${pattern}`);
    found.push(...this.#compare(answer, version, ask, expect));
    if (mayChange) {
      if (isWire(ask) || !readsOnly(ask)) this.#changed();
      return found;
    }
    this.#known = await this.#state();
    if (this.#known !== before) found.push("something has changed, though the request was refused");
    return found;
  }

  #changed(): void {
    this.#known = undefined;
    this.#read.clear();
  }

  async #ask(ask: Command | Wire, version: Version): Promise<Answer> {
    const { target } = this.#connection;
    if (!isWire(ask)) {
      const request = requestOf(version, ask.command, this.#stage.fill(ask.with), target);
      const key = JSON.stringify(request);
      const answer = this.#read.get(key) ?? (await this.#connection.send(request));
      if (readsOnly(ask)) this.#read.set(key, answer);
      return answer;
    }
    const filled: Wire = {
      method: ask.method,
      path: this.#stage.filled(ask.path),
      headers: Object.fromEntries(
        Object.entries(ask.headers ?? {}).map(([name, value]) => [name, this.#header(value)]),
      ),
      ...(ask.body === undefined ? {} : { body: this.#stage.filled(ask.body) }),
    };
    if (ask.onceChallenged === undefined) return this.#connection.send(filled);
    const challenge = await this.#connection.send(filled);
    if (challenge.http !== 401 || !/^Basic realm=/.test(String(challenge.headers["www-authenticate"])))
      throw new Error(`without credentials it is not challenged but answered ${challenge.http}`);
    const authorization = this.#header(ask.onceChallenged.authorization);
    return this.#connection.send({ ...filled, headers: { ...filled.headers, authorization } });
  }

  /** `basic:user:password` is written as that scheme has it. */
  #header(value: string): string {
    const [, scheme, credentials] = /^(basic|BASIC|Basic):(.*)$/s.exec(value) ?? [];
    const filled = this.#stage.filled(credentials ?? value);
    return scheme === undefined ? filled : `${scheme} ${Buffer.from(filled).toString("base64")}`;
  }

  #compare(answer: Answer, version: Version, ask: Command | Wire, expect: Expected): string[] {
    if (expect.is === "turned away")
      return answer.http >= 400 && answer.http < 500
        ? []
        : [`it is answered ${answer.http}, not turned away`];
    if (expect.is === "file" && version === 1)
      return answer.http === 200 &&
        answer.headers["content-type"] === "application/octet-stream" &&
        answer.body.length > 0
        ? []
        : [`it is no file but ${answer.http} ${answer.headers["content-type"]}`];
    const shown = read(version, answer);
    const found = this.#compareRead(shown, expect);
    if (found.length > 0 && shown.words !== undefined) found[0] += ` (${shown.code}: ${shown.words})`;
    if (shown.ok && !isWire(ask))
      for (const [name, path] of Object.entries(ask.keep ?? {}))
        this.#stage.name(name, String(shown.at(path)));
    return found;
  }

  #compareRead(shown: Read, expect: Exclude<Expected, { is: "turned away" }>): string[] {
    switch (expect.is) {
      case "known":
        return shown.code === 405 ? ["the command is unknown"] : [];
      case "file":
        return typeof shown.at("data") === "string" ? [] : ["it has no data"];
      case "done": {
        const fits = expect.words ?? /^Command completed ok$/;
        return shown.ok && fits.test(shown.words ?? "") ? [] : [`it is not done with words like ${fits}`];
      }
      case "refused": {
        const { code, message } = expect;
        if (shown.code !== code) return [`it is answered ${shown.code} instead of refused with ${code}`];
        const words = shown.words ?? "";
        const wanted = typeof message === "string" ? this.#stage.filled(message) : message;
        const fits =
          wanted === undefined || (typeof wanted === "string" ? words === wanted : wanted.test(words));
        return fits ? [] : [`its words are not ${wanted}`];
      }
      case "data":
        return shown.ok ? this.#compareData(shown, expect) : ["it is refused"];
    }
  }

  #compareData(
    shown: Read,
    { fields = {}, absent = [], order = [], orderIn = {}, count = {} }: Extract<Expected, { is: "data" }>,
  ): string[] {
    const found: string[] = [];
    for (const [path, field] of Object.entries(fields)) {
      const fault = this.#fault(shown, shown.at(path), field);
      if (fault !== undefined) found.push(`${path} is ${fault}`);
    }
    for (const path of absent)
      if (shown.at(path) !== undefined) found.push(`${path} is there: ${JSON.stringify(shown.at(path))}`);
    for (const [path, names] of [[undefined, order] as const, ...Object.entries(orderIn)]) {
      const present = shown.names(path).filter((name) => names.includes(name));
      if (present.join(" ") !== names.join(" ")) found.push(`the order is ${present.join(" ")}`);
    }
    for (const [path, wanted] of Object.entries(count))
      if (shown.count(path) !== wanted)
        found.push(`there are ${shown.count(path)} of ${path} instead of ${wanted}`);
    return found;
  }

  /** What stands there, when it is not what was expected. */
  #fault({ version }: Read, value: unknown, field: Field): string | undefined {
    const text = JSON.stringify(value);
    if (field instanceof RegExp)
      return value !== undefined && field.test(String(value)) ? undefined : `${text}, not like ${field}`;
    if (typeof field === "object" && "type" in field) {
      const fits = version === 2 ? isOfType(value, field.type) : readsAs(value, field.type);
      return fits ? undefined : `${text}, not a ${field.type}`;
    }
    const wanted = typeof field === "object" ? Number(this.#stage.filled(field.number)) : field;
    const filled = typeof wanted === "string" ? this.#stage.filled(wanted) : wanted;
    const exact =
      version === 2 ? filled : typeof filled === "boolean" ? (filled ? "Y" : "N") : String(filled);
    return value === exact ? undefined : `${text} instead of ${JSON.stringify(exact)}`;
  }

  /** What a refusal must leave as it is. */
  async #state(): Promise<string> {
    const { target } = this.#connection;
    const shown = await Promise.all(
      ["listvs", "getall", "showiface", "listapikeys"].map(async (command) => {
        const answer = await this.#connection.send(requestOf(2, command, {}, target));
        // Health checks go on meanwhile.
        return answer.body.toString("utf8").replace(/"Status":"\w+"/g, "");
      }),
    );
    return shown.join("\n");
  }
}

const readsOnly = ({ command }: Command): boolean => /^(list|show|get|read|stats)/i.test(command);

const versionsOf = (each: Case): readonly Version[] => {
  if (each.versions !== undefined) return each.versions;
  return isWire(each.ask) ? [each.ask.path.startsWith("/accessv2") ? 2 : 1] : [1, 2];
};

function isOfType(value: unknown, type: "number" | "string" | "boolean" | "texts"): boolean {
  return type === "texts"
    ? Array.isArray(value) && value.every((each) => typeof each === "string")
    : typeof value === type;
}

/** The text of an element, as clients of v1 read that type. */
function readsAs(value: unknown, type: "number" | "string" | "boolean" | "texts"): boolean {
  switch (type) {
    case "number":
      return /^-?\d+(\.\d+)?$/.test(String(value));
    case "boolean":
      return value === "Y" || value === "N";
    case "string":
      return typeof value === "string";
    case "texts":
      return value !== undefined;
  }
}
