/** `tandem ctl`: everything that a Central's API does, from the command line (SPEC CE5). */
import { readFileSync } from "node:fs";
import type { Fingerprint } from "@tandem/base/ids";
import { ApiError } from "@tandem/central-api/call";
import { CentralClient } from "@tandem/central-api/client";
import { FingerprintMismatch, readFingerprint } from "@tandem/central-api/pinned-https";
import { type CommandLine, parseCommandLine, parseServer, type Server, UsageError } from "./command-line.ts";
import { findCommand } from "./commands.ts";
import { type KeptFiles, keptFiles } from "./kept-files.ts";
import { ctlUsage } from "./usage.ts";
import { processWorld, type World } from "./world.ts";

const exitDone = 0;
const exitRefused = 1;
const exitUsage = 2;

/** Obeys the words after `tandem ctl`; answers the exit status. */
export async function runCtl(argv: readonly string[], world: World = processWorld()): Promise<number> {
  let isJson = argv.includes("--json");
  try {
    const line = parseCommandLine(argv);
    isJson = line.common.json;
    if (line.common.help || line.words.length === 0) {
      const isAsked = line.common.help;
      (isAsked ? world.out : world.err)(ctlUsage);
      return isAsked ? exitDone : exitUsage;
    }
    return await obey(line, world);
  } catch (error) {
    return complain(error, isJson, world);
  }
}

async function obey(line: CommandLine, world: World): Promise<number> {
  const kept = keptFiles(world.env);
  const text = line.common.server ?? world.env.TANDEM_SERVER;
  if (text === undefined)
    throw new UsageError("name the Central with --server ADDRESS:PORT, or in TANDEM_SERVER");
  const server = parseServer(text);
  // Forgetting is for a server that may not be there any more.
  if (line.words.join(" ") === "forget") {
    kept.knownServers.set(server.name, undefined);
    world.out(`the certificate of ${server.name} is forgotten\n`);
    return exitDone;
  }
  const { command, words } = findCommand(line);
  const isLogin = line.words[0] === "login";
  const apiKey = isLogin ? undefined : apiKeyFor(line, world, server, kept);
  const fingerprint = await pinnedFingerprint(line, world, server, kept);
  const client = new CentralClient({
    ...server,
    fingerprint,
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  try {
    const printed = await command.run({ client, server, line, words, world, kept });
    world.out(line.common.json ? `${JSON.stringify(printed.value, null, 2)}\n` : printed.text);
    return exitDone;
  } finally {
    client.close();
  }
}

function apiKeyFor(line: CommandLine, world: World, server: Server, kept: KeptFiles): string | undefined {
  if (line.common.keyFile !== undefined) return readFileSync(line.common.keyFile, "utf8").trim();
  return world.env.TANDEM_API_KEY ?? kept.keys.get(server.name)?.key;
}

/** The key that the server must have: as given, as seen at first use, or as it is now, kept from now on. */
async function pinnedFingerprint(
  line: CommandLine,
  world: World,
  server: Server,
  kept: KeptFiles,
): Promise<Fingerprint> {
  const wanted = line.common.fingerprint?.toLowerCase().replaceAll(":", "");
  if (wanted !== undefined) {
    if (!/^[0-9a-f]{64}$/.test(wanted)) throw new UsageError("--fingerprint takes 64 hexadecimal digits");
    const seen = await readFingerprint(server);
    if (seen !== wanted) throw new FingerprintMismatch(wanted, seen);
    kept.knownServers.set(server.name, wanted);
    return wanted;
  }
  const known = kept.knownServers.get(server.name);
  if (known !== undefined) return known;
  const seen = await readFingerprint(server);
  kept.knownServers.set(server.name, seen);
  world.err(`first contact with ${server.name}: its certificate is pinned, fingerprint ${seen}\n`);
  return seen;
}

function complain(error: unknown, isJson: boolean, world: World): number {
  if (error instanceof UsageError) {
    world.err(`tandem ctl: ${error.message}\n`);
    return exitUsage;
  }
  if (error instanceof ApiError) {
    if (isJson) world.out(`${JSON.stringify({ errors: error.errors }, null, 2)}\n`);
    for (const { field, message, remedy } of error.errors)
      world.err(`tandem ctl: ${field ? `${field}: ` : ""}${message}\n  ${remedy}\n`);
    if (error.errors.some(({ code }) => code === "not-signed-in" || code === "api-key-wrong"))
      world.err("  from the command line: tandem ctl --server … login\n");
    return exitRefused;
  }
  if (error instanceof FingerprintMismatch)
    world.err(
      `tandem ctl: ${error.message}\n  if you know that the server was replaced: tandem ctl --server … forget; if not, somebody may stand in between\n`,
    );
  else world.err(`tandem ctl: ${error instanceof Error ? error.message : String(error)}\n`);
  return exitRefused;
}
