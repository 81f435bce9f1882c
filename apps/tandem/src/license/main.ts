/** `tandem license`: issues licences of Centrals, and brings them to one (SPEC ML1, ML7). */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { err, type FieldError, type Result } from "@tandem/base/result";
import { CentralLicence } from "@tandem/licensing/central-licence";
import { licenceDocument } from "@tandem/licensing/wire";
import { keyIdOf, newSigningKeyPem, type SigningKey, signingKeyFrom } from "@tandem/signed-documents/keys";
import { type ReadDocument, readDocument, signDocument } from "@tandem/signed-documents/signed-document";
import { UsageError } from "../ctl/command-line.ts";
import { runCtl } from "../ctl/main.ts";
import { processWorld, type World } from "../ctl/world.ts";
import { printLicence } from "./print.ts";
import { licenceOf } from "./terms.ts";
import { licenseUsage } from "./usage.ts";

const exitDone = 0;
const exitRefused = 1;
const exitUsage = 2;

/** Obeyed by `tandem ctl license …`. */
const atCentral: ReadonlySet<string> = new Set([
  "trust",
  "issuers",
  "distrust",
  "import",
  "status",
  "months",
  "report",
  "send-report",
  "destinations",
  "set-destination",
  "remove-destination",
]);

/** Obeys the words after `tandem license`; answers the exit status. */
export async function runLicense(
  argv: readonly string[],
  world: World = processWorld(),
  now: () => number = Date.now,
): Promise<number> {
  const [command, ...rest] = argv;
  if (command === "--help" || command === "-h") {
    world.out(licenseUsage);
    return exitDone;
  }
  if (command !== undefined && atCentral.has(command) && !rest.includes("--help"))
    return runCtl(["license", ...argv], world);
  try {
    if (rest.includes("--help")) world.out(licenseUsage);
    else if (command === "keygen") keygen(rest, world);
    else if (command === "show") await show(rest, world, now());
    else if (command === "issue") return await issue(rest, world, now());
    else
      throw new UsageError(
        `say one of keygen, issue, show, ${[...atCentral].join(", ")}; see tandem license --help`,
      );
    return exitDone;
  } catch (error) {
    world.err(`tandem license: ${(error as Error).message}\n`);
    return error instanceof UsageError ? exitUsage : exitRefused;
  }
}

function parsed<Options extends NonNullable<Parameters<typeof parseArgs>[0]>["options"]>(
  argv: readonly string[],
  options: Options,
  words: number,
  usage: string,
) {
  let line: { readonly values: Record<string, unknown>; readonly positionals: readonly string[] };
  try {
    line = parseArgs({ args: [...argv], options: options ?? {}, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (line.positionals.length !== words) throw new UsageError(`write tandem license ${usage}`);
  const text = (name: string): string | undefined =>
    typeof line.values[name] === "string" ? line.values[name] : undefined;
  const texts = (name: string): readonly string[] => (line.values[name] ?? []) as readonly string[];
  return { word: line.positionals[0] ?? "", text, texts, flag: (name: string) => line.values[name] === true };
}

function keygen(argv: readonly string[], world: World): void {
  const { word: path } = parsed(argv, {}, 1, "keygen FILE");
  let pem = newSigningKeyPem();
  // A key that begins so would be taken for an option by those who are to trust it.
  while (signingKeyFrom(pem).publicKey.startsWith("-")) pem = newSigningKeyPem();
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Error(
      `${path} is there already, and a key that is overwritten is lost with every licence that it would renew; name another file`,
    );
  }
  try {
    writeFileSync(file, pem);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const { publicKey } = signingKeyFrom(pem);
  world.out(`${publicKey}\n`);
  world.err(
    `the key ${keyIdOf(publicKey)} is in ${path}: keep it safe, whoever has it issues licences\n  on each Central: tandem license trust ${publicKey} --name NAME --server ADDRESS:PORT\n`,
  );
}

async function issue(argv: readonly string[], world: World, now: number): Promise<number> {
  const line = parsed(
    argv,
    {
      key: { type: "string" },
      holder: { type: "string" },
      unit: { type: "string", multiple: true },
      local: { type: "string" },
      metered: { type: "string" },
      pool: { type: "string" },
      expires: { type: "string" },
      renew: { type: "string" },
    },
    0,
    "issue --key FILE --expires DATE [OPTIONS]",
  );
  const keyFile = line.text("key");
  const expires = line.text("expires");
  if (keyFile === undefined) throw new UsageError("name the issuer's key: --key FILE");
  if (expires === undefined) throw new UsageError("say how long it holds: --expires DATE");
  const key = keyIn(keyFile);
  const renewed = line.text("renew");
  const former = renewed === undefined ? null : await formerLicence(renewed, key);
  const made = { now, id: randomBytes(8).toString("hex"), account: randomBytes(8).toString("hex") };
  const given = {
    holder: line.text("holder"),
    units: line.texts("unit"),
    local: line.text("local"),
    metered: line.text("metered"),
    pool: line.text("pool"),
    expires,
  };
  const licence: Result<CentralLicence, FieldError> =
    former !== null && !former.ok ? former : licenceOf(given, former?.value ?? null, made);
  if (!licence.ok) {
    const { field, message, remedy } = licence.error;
    world.err(`tandem license: ${field}: ${message}\n  ${remedy}\n`);
    return exitRefused;
  }
  world.out(`${await signDocument(licenceDocument.centralLicence, licence.value, key)}\n`);
  world.err(printLicence(licence.value, key.publicKey, now));
  return exitDone;
}

function keyIn(path: string): SigningKey {
  const pem = readFileSync(path, "utf8");
  try {
    return signingKeyFrom(pem);
  } catch {
    throw new Error(`${path} holds no Ed25519 private key; tandem license keygen makes one`);
  }
}

const licenceIn = (path: string) =>
  readDocument(readFileSync(path, "utf8").trim(), {
    type: licenceDocument.centralLicence,
    schema: CentralLicence,
    keys: "any",
  });

async function formerLicence(path: string, key: SigningKey): Promise<Result<CentralLicence, FieldError>> {
  const read = await licenceIn(path);
  const wrong = (message: string, remedy: string): Result<never, FieldError> =>
    err({ code: "renew", field: "renew", value: path, message, remedy });
  if (!read.ok) return wrong(`${path}: ${read.error.message}`, "name the licence file that is to be renewed");
  const { claims, key: signer } = read.value;
  if (signer !== key.publicKey)
    return wrong(
      `${path} is signed by the key ${keyIdOf(signer)}, and --key names ${keyIdOf(key.publicKey)}`,
      claims.isTrial
        ? "a trial is not renewed: issue a licence without --renew"
        : "renew it with the key that issued it",
    );
  return { ok: true, value: claims };
}

async function show(argv: readonly string[], world: World, now: number): Promise<void> {
  const { word: path, flag } = parsed(argv, { json: { type: "boolean" } }, 1, "show FILE [--json]");
  const read = await licenceIn(path);
  if (!read.ok) throw new Error(`${path} is no licence: ${read.error.message}`);
  const { claims, key }: ReadDocument<CentralLicence> = read.value;
  const value = { ...claims, signedBy: { id: keyIdOf(key), key } };
  world.out(flag("json") ? `${JSON.stringify(value, null, 2)}\n` : printLicence(claims, key, now));
}
