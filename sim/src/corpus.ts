/** Seeds that failed once, with what was wrong: they are run first, for ever. */
import { readdirSync, readFileSync } from "node:fs";
import { fits } from "@tandem/base/check";
import { type Static, Type } from "@tandem/base/schema";

const CorpusEntry = Type.Object({
  seed: Type.Integer({ minimum: 0 }),
  /** What went wrong, and by which checker it was seen. */
  reason: Type.String({ minLength: 10 }),
  fix: Type.String({ minLength: 10 }),
});

const directory = new URL("../corpus/", import.meta.url);

export function readCorpus(): readonly Static<typeof CorpusEntry>[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const entry: unknown = JSON.parse(readFileSync(new URL(name, directory), "utf8"));
      if (!fits(CorpusEntry, entry))
        throw new Error(`sim/corpus/${name} is no corpus entry: seed, reason, fix`);
      return entry as Static<typeof CorpusEntry>;
    });
}
