import type { Finding, Tree } from "./tree.ts";

/**
 * Who may import whom. Arrows point down only; a layer may import those named in its list, and itself where it
 * says so. `docs/architecture.md` draws the same house.
 */
type Layer = {
  readonly name: string;
  readonly roots: readonly string[];
  readonly mayImport: readonly string[];
  /** Packages from outside, and `node:` modules, that the layer may use; undefined = any. */
  readonly outside?: readonly string[];
};

const cores = ["carp", "pair", "replica", "haproxy-config", "fencing", "syslog", "schedule", "licensing"];
const contracts = ["central-api", "loadmaster-api"];
const shells = ["linux", "peer-link", "probe", "signed-documents", "storage", "web-serving"];

const layers: readonly Layer[] = [
  {
    name: "base",
    roots: ["packages/base"],
    mayImport: [],
    outside: ["typebox", "typebox/compile", "typebox/value", "node:crypto"],
  },
  ...cores.map((core) => ({
    name: "core",
    roots: [`packages/${core}`],
    mayImport: ["base"],
    // Cron arithmetic, daylight saving time included.
    outside: core === "schedule" ? ["croner"] : [],
  })),
  ...contracts.map((contract) => ({
    name: "contract",
    roots: [`packages/${contract}`],
    mayImport: ["base", ...cores],
  })),
  ...shells.map((shell) => ({ name: "shell", roots: [`packages/${shell}`], mayImport: ["base", ...cores] })),
  { name: "web components", roots: ["packages/web-components"], mayImport: ["base"] },
  {
    name: "web",
    roots: ["apps/web", "apps/loadmaster-web"],
    mayImport: ["base", ...contracts, "web-components"],
  },
  { name: "central", roots: ["apps/central"], mayImport: ["base", ...cores, ...contracts, ...shells] },
  { name: "loadmaster", roots: ["apps/loadmaster"], mayImport: ["base", ...cores, ...contracts, ...shells] },
  {
    name: "cli",
    roots: ["apps/tandem"],
    mayImport: ["base", ...cores, ...contracts, ...shells, "central", "loadmaster", "lab"],
  },
  {
    name: "bench",
    roots: ["bench"],
    mayImport: ["base", ...cores, ...contracts, ...shells, "central", "loadmaster", "lab"],
  },
  { name: "sim", roots: ["sim"], mayImport: ["base", ...cores, ...contracts, ...shells, "central"] },
  { name: "conformance", roots: ["conformance"], mayImport: ["loadmaster"] },
  { name: "lab", roots: ["lab"], mayImport: ["base", ...cores, ...contracts, ...shells] },
];

/** What a pure core never names: clocks, entropy, timers, the process, waiting. */
const impure = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bMath\.random\b/,
  /\brandomUUID\b/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bperformance\.now\b/,
  /(?<![.\w])process\.(env|argv|cwd|exit|hrtime|kill|nextTick|on|pid|std\w+|uptime)\b/,
  /\bconsole\./,
  /\bawait\b/,
];

/** The module that a line imports: `import … from "x"`, the last line of one that spans several, `export … from`, `import("x")`. */
const importIn = (line: string): string | undefined =>
  /^\s*(?:import|export|\})[^"]*\bfrom "([^"]+)"/.exec(line)?.[1] ??
  /(?:^\s*import |\bimport\()"([^"]+)"/.exec(line)?.[1];

const isTest = (path: string): boolean => /\.(test|spec)\.tsx?$/.test(path);

const stripComments = (line: string): string =>
  line.replace(/^\s*(\/\/|\*|\/\*).*$/, "").replace(/\s\/\/.*$/, "");

/** Fails an import that points up or across, an outside library in a core, and impurity in a core. */
export function checkLayers(tree: Tree): Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.paths) {
    if (!/\.tsx?$/.test(path)) continue;
    const layer = layers.find(({ roots }) => roots.some((root) => path.startsWith(`${root}/`)));
    if (!layer) continue;
    const own = /^(?:packages|apps)\/([^/]+)\//.exec(path)?.[1] ?? path.split("/")[0];
    for (const [index, raw] of tree.text(path).split("\n").entries()) {
      const line = stripComments(raw);
      const target = importIn(line);
      const at = { path, line: index + 1 };
      if (target !== undefined) {
        const sibling = /^@tandem\/([^/]+)/.exec(target)?.[1];
        if (sibling !== undefined && sibling !== own && !layer.mayImport.includes(sibling) && !isTest(path))
          findings.push({
            ...at,
            message: `${layer.name} may not import @tandem/${sibling}: imports point down only`,
          });
        if (sibling === undefined && target.startsWith(".") && escapes(path, target))
          findings.push({
            ...at,
            message: `import of "${target}" leaves its package: use @tandem/<package>/<file>`,
          });
        if (
          sibling === undefined &&
          !target.startsWith(".") &&
          layer.outside &&
          !isTest(path) &&
          !layer.outside.includes(target)
        )
          findings.push({
            ...at,
            message: `${layer.name} may not import "${target}": cores use @tandem/base alone`,
          });
      }
      if (layer.name === "core" && !isTest(path))
        for (const pattern of impure)
          if (pattern.test(line))
            findings.push({
              ...at,
              message: `a core names ${pattern.source}: time and entropy are inputs, effects are outputs`,
            });
    }
  }
  return findings;
}

/** True when a relative import from `path` climbs out of its own package. */
function escapes(path: string, target: string): boolean {
  const depthOfPackage = /^(packages|apps)\//.test(path) ? 2 : 1;
  const parts = path.split("/").slice(0, -1);
  for (const step of target.split("/")) {
    if (step === "..") parts.pop();
    else if (step !== ".") parts.push(step);
    if (parts.length < depthOfPackage) return true;
  }
  return false;
}
