/** `npm run bench -- dataplane …`: see `usage`. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Figure } from "../quantiles.ts";
import { type ChangesUnderLoad, changeUnderLoad, reloadsOfFour } from "./changes.ts";
import { originFile, type Place, plainFile, type Running, startHaproxy } from "./haproxy.ts";
import { loadInPairs, type PairOfRuns } from "./load.ts";
import { figuresOf, type Measured, pageOf } from "./page.ts";
import { type Memory, manyServices, measureThousand, type Thousand, watchMemory } from "./thousand.ts";
import { BenchUnit } from "./unit.ts";

const usage = `npm run bench -- dataplane [--pairs N] [--seconds S] [--rounds N] [--minutes M] [--only PART] [--page]
  --pairs N    pairs of runs of each kind, a unit's service and plain HAProxy (20)
  --seconds S  how long each of them takes (5)
  --rounds N   how often each command is measured with 1,000 services (20)
  --minutes M  how long after its start the memory of the unit with 1,000 services is looked at (10)
  --only PART  throughput, changes or thousand
  --page       writes docs/dataplane.md
needs haproxy, openssl and wrk, and nothing else going on: throughput is half of what two cores can do
`;

const network = "127.96.0";
const place = (host: number, port: number): Place => ({ address: `${network}.${host}`, port });
const servers = [place(30, 8_080), place(31, 8_080)] as const;
const unitPlace = place(10, 7_443);
const ours = { http: place(20, 8_080), https: place(20, 8_443), free: place(20, 8_081) };
const plain = { http: place(21, 8_080), https: place(21, 8_443) };
const thousandAddress = `${network}.40`;
const firstPort = 20_001;
const freeOfThousand = place(40, firstPort - 1);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const parts = ["throughput", "changes", "thousand"] as const;
type Part = (typeof parts)[number];

type Wanted = {
  readonly pairs: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly minutes: number;
  readonly parts: readonly Part[];
};

const said = (line: string): void => void process.stderr.write(`${line}\n`);

export async function benchDataplane(args: readonly string[]): Promise<readonly Figure[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pairs: { type: "string", default: "20" },
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "20" },
      minutes: { type: "string", default: "10" },
      only: { type: "string" },
      page: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const chosen = parts.filter((part) => values.only === undefined || values.only === part);
  const missing = ["haproxy", "openssl", "wrk"].filter((each) => spawnSync("which", [each]).status !== 0);
  if (values.help || chosen.length === 0 || missing.length > 0) {
    if (missing.length > 0) said(`not installed: ${missing.join(", ")}`);
    process.stderr.write(usage);
    process.exit(values.help ? 0 : 2);
  }
  const directory = mkdtempSync(join(tmpdir(), "tandem-dataplane-"));
  try {
    const measured = await measure(directory, {
      pairs: Number(values.pairs),
      seconds: Number(values.seconds),
      rounds: Number(values.rounds),
      minutes: Number(values.minutes),
      parts: chosen,
    });
    if (values.page) writePage(measured, args);
    return figuresOf(measured);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(directory: string, wanted: Wanted): Promise<Measured> {
  const wants = (part: Part): boolean => wanted.parts.includes(part);
  const origin = await startHaproxy(directory, "origin", originFile(servers));
  try {
    const small = wants("throughput") || wants("changes") ? await measureSmall(directory, wanted) : {};
    const large = wants("thousand") ? await measureLarge(directory, wanted) : {};
    return { seconds: wanted.seconds, ...small, ...large };
  } finally {
    await origin.end();
  }
}

type Small = {
  readonly http?: readonly PairOfRuns[];
  readonly https?: readonly PairOfRuns[];
  readonly changes?: ChangesUnderLoad;
  readonly reloadsOfFour?: number;
};

async function measureSmall(directory: string, wanted: Wanted): Promise<Small> {
  const pem = certificateIn(directory);
  let compared: Running | undefined;
  const unit = await BenchUnit.start(join(directory), unitPlace);
  try {
    await serve(unit, pem);
    const measured: { -readonly [name in keyof Small]: Small[name] } = {};
    if (wanted.parts.includes("throughput")) {
      compared = await startHaproxy(directory, "plain", plainFile({ ...plain, pem }, servers));
      for (const scheme of ["http", "https"] as const) {
        const url = ({ address, port }: Place): string => `${scheme}://${address}:${port}/`;
        measured[scheme] = await loadInPairs(
          { ours: url(ours[scheme]), plain: url(plain[scheme]) },
          wanted,
          (pair) =>
            said(
              `${scheme}: ${Math.round(pair.ours.perSecond)}/s, p99 ${pair.ours.p99Ms.toFixed(2)} ms; plain ${Math.round(pair.plain.perSecond)}/s, p99 ${pair.plain.p99Ms.toFixed(2)} ms`,
            ),
        );
      }
    }
    if (wanted.parts.includes("changes")) {
      measured.changes = await changeUnderLoad(unit, ours.http, servers, ours.free);
      measured.reloadsOfFour = await reloadsOfFour(unit, ours.http);
    }
    return measured;
  } finally {
    await unit.end();
    await compared?.end();
  }
}

/** The unit's two services, made as an operator makes them. */
async function serve({ client }: BenchUnit, pem: string): Promise<void> {
  const done = async (call: Promise<{ readonly ok: boolean }>): Promise<void> => {
    const answer = await call;
    if (!answer.ok) throw new Error(`the unit refuses: ${JSON.stringify(answer)}`);
  };
  await done(client.call("addcert", { cert: "bench", data: readFileSync(pem).toString("base64") }));
  await done(
    client.addVirtualService(ours.http.address, ours.http.port, "tcp", { VStype: "http", CheckType: "tcp" }),
  );
  await done(
    client.addVirtualService(ours.https.address, ours.https.port, "tcp", {
      VStype: "http",
      CheckType: "tcp",
      SSLAcceleration: true,
      CertFile: "bench",
    }),
  );
  for (const service of [ours.http, ours.https])
    for (const { address, port } of servers) await done(client.addRealServer(service, address, port));
}

