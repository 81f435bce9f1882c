/** Reads the XML of API v1, and nothing that is not well-formed. A reader of its own: a fault of the writer must not hide in it. */

export type Element = {
  readonly name: string;
  readonly attributes: { readonly [name: string]: string };
  readonly children: readonly Element[];
  readonly text: string;
};

const declaration = '<?xml version="1.0" encoding="ISO-8859-1"?>';
const namePattern = /[A-Za-z_][A-Za-z0-9._-]*/y;
/** An answer nests by far fewer. */
const depthMax = 20;

/** The root of a document; throws what is wrong with it, and where. */
export function parseXml(text: string): Element {
  if (!text.startsWith(declaration))
    throw new Error(`the XML declaration is not ${declaration} but ${text.slice(0, 60)}`);
  const reader = new Reader(text, declaration.length);
  reader.blanks();
  const root = reader.element(0);
  reader.blanks();
  if (reader.at !== text.length) throw reader.fault("something follows the root");
  return root;
}

class Reader {
  readonly #text: string;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  fault(what: string): Error {
    return new Error(`the XML is broken: ${what} at "${this.#text.slice(this.at, this.at + 40)}"`);
  }

  blanks(): void {
    while (/\s/.test(this.#text[this.at] ?? "")) this.at += 1;
  }

  element(depth: number): Element {
    if (depth > depthMax) throw this.fault("it nests too deep");
    this.#take("<");
    const name = this.#name();
    const attributes: Record<string, string> = {};
    for (this.blanks(); /[A-Za-z_]/.test(this.#text[this.at] ?? ""); this.blanks()) {
      const attribute = this.#name();
      this.#take('="');
      const end = this.#text.indexOf('"', this.at);
      if (end < 0) throw this.fault("an attribute does not end");
      attributes[attribute] = unescaped(this.#text.slice(this.at, end));
      this.at = end + 1;
    }
    if (this.#text.startsWith("/>", this.at)) {
      this.at += 2;
      return { name, attributes, children: [], text: "" };
    }
    this.#take(">");
    const children: Element[] = [];
    let text = "";
    while (!this.#text.startsWith("</", this.at)) {
      if (this.#text[this.at] === "<") {
        children.push(this.element(depth + 1));
        continue;
      }
      const end = this.#text.indexOf("<", this.at);
      if (end < 0) throw this.fault(`${name} does not end`);
      text += this.#text.slice(this.at, end);
      this.at = end;
    }
    this.at += 2;
    if (this.#name() !== name) throw this.fault(`${name} ends as something else`);
    this.#take(">");
    return { name, attributes, children, text: unescaped(text) };
  }

  #name(): string {
    namePattern.lastIndex = this.at;
    const found = namePattern.exec(this.#text)?.[0];
    if (found === undefined) throw this.fault("a name is missing");
    this.at += found.length;
    return found;
  }

  #take(text: string): void {
    if (!this.#text.startsWith(text, this.at)) throw this.fault(`${text} is missing`);
    this.at += text.length;
  }
}

const named: { readonly [name: string]: string } = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Text with its entities read; a bare `&` and a control character are faults. */
function unescaped(text: string): string {
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 32 && ![9, 10, 13].includes(code))
      throw new Error(`the XML is broken: it holds the control character ${code}`);
  }
  return text.replace(/&([^;&\s]*);?/g, (whole, name: string) => {
    const numeric = /^#(\d+)$/.exec(name)?.[1];
    const found = numeric === undefined ? named[name] : String.fromCodePoint(Number(numeric));
    if (found === undefined || !whole.endsWith(";"))
      throw new Error(`the XML is broken: ${JSON.stringify(whole)} is no entity`);
    return found;
  });
}
