import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "@tandem/lab/commands";
import { heal, killMachine, killProcess, partition, start } from "@tandem/lab/faults";
import { down, LabIsUp, leftovers, status, up } from "@tandem/lab/lab";
import { existingNamespaces, processesIn } from "@tandem/lab/namespaces";
import { addressOf, type LabNode, labNodes, namespaceOf } from "@tandem/lab/topology";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import { needsRoot } from "@tandem/linux/network-namespace";

const lab = "t1";
const executable = fileURLToPath(new URL("../../bin/tandem", import.meta.url));
const options = { skip: needsRoot(), timeout: 120_000 };

/** Runs `tandem lab …` to its end. */
async function tandemLab(...argv: string[]): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(executable, ["lab", ...argv, "--name", lab], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}

/** The name of the web server that answers at an address, asked from a machine of the lab; undefined when none does. */
async function serverSeenFrom(node: LabNode, address: string): Promise<string | undefined> {
  const script = `
    const answer = await fetch("http://${address}/", { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    process.stdout.write(answer?.headers.get("x-served-by") ?? "");`;
  const args = [process.execPath, "--input-type=module", "-e", script];
  return (await run(["ip", "netns", "exec", namespaceOf(lab, node), ...args])) || undefined;
}

before(() => (options.skip ? undefined : down(lab)));
after(() => (options.skip ? undefined : down(lab)));

test("lab up builds everything, status shows it, down leaves nothing behind", options, async () => {
  const upped = await tandemLab("up");
  assert.equal(upped.code, 0, upped.output);
  const shown = await tandemLab("status");
  assert.equal(shown.code, 0, shown.output);
  for (const node of labNodes.filter((name) => name !== "client"))
    assert.match(shown.output, new RegExp(`${node} +running`));
  assert.match(shown.output, /network +whole/);
  const again = await tandemLab("up");
  assert.equal(again.code, 2);
  assert.match(again.output, /lab t1 is up; remove it with: bin\/tandem lab down --name t1/);
  assert.ok((await leftovers(lab)).length > 0);
  const downed = await tandemLab("down");
  assert.equal(downed.code, 0, downed.output);
  assert.deepEqual(await leftovers(lab), []);
  assert.equal((await tandemLab("status")).code, 2);
});

test(
  "a lab whose command was killed in the middle does not keep the next one from coming up",
  options,
  async () => {
    const child = spawn(executable, ["lab", "up", "--name", lab], { stdio: "ignore" });
    await waitUntil({ what: "half a lab", deadlineMs: 20_000, everyMs: 5 }, async () => {
      const count = (await existingNamespaces(lab)).length;
      return count >= 4 ? seen(count) : notYet(`${count} namespaces`);
    });
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    assert.ok((await leftovers(lab)).length > 0);
    const upped = await tandemLab("up");
    assert.equal(upped.code, 0, upped.output);
    await down(lab);
    assert.deepEqual(await leftovers(lab), []);
  },
);

test("a running lab is not replaced, and faults do what they say", options, async (t) => {
  await up(lab);
  await assert.rejects(up(lab), LabIsUp);

  await t.test("a partition cuts those named and nobody else", async () => {
    await partition(lab, ["web1", "web2"]);
    assert.equal(await serverSeenFrom("web1", addressOf.web2), undefined);
    assert.equal(await serverSeenFrom("web2", addressOf.web1), undefined);
    assert.equal(await serverSeenFrom("web3", addressOf.web1), "web1");
    assert.equal(await serverSeenFrom("client", addressOf.web2), "web2");
    assert.deepEqual(await heal(lab), ["web1", "web2"]);
    assert.equal(await serverSeenFrom("web1", addressOf.web2), "web2");
  });

  await t.test("a machine that died boots with its own address alone", async () => {
    const namespace = namespaceOf(lab, "web3");
    await run(["ip", "-n", namespace, "address", "add", "10.213.0.99/24", "dev", "eth0"]);
    await killMachine(lab, "web3");
    assert.deepEqual(await processesIn(namespace), []);
    assert.equal(await serverSeenFrom("client", addressOf.web3), undefined);
    assert.equal((await status(lab))?.nodes.find(({ node }) => node === "web3")?.condition, "down");
    await start(lab, "web3");
    const addresses = await run(["ip", "-n", namespace, "-4", "-brief", "address", "show", "dev", "eth0"]);
    assert.match(addresses, /10\.213\.0\.33\/24/);
    assert.doesNotMatch(addresses, /10\.213\.0\.99/);
    assert.equal(await serverSeenFrom("client", addressOf.web3), "web3");
  });

  await t.test("killing the process leaves the machine", async () => {
    await killProcess(lab, "web1");
    assert.equal((await status(lab))?.nodes.find(({ node }) => node === "web1")?.condition, "process ended");
    await start(lab, "web1");
    assert.equal(await serverSeenFrom("client", addressOf.web1), "web1");
  });

  await t.test("a command about a machine that is not there says which there are", async () => {
    const answer = await tandemLab("kill", "web9");
    assert.equal(answer.code, 2);
    assert.match(answer.output, /no machine "web9".*name one of central1/);
  });
});