/** Certificate and key in one file, ECDSA P-256. */
function certificateIn(directory: string): string {
  const [key, certificate, pem] = ["key", "certificate", "pem"].map((each) =>
    join(directory, `bench.${each}`),
  );
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-days", "2", "-subj", "/CN=bench", "-keyout", key ?? "", "-out", certificate ?? ""],
    ],
    { stdio: "ignore" },
  );
  writeFileSync(pem ?? "", `${readFileSync(certificate ?? "")}${readFileSync(key ?? "")}`, { mode: 0o600 });
  return pem ?? "";
}

type Large = { readonly thousand: Thousand; readonly memory: Memory };

async function measureLarge(directory: string, { rounds, minutes }: Wanted): Promise<Large> {
  const own = join(directory, "thousand");
  execFileSync("mkdir", ["-m", "700", own]);
  const startedAt = performance.now();
  const unit = await BenchUnit.start(own, unitPlace, manyServices(thousandAddress, firstPort, servers));
  try {
    const thousand = await measureThousand(unit, freeOfThousand, rounds, said);
    return { thousand, memory: await watchMemory(unit, startedAt, minutes, said) };
  } finally {
    await unit.end();
  }
}

function writePage(measured: Measured, args: readonly string[]): void {
  const version = execFileSync("haproxy", ["-v"], { encoding: "utf8" }).split("\n")[0] ?? "";
  const page = pageOf(measured, {
    command: `npm run bench -- dataplane ${args.join(" ")}`,
    machine: `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${version.split(" - ")[0]}`,
    commit: execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { cwd: root, encoding: "utf8" }).trim(),
    plain: plainFile({ ...plain, pem: "bench.pem" }, servers),
  });
  writeFileSync(`${root}docs/dataplane.md`, page);
}
