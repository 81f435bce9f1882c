import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { killProcess, start } from "@tandem/lab/faults";
import { processesIn } from "@tandem/lab/namespaces";
import { activeOf, otherLoadMaster, rolesBecome } from "@tandem/lab/roles";
import { pairTheLoadMasters } from "@tandem/lab/story-loadmasters";
import { loadMasterOf } from "@tandem/lab/story-world";
import { type LoadMasterNode, namespaceOf } from "@tandem/lab/topology";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import { needsRoot } from "@tandem/linux/network-namespace";
import { inLab } from "./lab-parts.ts";

const lab = "t9";
/** From one end of carpd to the next: it has to be found gone and to be started, on a busy machine. */
const startedWithinMs = 15_000;

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
};
const carpdsOf = async (node: LoadMasterNode): Promise<readonly number[]> =>
  (await processesIn(namespaceOf(lab, node))).filter((pid) => /carpd(\.ts)?\0/.test(commandOf(pid)));

test("a LoadMaster whose carpd ends again and again", { skip: needsRoot(), timeout: 300_000 }, async (t) => {
  await inLab(t, lab, {}, async (world, part) => {
    await pairTheLoadMasters(world);
    const active = await activeOf(world);
    const standby = otherLoadMaster(active);
    const hareport = async (node: LoadMasterNode): Promise<string> =>
      String((await loadMasterOf(world, node).command("get", { param: "hareport" })).hareport);
    const reports = (node: LoadMasterNode, words: RegExp): Promise<true> =>
      waitUntil({ what: `${node} reports ${words}`, deadlineMs: startedWithinMs }, async () => {
        const report = await hareport(node);
        return words.test(report) ? seen(true as const) : notYet(report);
      });

    await part("[LH9] its unit is pacified, and its partner is active and says so", async () => {
      let kills = 0;
      await waitUntil(
        { what: `${active} is pacified`, deadlineMs: 4 * startedWithinMs, everyMs: 20 },
        async () => {
          for (const pid of await carpdsOf(active)) {
            process.kill(pid, "SIGKILL");
            kills += 1;
          }
          const report = await hareport(active);
          return /^this unit is pacified/.test(report) ? seen(true as const) : notYet(report);
        },
      );
      assert.equal(kills, 4, "the first one and three that were started after it");
      await rolesBecome(world, { [standby]: "Active" });
      assert.equal(await loadMasterOf(world, active).haStatus(), "Passive");
      await reports(standby, /the partner is pacified since .*haresume/);
    });

    await part("[LH9] it stays so when the unit is killed and started again", async () => {
      await killProcess(lab, active);
      await start(lab, active);
      await reports(active, /^this unit is pacified/);
      await reports(standby, /the partner is pacified/);
      assert.deepEqual(await carpdsOf(active), []);
    });

    await part("[LH9] haresume makes it a standby that is ready", async () => {
      await loadMasterOf(world, active).command("haresume");
      await rolesBecome(world, { [active]: "Standby", [standby]: "Active" });
      await reports(standby, /^$/);
      await reports(active, /^$/);
    });
  });
});
