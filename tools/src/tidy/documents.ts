import { posix } from "node:path";
import type { Finding, Tree } from "./tree.ts";

const isDocument = (path: string): boolean => path.endsWith(".md");

/** The anchor that a heading gets on the usual forges: lower case, punctuation dropped, spaces to hyphens. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

const outsideFences = (text: string): string =>
  text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ""));

const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set([...outsideFences(text).matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchorOf(match[1] as string)));

type Link = {
  readonly path: string;
  readonly line: number;
  readonly file: string;
  readonly anchor: string | undefined;
};

function linksOf(tree: Tree): Link[] {
  return tree.paths.filter(isDocument).flatMap((path) =>
    outsideFences(tree.text(path))
      .split("\n")
      .flatMap((line, index) =>
        [...line.matchAll(/\]\(([^)\s]+)\)/g)]
          .map((match) => match[1] as string)
          .filter((target) => !/^[a-z]+:/.test(target))
          .map((target) => {
            const [file = "", anchor] = target.split("#");
            const resolved = file === "" ? path : posix.normalize(posix.join(posix.dirname(path), file));
            return { path, line: index + 1, file: resolved.replace(/\/$/, ""), anchor };
          }),
      ),
  );
}

/** Every relative link leads to a file or folder that exists, and its anchor to a heading. */
export function checkLinks(tree: Tree): Finding[] {
  const known = new Set(tree.paths);
  const exists = (file: string): boolean =>
    known.has(file) || tree.paths.some((path) => path.startsWith(`${file}/`));
  return linksOf(tree).flatMap(({ path, line, file, anchor }): Finding[] => {
    if (!exists(file)) return [{ path, line, message: `links to ${file}, which does not exist` }];
    if (anchor !== undefined && isDocument(file) && !anchorsOf(tree.text(file)).has(anchor))
      return [{ path, line, message: `links to #${anchor}, which is no heading of ${file}` }];
    return [];
  });
}

/** A document or picture under docs/ that nothing links to is dead: nobody will find it or keep it true. */
export function checkDeadDocuments(tree: Tree): Finding[] {
  const linked = new Set(linksOf(tree).map(({ file }) => file));
  return tree.paths
    .filter((path) => path.startsWith("docs/") && !linked.has(path))
    .map((path) => ({
      path,
      message: "no document links to it: link it from where a reader would look, or delete it",
    }));
}
