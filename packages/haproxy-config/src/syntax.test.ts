import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { directive, isQuotable, keyword, quoted, write } from "./syntax.ts";

/** How HAProxy splits a line into words (configuration.txt §2.2), for what the writer may produce. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index] as string;
    if (character === " ") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'") {
      const end = line.indexOf("'", index + 1);
      assert.ok(end > 0, "a quote is closed");
      word = (word ?? "") + line.slice(index + 1, end);
      index = end;
    } else if (character === "\\") {
      index += 1;
      word = (word ?? "") + line[index];
    } else {
      assert.ok(!`#"$`.includes(character), `${character} stands between quotes`);
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

test("a word from outside is read back as exactly that word", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", minLength: 1 }).filter(isQuotable), { maxLength: 4 }),
      (texts) => {
        const { text } = write([
          { header: [keyword("global")], directives: [directive("x", texts.map(quoted))] },
        ]);
        const lines = text.split("\n");
        assert.equal(lines.length, 3);
        assert.deepEqual(wordsOf((lines[1] as string).trimStart()), ["x", ...texts]);
      },
    ),
  );
});

test("a control character never becomes a word", () => {
  for (const text of ["", "a\nb", "\r", "\t", "\0", "\u007f", "\u0085", "\u2028"]) {
    assert.equal(isQuotable(text), false);
    assert.throws(() => quoted(text));
  }
});
