import { readFileSync } from "node:fs";

/** The version of this Central; two Centrals compare theirs (SPEC ML1). */
export const centralVersion: string = String(
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
);
