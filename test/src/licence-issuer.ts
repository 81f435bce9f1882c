/** An issuer of licences of one's own: the command line as its user has it, in a folder that is removed. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const executable = fileURLToPath(new URL("../../bin/tandem", import.meta.url));
const withinMs = 30_000;

export type LicenceIssuer = {
  /** Its public key, which a Central has to be told to trust. */
  readonly key: string;
  /** `words` as `tandem license issue` takes them, but for the key; a year from now. */
  issue(...words: readonly string[]): Promise<string>;
  /** The former licence again, with other words. */
  renew(former: string, ...words: readonly string[]): Promise<string>;
};

const license = async (...words: readonly string[]): Promise<string> =>
  (await promisify(execFile)(executable, ["license", ...words], { timeout: withinMs })).stdout.trim();

export async function licenceIssuer(t: TestContext): Promise<LicenceIssuer> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-issuer-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const keyFile = join(folder, "issuer.pem");
  const key = (await license("keygen", keyFile)).split("\n").at(-1)?.trim().split(" ").at(-1) ?? "";
  const expires = new Date(Date.now() + 365 * 86_400_000).toISOString().slice(0, 10);
  const issue = (...words: readonly string[]) =>
    license("issue", "--key", keyFile, "--expires", expires, ...words);
  return {
    key,
    issue,
    renew: async (former, ...words) => {
      const file = join(folder, "former.jws");
      await writeFile(file, former);
      return issue("--renew", file, ...words);
    },
  };
}
