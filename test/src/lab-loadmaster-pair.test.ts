import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { killProcess, start } from "@tandem/lab/faults";
import { processesIn } from "@tandem/lab/namespaces";
import { activeOf, otherLoadMaster, rolesBecome } from "@tandem/lab/roles";
import { pairTheLoadMasters } from "@tandem/lab/story-loadmasters";
import { loadMasterOf } from "@tandem/lab/story-world";
import { type LoadMasterNode, namespaceOf, servicePort, sharedAddress } from "@tandem/lab/topology";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import { needsRoot } from "@tandem/linux/network-namespace";
import { inLab } from "./lab-parts.ts";

const lab = "t11";
/** From one end of carpd to the next: it has to be found gone and to be started, on a busy machine. */
const startedWithinMs = 15_000;

/** Longer than the HA timeout of 3 s. */
const staysMs = 4_000;

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
};
const carpdsOf = async (node: LoadMasterNode): Promise<readonly number[]> =>
  (await processesIn(namespaceOf(lab, node))).filter((pid) => /carpd(\.ts)?\0/.test(commandOf(pid)));

test("what a pair of LoadMasters promises its operator", {
  skip: needsRoot(),
  timeout: 300_000,
}, async (t) => {
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

    const at = (node: LoadMasterNode) => loadMasterOf(world, node);
    const settingOf = async (node: LoadMasterNode, param: string): Promise<unknown> =>
      (await at(node).command("get", { param }))[param];
    const service = { vs: sharedAddress, port: servicePort, prot: "tcp" };
    const nameOnDisk = async (node: LoadMasterNode): Promise<unknown> =>
      (await at(node).command("showvs", service)).NickName;

    await part(
      "[LH6] services are configured at the shared address alone, and a unit's own settings at its own",
      async () => {
        for (const node of [active, standby]) {
          await assert.rejects(
            at(node).command("modvs", { ...service, NickName: "not here" }),
            new RegExp(
              `own address.*configure the pair at its shared address ${sharedAddress.replaceAll(".", "\\.")}`,
            ),
          );
          await at(node).command("set", { param: "hostname", value: `own-${node}` });
        }
        const made = await at(active)
          .atSharedAddress()
          .call("modvs", { ...service, NickName: "made there" });
        assert.ok(made.ok, made.ok ? "" : made.error.message);
      },
    );

    await part("[LH11] the standby has it at once, and keeps what is its own", async () => {
      await waitUntil(
        { what: "the standby has the change", deadlineMs: startedWithinMs, everyMs: 50 },
        async () => {
          const name = await nameOnDisk(standby);
          return name === "made there" ? seen(true as const) : notYet(String(name));
        },
      );
      assert.equal(await settingOf(standby, "revision"), await settingOf(active, "revision"));
      for (const node of [active, standby]) assert.equal(await settingOf(node, "hostname"), `own-${node}`);
      const answer = await at(active).command("forcepartnerupdate");
      assert.ok(String(await settingOf(standby, "revision")).startsWith(`${answer.revision}-`));
    });

    await part(
      "[LH3] a preferred host gets the role, with a warning that stays; without one nobody moves",
      async () => {
        const prefer = async (value: number): Promise<void> => {
          const made = await at(await activeOf(world))
            .atSharedAddress()
            .call("set", { param: "haprefered", value });
          assert.ok(made.ok, made.ok ? "" : made.error.message);
        };
        assert.equal(await settingOf(active, "hanotice"), "");
        await prefer(standby === "lm1" ? 1 : 2);
        await rolesBecome(world, { [active]: "Standby", [standby]: "Active" });
        for (const node of [active, standby])
          assert.match(String(await settingOf(node, "hanotice")), /failback/);
        await prefer(0);
        await at(standby).command("hahandover");
        await rolesBecome(world, { [active]: "Active", [standby]: "Standby" });
        await pause(staysMs);
        assert.equal(await at(active).haStatus(), "Active");
        assert.equal(await settingOf(active, "hanotice"), "");
      },
    );

    await part(
      "[LH9] a unit whose carpd ends again and again is pacified, and its partner is active and says so",
      async () => {
        // One that was killed is still seen for a moment on a busy machine.
        const killed = new Set<number>();
        await waitUntil(
          { what: `${active} is pacified`, deadlineMs: 4 * startedWithinMs, everyMs: 20 },
          async () => {
            for (const pid of await carpdsOf(active)) {
              if (killed.has(pid)) continue;
              process.kill(pid, "SIGKILL");
              killed.add(pid);
            }
            const report = await hareport(active);
            return /^this unit is pacified/.test(report) ? seen(true as const) : notYet(report);
          },
        );
        assert.equal(killed.size, 4, "the first one and three that were started after it");
        await rolesBecome(world, { [standby]: "Active" });
        assert.equal(await loadMasterOf(world, active).haStatus(), "Passive");
        await reports(standby, /the partner is pacified since .*haresume/);
      },
    );

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
