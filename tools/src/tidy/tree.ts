import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A repository as the checks see it: paths relative to the root, and their text. */
export type Tree = { readonly paths: readonly string[]; text(path: string): string };

/** One thing that is not tidy, said so that it can be mended without asking. */
export type Finding = { readonly path: string; readonly line?: number; readonly message: string };

/** The files git tracks or would track, so that build output and installed packages stay out. */
export function treeOf(root: string): Tree {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: root,
    maxBuffer: 64 << 20,
  });
  const paths = [...new Set(listed.toString("utf8").split("\0").filter(Boolean))].sort();
  const texts = new Map<string, string>();
  const text = (path: string): string => {
    const known = texts.get(path);
    if (known !== undefined) return known;
    let read = "";
    try {
      read = readFileSync(join(root, path), "utf8");
    } catch (error) {
      // A file that was deleted but not yet committed is listed and absent: it has nothing to check.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    texts.set(path, read);
    return read;
  };
  return { paths: paths.filter((path) => text(path) !== "" || !path.endsWith(".ts")), text };
}

/** A tree made of literal texts, for the tests of the checks. */
export const treeFrom = (files: Readonly<Record<string, string>>): Tree => ({
  paths: Object.keys(files).sort(),
  text: (path) => files[path] ?? "",
});
