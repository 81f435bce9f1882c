/** Reads JSON with one long list in it, cut anywhere, and hands on the list's items as they come. */

/** Where the list is: the text that opens it, and how many brackets are open from there on. */
export type ListPlace = { readonly opening: `"${string}":[`; readonly depth: number };

/** What hears of it, in this order. False: it has had enough. */
export type ListPorts = {
  /** What stands around the list, as far as it stands before it. */
  begin(around: unknown): boolean;
  take(items: readonly unknown[]): boolean;
  /** All that stands around it. */
  end(around: unknown): boolean;
};

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const isOpening = (code: number): boolean => code === 0x5b || code === 0x7b;
const isClosing = (code: number): boolean => code === 0x5d || code === 0x7d;

/** Holds no more of the text than what stands around the list, and the item that is not whole yet. */
export class ListReader {
  readonly #place: ListPlace;
  readonly #ports: ListPorts;
  #stage: "head" | "items" | "tail" | "failed" = "head";
  /** What has not been handed on yet. */
  #text = "";
  /** Up to where it has been looked at, and in what that place lies. */
  #at = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #head = "";
  /** Where the last item that is whole ends; -1 when none does. */
  #boundary = -1;

  constructor(place: ListPlace, ports: ListPorts) {
    this.#place = place;
    this.#ports = ports;
  }

  /** False when it has no such list, or the listener has had enough: nothing more is taken then. */
  push(text: string): boolean {
    if (this.#stage === "failed") return false;
    this.#text += text;
    try {
      if (this.#stage === "head" && this.#scan() && !this.#headEnds()) return this.#fail();
      if (this.#stage === "items" && !this.#itemsEnd(this.#scan())) return this.#fail();
    } catch {
      return this.#fail();
    }
    return true;
  }

  /** After the last piece. False when it was not whole, or the listener says so. */
  end(): boolean {
    if (this.#stage !== "tail") return this.#fail();
    try {
      // The head with the list left empty, and what came after it.
      return this.#ports.end(JSON.parse(`${this.#head}${this.#text}`)) || this.#fail();
    } catch {
      return this.#fail();
    }
  }

  #fail(): false {
    this.#stage = "failed";
    this.#text = "";
    this.#head = "";
    return false;
  }

  /**
   * Goes on to the place after the opening of the list, or to its end. In the list it notes the last comma between items
   * that it passed. False when the text ended first.
   */
  #scan(): boolean {
    const text = this.#text;
    const { opening, depth } = this.#place;
    for (; this.#at < text.length; this.#at += 1) {
      const code = text.charCodeAt(this.#at);
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === backslash) this.#isEscaped = true;
        else if (code === quote) this.#isInString = false;
      } else if (code === quote) this.#isInString = true;
      else if (code === comma) {
        if (this.#stage === "items" && this.#depth === depth) this.#boundary = this.#at;
      } else if (isOpening(code)) {
        this.#depth += 1;
        if (this.#stage === "head" && this.#depth === depth && text.endsWith(opening, this.#at + 1)) {
          this.#at += 1;
          return true;
        }
      } else if (isClosing(code)) {
        this.#depth -= 1;
        if (this.#stage === "items" && this.#depth < depth) return true;
      }
    }
    return false;
  }

  #headEnds(): boolean {
    this.#head = this.#text.slice(0, this.#at);
    const around: unknown = JSON.parse(`${this.#head}]${"}".repeat(this.#place.depth - 1)}`);
    this.#text = this.#text.slice(this.#at);
    this.#at = 0;
    this.#stage = "items";
    return this.#ports.begin(around);
  }

  /** Hands on the items that are whole. */
  #itemsEnd(isLast: boolean): boolean {
    const end = isLast ? this.#at : this.#boundary;
    if (end < 0) return true;
    const items = JSON.parse(`[${this.#text.slice(0, end)}]`) as unknown[];
    this.#text = this.#text.slice(isLast ? end : end + 1);
    this.#at = isLast ? 0 : this.#at - end - 1;
    this.#boundary = -1;
    if (isLast) this.#stage = "tail";
    return this.#ports.take(items);
  }
}
