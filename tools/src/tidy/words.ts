import type { Finding, Tree } from "./tree.ts";

/** What no file of the project may contain, with the reason. */
const forbidden: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  {
    pattern: /registry\.npmjs|deb\.debian\.org/,
    why: "names a registry's host: the machine's own configuration decides",
  },
  { pattern: /\/work\/(main|shared)\b/, why: "names a path of one machine" },
  { pattern: /-----BEGIN (EC |RSA )?PRIVATE KEY-----\s*\n[A-Za-z0-9+/=]{20}/, why: "holds a private key" },
];

const itself = "tools/src/tidy/words.ts";

/** Host names, machine paths and secrets stay out of the repository. */
export function checkWords(tree: Tree): Finding[] {
  return tree.paths
    .filter((path) => path !== itself && !/\.(png|svg|woff2?)$/.test(path))
    .flatMap((path) =>
      forbidden
        .filter(({ pattern }) => pattern.test(tree.text(path)))
        .map(({ why }) => ({ path, message: why })),
    );
}
