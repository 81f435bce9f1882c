/**
 * `npm run lockfile`: completes package-lock.json after `npm install`.
 *
 * A registry mirror need not hold the packages of other platforms. npm then leaves them out of the lock file, and
 * `npm ci` refuses the file for lacking them. Each gets an entry here, with the platform that its name tells, so that
 * every platform passes over those that are not its own.
 */
import { readFileSync, writeFileSync } from "node:fs";

type Entry = {
  version?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
};

const systems = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const processors = [
  "arm64",
  "arm",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64",
];

/** What a package is for, by the parts of its name: `@x/binding-linux-x64-musl`. */
function platformOf(name: string): Pick<Entry, "os" | "cpu" | "libc"> {
  const parts = name.split(/[-/]/);
  const os = systems.filter((system) => parts.includes(system));
  const cpu = processors.filter((processor) => parts.includes(processor));
  const libc = parts.some((part) => part.startsWith("musl"))
    ? ["musl"]
    : parts.some((part) => part.startsWith("gnu"))
      ? ["glibc"]
      : [];
  return {
    ...(os.length && { os }),
    ...(cpu.length && { cpu }),
    ...(os.includes("linux") && libc.length && { libc }),
  };
}

const lockfile = "package-lock.json";
const lock = JSON.parse(readFileSync(lockfile, "utf8")) as { packages: Record<string, Entry> };
const added: string[] = [];

for (const [place, entry] of Object.entries(lock.packages))
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const home = `node_modules/${name}`;
    const found = home in lock.packages || `${place}/${home}` in lock.packages;
    const platform = platformOf(name);
    // Only what is surely not for this platform may lack its digest: npm never fetches it here.
    if (found || (platform.os === undefined && platform.cpu === undefined)) continue;
    lock.packages[home] = { version: version.replace(/^[~^]/, ""), optional: true, ...platform };
    added.push(name);
  }

const sorted = Object.keys(lock.packages).sort((a, b) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries(sorted.map((place) => [place, lock.packages[place] as Entry]));
writeFileSync(lockfile, `${JSON.stringify(lock, null, 2)}\n`);
console.log(
  added.length === 0 ? "the lock file is complete" : `added to the lock file: ${added.sort().join(", ")}`,
);
