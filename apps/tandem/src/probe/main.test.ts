import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cut } from "@tandem/probe/cut.fixture";
import { probeUsage } from "./usage.ts";

const executable = fileURLToPath(new URL("../../../../bin/tandem", import.meta.url));

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs `tandem probe …`; `interrupt` resolves when it is to be told to end. */
async function probe(argv: readonly string[], interrupt?: Promise<unknown>): Promise<Ended> {
  const child = spawn(executable, ["probe", ...argv], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  void interrupt?.then(() => child.kill("SIGINT"));
  const [status] = await once(child, "close");
  return { status: status as number, stdout, stderr };
}

/** A web server that cuts connections for `awayMs` once it has answered 20 requests; `over` resolves some answers later. */
async function serverAwayFor(t: TestContext, awayMs: number) {
  let answered = 0;
  let backAt: number | undefined;
  const over = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    if (answered === 20 && awayMs > 0) backAt ??= performance.now() + awayMs;
    if (backAt !== undefined && performance.now() < backAt) {
      cut(request.socket);
      return;
    }
    answered += 1;
    if (answered === 60) over.resolve();
    response.setHeader("x-served-by", "web1").end("ok\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, over: over.promise };
}

test("tandem probe --help is the golden text, and a wrong command line is named", async () => {
  assert.equal(probeUsage, readFileSync(new URL("usage.golden", import.meta.url), "utf8"));
  const help = await probe(["--help"]);
  assert.deepEqual([help.status, help.stdout], [0, probeUsage]);
  for (const [argv, said] of [
    [[], /Usage: tandem probe/],
    [["10.0.0.20"], /names no port.*give http/],
    [["http://127.0.0.1:1/", "--interval", "soon"], /--interval soon is not a number/],
    [["http://127.0.0.1:1/", "--interval", "0"], /intervalMs 0 is not between/],
    [["http://127.0.0.1:1/", "--for", "100000"], /--for 100000/],
    [["http://127.0.0.1:1/", "--nonsense"], /nonsense/],
  ] as const) {
    const { status, stderr } = await probe(argv);
    assert.equal(status, 2, argv.join(" "));
    assert.match(stderr, said);
  }
});

test("[LH13] an outage within the budget ends with 0, one over it with 1; both are reported with their resets", async (t) => {
  const away = await serverAwayFor(t, 300);
  const over = await probe([away.url, "--for", "60", "--budget", "100"], away.over);
  assert.equal(over.status, 1, over.stdout);
  assert.match(over.stdout, /^longest .* over the budget of 100 ms$/m);
  assert.match(over.stdout, /^outages +\d+\n {2}\d\d:\d\d:\d\d\.\d{3} /m);
  assert.match(over.stdout, /^own error .* late at p99/m);
  assert.match(over.stdout, /^servers +web1 \d+$/m);

  const again = await serverAwayFor(t, 300);
  const within = await probe([again.url, "--for", "60", "--budget", "20000", "--json", "--hold"], again.over);
  assert.equal(within.status, 0, within.stdout);
  const figures = JSON.parse(within.stdout) as Record<string, number> & {
    withinBudget: boolean;
    held: { cuts: number };
    outages: { lastedMs: number }[];
  };
  assert.equal(figures.withinBudget, true);
  assert.ok((figures.resets ?? 0) > 0 && figures.lost === figures.failed, within.stdout);
  assert.ok((figures.outageMs ?? 0) >= 250, within.stdout);
  assert.ok(figures.held.cuts >= 1);
});

test("[LH13] it ends by itself after its time, and with 1 when nothing answers", async () => {
  const { status, stdout } = await probe(["127.0.0.1:1", "--for", "0.3"]);
  assert.equal(status, 1);
  assert.match(stdout, /nothing was answered at all/);
  assert.match(stdout, /lost +\d+: 0 too late, \d+ refused, 0 reset/);
});
