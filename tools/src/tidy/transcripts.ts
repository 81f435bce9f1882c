import { posix } from "node:path";
import type { Finding, Tree } from "./tree.ts";

/** Goldens and transcripts that no source of their package names are dead: they would go stale unseen. */
export function checkTranscripts(tree: Tree): Finding[] {
  return tree.paths.flatMap((path): Finding[] => {
    const owner = /^(packages\/[^/]+)\/(?:transcripts|goldens)\//.exec(path)?.[1];
    if (owner === undefined) return [];
    const stem = posix.basename(path).replace(/\..*$/, "");
    const named = tree.paths.some(
      (source) => source.startsWith(`${owner}/src/`) && tree.text(source).includes(stem),
    );
    return named ? [] : [{ path, message: "no test names it: delete it, or have a test compare it" }];
  });
}
