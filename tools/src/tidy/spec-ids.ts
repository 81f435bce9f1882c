import type { Finding, Tree } from "./tree.ts";

const statusPath = "docs/status.md";

/** The rules that `docs/status.md` reports on, one table row each. */
export function rulesOf(tree: Tree): ReadonlySet<string> {
  return new Set(
    [...tree.text(statusPath).matchAll(/^\| ((?:CH|ML|LH|LM|CE)\d+) \|/gm)].map(
      (match) => match[1] as string,
    ),
  );
}

/** A rule cited by a test or a comment must be one that the status page reports on. */
export function checkSpecIds(tree: Tree): Finding[] {
  const known = rulesOf(tree);
  if (known.size === 0)
    return [{ path: statusPath, message: "reports on no rule: the table is missing or changed its form" }];
  const findings: Finding[] = [];
  for (const path of tree.paths) {
    if (!/\.tsx?$/.test(path)) continue;
    for (const [index, line] of tree.text(path).split("\n").entries())
      for (const [, rule] of line.matchAll(/\[((?:CH|ML|LH|LM|CE)\d+)\]/g))
        if (rule !== undefined && !known.has(rule))
          findings.push({
            path,
            line: index + 1,
            message: `cites rule ${rule}, which ${statusPath} does not know`,
          });
  }
  return findings;
}
