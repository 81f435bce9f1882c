/** The oldest Node that the project runs on: the first whose `node:sqlite` is a release candidate. */
export const nodeVersionMin: readonly [number, number] = [24, 15];

/** What is wrong with this version of Node (`24.21.0`), in words for the operator; undefined when it will do. */
export function nodeVersionFault(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin, minorMin] = nodeVersionMin;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined;
  return `Node ${version} is too old: at least ${majorMin}.${minorMin} is needed. Start through bin/tandem, which uses the project's own; bin/setup.sh installs it.`;
}
