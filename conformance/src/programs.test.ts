/**
 * Programs as they are, unchanged, against a unit. Neither Debian nor npm has a client of this API; what scripts,
 * certificate hooks and monitoring plugins are made of is there: curl, wget and Python's requests. They do what those
 * clients do with them: wait for a challenge or not, upload a file as it is, follow the answer's codes.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { issue } from "@tandem/loadmaster/certificates/issue.fixture";
import { type OwnUnit, startOwnUnit } from "./own-unit.ts";

const lacking = [
  "/usr/sbin/haproxy",
  "/usr/bin/curl",
  "/usr/bin/wget",
  "/usr/lib/python3/dist-packages/requests",
].filter((path) => !existsSync(path));
const skip = lacking.length === 0 ? false : `not installed: ${lacking.join(", ")}`;

type Ended = { readonly status: number | null; readonly output: string; readonly errors: string };

/** Runs a program to its end, at most 20 seconds. What is secret is written to its input, not to its arguments. */
function run(program: string, words: readonly string[], input = ""): Promise<Ended> {
  const child: ChildProcess = spawn(program, words, {
    timeout: 20_000,
    env: { PATH: "/usr/bin:/bin", LANG: "C" },
  });
  const text = { output: "", errors: "" };
  child.stdout?.on("data", (part) => {
    text.output += part;
  });
  child.stderr?.on("data", (part) => {
    text.errors += part;
  });
  // A program that has ended before it read its input says so by its status.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, ...text }));
  });
}

describe("programs that clients are made of, as they are", { skip }, () => {
  let unit: OwnUnit;
  let directory: string;
  let at: string;

  before(async () => {
    unit = await startOwnUnit();
    at = `https://${unit.target.host}:${unit.target.port}`;
    directory = await mkdtemp(join(tmpdir(), "tandem-programs-"));
    await writeFile(join(directory, "site.pem"), (await issue("programs.example")).pem, { mode: 0o600 });
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
    await unit?.remove();
  });

  const service = (): string => `vs=${unit.target.services}&port=${unit.target.firstPort}&prot=tcp`;

  test("[LM2] curl: a shell script's service from the first call to the last, in v1", async () => {
    const { user, password } = unit.target;
    const curl = (...words: string[]): Promise<Ended> =>
      run("/usr/bin/curl", ["-K", "-", "-sS", "-k", ...words], `user = "${user}:${password}"\n`);
    const path = (words: string): string => `${at}/access/${words}`;
    assert.match((await curl(path(`addvs?${service()}&Enable=N`))).output, /code="ok".*<Index>\d+<\/Index>/s);
    const server = await curl(path(`addrs?${service()}&rs=${unit.target.servers}&rsport=8080&weight=500`));
    assert.match(server.output, /<Weight>500<\/Weight>/);
    assert.match((await curl("--anyauth", path("listvs"))).output, /<VS>/);
    assert.match((await curl(path(`modvs?${service()}&nickname=by%20curl`))).output, /<NickName>by curl</);
    const refused = await curl("-w", "%{http_code}", path("showvs?vs=99999"));
    assert.match(refused.output, /Unknown VS.*422$/s);
    assert.equal((await curl("-f", path("showvs?vs=99999"))).status, 22);
    assert.match((await curl(path(`delvs?${service()}`))).output, /<Success>Command completed ok</);
  });

  test("[LM2] curl: a certificate hook uploads the file as it is, in v1 and in v2", async () => {
    const { user, password } = unit.target;
    const file = join(directory, "site.pem");
    const one = await run(
      "/usr/bin/curl",
      ["-K", "-", "-sS", "-k", "--data-binary", `@${file}`, `${at}/access/addcert?cert=hook1&replace=0`],
      `user = "${user}:${password}"\n`,
    );
    assert.match(one.output, /code="ok"/);
    const data = await run("/usr/bin/base64", ["-w0", file]);
    const call = {
      cmd: "addcert",
      apiuser: user,
      apipass: password,
      cert: "hook2",
      replace: 0,
      data: data.output,
    };
    const two = await run("/usr/bin/curl", ["-sS", "-k", "-d", "@-", `${at}/accessv2`], JSON.stringify(call));
    assert.equal(JSON.parse(two.output).status, "ok", two.output);
    const listed = await run(
      "/usr/bin/curl",
      ["-sS", "-k", "-d", "@-", `${at}/accessv2`],
      JSON.stringify({ cmd: "listcert", apiuser: user, apipass: password }),
    );
    const names = JSON.parse(listed.output).cert.map(({ name }: { name: string }) => name);
    assert.deepEqual(names, ["hook1", "hook2"]);
  });

  test("[LM2] wget: a monitoring script that waits for the challenge", async () => {
    const { user, password } = unit.target;
    const settings = join(directory, "wgetrc");
    await writeFile(settings, `user=${user}\npassword=${password}\ncheck_certificate=off\n`, { mode: 0o600 });
    const wget = (command: string): Promise<Ended> =>
      run("/usr/bin/wget", [`--config=${settings}`, "-S", "-O", "-", `${at}/access/${command}`]);
    const read = await wget("get?param=version");
    assert.equal(read.status, 0, read.errors);
    assert.match(read.errors, /401 Unauthorized[\s\S]*WWW-Authenticate: Basic[\s\S]*200 OK/i);
    assert.match(read.output, /<version>/);
    assert.equal((await wget("nosuchcommand")).status, 8);
  });

  test("[LM2] Python's requests: the SDK's way in v1, a session in v2", async () => {
    const { user, password, services, firstPort } = unit.target;
    const { status, output, errors } = await run(
      "/usr/bin/python3",
      ["-c", pythonClient],
      JSON.stringify({ at, user, password, services, port: firstPort + 1 }),
    );
    assert.equal(status, 0, errors);
    assert.deepEqual(JSON.parse(output), {
      made: "ok",
      listed: [200, "text/xml"],
      typed: ["str", "int", "bool"],
      gone: "Unknown VS",
      deleted: "Command completed ok",
    });
  });
});

const pythonClient = `
import json, sys, warnings
import xml.etree.ElementTree as tree
import requests
warnings.filterwarnings("ignore")
given = json.load(sys.stdin)
at, sign = given["at"], (given["user"], given["password"])
session = requests.Session()
session.verify = False
vs = {"vs": given["services"], "port": given["port"], "prot": "tcp", "enable": "n"}
made = session.get(at + "/access/addvs", params=vs, auth=sign)
listed = session.get(at + "/access/listvs", auth=sign)
index = [vs.findtext("Index") for vs in tree.fromstring(listed.content).iter("VS")][-1]
ask = lambda cmd, **fields: session.post(at + "/accessv2", json=dict(fields, cmd=cmd, apiuser=sign[0], apipass=sign[1])).json()
shown = ask("showvs", vs=int(index))
deleted = ask("delvs", vs=index)
print(json.dumps({
  "made": tree.fromstring(made.content).get("code"),
  "listed": [listed.status_code, listed.headers["content-type"].split(";")[0]],
  "typed": [type(shown[name]).__name__ for name in ("VSPort", "Index", "Enable")],
  "gone": ask("showvs", vs=index)["message"],
  "deleted": deleted["message"],
}))
`;
