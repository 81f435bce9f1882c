import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { renderConntrackd } from "./conntrackd-configuration.ts";
import { ConntrackdProcess } from "./conntrackd-process.ts";
import { enterOwnNetworkNamespace, needsRoot } from "./network-namespace.ts";

const settings = {
  device: "lo",
  ownAddress: "127.0.0.1",
  partner: "127.0.0.2",
  localAddresses: ["10.77.0.100", "10.78.0.100", "2001:db8::20"],
};
const skip = needsRoot() || (existsSync("/usr/sbin/conntrackd") ? false : "conntrackd is not installed");

test("[LH12] the file for conntrackd is the golden one", () => {
  const path = join(import.meta.dirname, "../goldens/conntrackd.golden");
  const text = renderConntrackd(
    {
      device: "eth0",
      ownAddress: "10.77.0.1",
      partner: "10.77.0.2",
      localAddresses: ["10.77.0.100", "10.78.0.1", "10.77.0.1", "2001:db8::20"],
    },
    { socket: "/var/lib/x/sock", lock: "/var/lib/x/lock", log: "/var/lib/x/log" },
  );
  if (process.env.UPDATE_GOLDENS === "1") writeFileSync(path, text);
  assert.equal(text, readFileSync(path, "utf8"), "run again with UPDATE_GOLDENS=1 when the change is meant");
});

test("[LH12] a conntrackd that is not there is said once, and not tried again each second", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-conntrackd-"));
  const events: string[] = [];
  const missing = new ConntrackdProcess({
    directory,
    binary: "/usr/sbin/no-such-conntrackd",
    observe: ({ event }) => events.push(event),
  });
  try {
    for (const attempt of [() => missing.configure(settings), () => missing.supervise()]) {
      const begun = await attempt();
      assert.ok(!begun.ok);
      assert.match(begun.error.message, /no-such-conntrackd/);
      assert.match(begun.error.remedy, /install the package conntrackd/);
    }
    assert.deepEqual(events, ["conntrackd-gone"]);
  } finally {
    await missing.configure(undefined);
    rmSync(directory, { recursive: true, force: true });
  }
});

test("[LH12] conntrackd is started, adopted, started anew by other settings or when killed, and ended", {
  skip,
}, async () => {
  enterOwnNetworkNamespace();
  const { execFileSync } = await import("node:child_process");
  execFileSync("ip", ["link", "set", "lo", "up"]);
  const directory = mkdtempSync(join(tmpdir(), "tandem-conntrackd-"));
  const events: string[] = [];
  const make = (): ConntrackdProcess =>
    new ConntrackdProcess({ directory, observe: ({ event }) => events.push(event) });
  const pid = (): number => JSON.parse(readFileSync(join(directory, "process.json"), "utf8")).pid;
  const first = make();
  try {
    const begun = await first.configure(settings);
    assert.ok(begun.ok, begun.ok ? "" : begun.error.message);
    const one = pid();
    const second = make();
    assert.ok((await second.configure(settings)).ok);
    assert.equal(pid(), one);
    assert.deepEqual(events, ["conntrackd-started", "conntrackd-adopted"]);
    await second.become("active");
    assert.ok((await second.configure({ ...settings, localAddresses: [] })).ok);
    const two = pid();
    assert.notEqual(two, one);
    process.kill(two, "SIGKILL");
    const deadline = performance.now() + 5_000;
    while (pid() === two && performance.now() < deadline) assert.ok((await second.supervise()).ok);
    assert.notEqual(pid(), two);
    await second.configure(undefined);
    assert.ok(!existsSync(join(directory, "process.json")));
    await first.configure(undefined);
  } finally {
    await first.configure(undefined);
    rmSync(directory, { recursive: true, force: true });
  }
});
