import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fence } from "@tandem/fencing/fence";
import { runIdOf } from "@tandem/fencing/run-id";
import { freeze, heal, killMachine, killProcess, partition, start, thaw } from "@tandem/lab/faults";
import { down, up } from "@tandem/lab/lab";
import { silentNarrator } from "@tandem/lab/narrator";
import { granted } from "@tandem/lab/operator";
import { isAlive, signalProcess } from "@tandem/lab/process-identity";
import { mainProcess } from "@tandem/lab/processes";
import { activeOf, otherLoadMaster, rolesBecome } from "@tandem/lab/roles";
import { servedWell, settledReport } from "@tandem/lab/served";
import { stateFolderOf } from "@tandem/lab/state";
import { pairTheLoadMasters } from "@tandem/lab/story-loadmasters";
import { closeWorld, haTimeoutSeconds, loadMasterOf, newWorld } from "@tandem/lab/story-world";
import { loadMasterNodes, sharedAddress } from "@tandem/lab/topology";
import { notYet, seen, waitUntil } from "@tandem/lab/wait-until";
import { needsRoot } from "@tandem/linux/network-namespace";
import { fenceParameters } from "@tandem/loadmaster-api/fence-parameters";
import { monotonicMs } from "@tandem/probe/monotonic";
import { partsOf } from "./parts.ts";

const lab = "t3";
const timeoutMs = haTimeoutSeconds * 1_000;
/** Where nothing should happen, a busy machine alone may make a gap as long as this. */
const undisturbedMs = 500;

const scheduled = (action: string, n: number): Fence => {
  const dueAt = Date.UTC(2026, 10, 25, 3);
  return { runId: runIdOf({ action, device: "the pair", dueAt }), epoch: { n, unit: "a".repeat(16) }, dueAt };
};

const elapse = (ms: number): Promise<true> => {
  const from = monotonicMs();
  return waitUntil({ what: `${ms} ms`, deadlineMs: 2 * ms + 1_000, everyMs: 50 }, () =>
    monotonicMs() - from >= ms ? seen(true as const) : notYet("not over"),
  );
};

test("a LoadMaster pair under faults", { skip: needsRoot(), timeout: 300_000 }, async (t) => {
  const world = newWorld(lab, silentNarrator);
  const parts = partsOf(t);
  const { part } = parts;
  const outageMs = async (from: number, to = monotonicMs()): Promise<number> =>
    (await settledReport(world, from, to)).view.outageMs;
  try {
    await up(lab, { owned: true });
    await pairTheLoadMasters(world);

    await part(
      "[LH1] killing the unit of the active costs no failover, and the next one adopts what runs",
      async () => {
        const active = await activeOf(world);
        const from = monotonicMs();
        await killProcess(lab, active);
        // Longer than the timeout: a partner that missed advertisements would have taken over by now.
        await elapse(timeoutMs + 1_000);
        await rolesBecome(world, { [otherLoadMaster(active)]: "Standby" });
        await start(lab, active);
        await rolesBecome(world, { [active]: "Active", [otherLoadMaster(active)]: "Standby" });
        await servedWell(world, 3, monotonicMs());
        const outage = await outageMs(from);
        assert.ok(outage < undisturbedMs, `the client's outage was ${outage} ms`);
      },
    );

    await part("[LH1] a unit whose event loop stands still for 2 s causes no take-over", async () => {
      const active = await activeOf(world);
      const unit = mainProcess(lab, active);
      assert.ok(unit);
      const from = monotonicMs();
      signalProcess(unit, "SIGSTOP");
      await elapse(2_000);
      signalProcess(unit, "SIGCONT");
      await elapse(timeoutMs);
      await rolesBecome(world, { [active]: "Active", [otherLoadMaster(active)]: "Standby" });
      const outage = await outageMs(from);
      assert.ok(outage < undisturbedMs, `the client's outage was ${outage} ms`);
    });

    await part("[LH2] an active that stands still is replaced, and is standby when it goes on", async () => {
      const active = await activeOf(world);
      const from = monotonicMs();
      await freeze(lab, active);
      const again = await servedWell(world, 1, from + timeoutMs / 2);
      const outage = await outageMs(from, again);
      assert.ok(outage <= timeoutMs + 1_000, `the client's outage was ${outage} ms`);
      const thawed = monotonicMs();
      await thaw(lab, active);
      await rolesBecome(world, { [active]: "Standby", [otherLoadMaster(active)]: "Active" });
      const healing = await outageMs(thawed);
      assert.ok(healing < undisturbedMs, `going on made an outage of ${healing} ms`);
    });

    await part(
      "[LH1] a cut makes both active; healed, one is, and the client is not left behind",
      async () => {
        await partition(lab, loadMasterNodes);
        await rolesBecome(world, { lm1: "Active", lm2: "Active" });
        const from = monotonicMs();
        await heal(lab);
        await activeOf(world);
        await servedWell(world, 3, monotonicMs());
        const outage = await outageMs(from);
        assert.ok(outage < undisturbedMs, `the client's outage after the healing was ${outage} ms`);
      },
    );

    await part(
      "[CH22] what the active performed before its machine died, its partner answers; an older Master is refused",
      async () => {
        const active = await activeOf(world);
        const partner = otherLoadMaster(active);
        const before = loadMasterOf(world, active).atSharedAddress();
        const add = { vs: sharedAddress, port: 8181, prot: "tcp", nickname: "by schedule" };
        const fence = scheduled("add a service", 5);
        const first = await granted("the first time", before.call("addvs", add, fence));
        assert.deepEqual(first.run, { kept: "both" });
        await killMachine(lab, active);
        await rolesBecome(world, { [partner]: "Active" });
        const after = loadMasterOf(world, partner).atSharedAddress();
        const again = await granted("after the failover", after.call("addvs", add, fence));
        assert.equal(again.repeated, true);
        assert.equal(again.Index, first.Index);
        const late = await after.call("delvs", { vs: sharedAddress, port: 8181 }, scheduled("late", 4));
        assert.ok(!late.ok && late.error.kind === "fenced", JSON.stringify(late));
        const remove = scheduled("remove it", 6);
        await granted(
          "the newer Master's",
          after.call("delvs", { vs: sharedAddress, port: 8181, prot: "tcp" }, remove),
        );
        await start(lab, active);
        await rolesBecome(world, { [active]: "Standby", [partner]: "Active" });
        let attempt = 0;
        await waitUntil({ what: `${active} knows the newer epoch`, deadlineMs: 15_000 }, async () => {
          // Until it has heard its partner it cannot know, so each attempt is another run.
          attempt += 1;
          const own = loadMasterOf(world, active).command("set", {
            param: "hawait",
            value: 0,
            ...fenceParameters(scheduled(`older, attempt ${attempt}`, 5)),
          });
          const said = await own.then(
            () => "it was performed",
            (error: Error) => error.message,
          );
          return said.includes("newer epoch 6") ? seen(true as const) : notYet(said);
        });
      },
    );

    await part("[CH22] a reboot is performed once, and its run says so once the unit is back", async () => {
      const standby = otherLoadMaster(await activeOf(world));
      const reboot = fenceParameters(scheduled("reboot", 6));
      const unit = mainProcess(lab, standby);
      assert.ok(unit);
      await loadMasterOf(world, standby).command("reboot", reboot);
      await waitUntil({ what: "its process ends", deadlineMs: 15_000, everyMs: 50 }, () =>
        isAlive(unit) ? notYet("it runs") : seen(true as const),
      );
      await start(lab, standby);
      const again = await loadMasterOf(world, standby).command("reboot", reboot);
      assert.deepEqual([again.message, again.repeated], ["rebooted", true]);
      await activeOf(world);
    });

    await part("both die; both return with the service from their disks", async () => {
      for (const node of loadMasterNodes) await killMachine(lab, node);
      await Promise.all(loadMasterNodes.map((node) => start(lab, node)));
      await servedWell(world, 3, monotonicMs());
      const active = await activeOf(world);
      await rolesBecome(world, { [active]: "Active", [otherLoadMaster(active)]: "Standby" });
    });
  } catch (error) {
    parts.failed = true;
    throw error;
  } finally {
    closeWorld(world);
    await down(lab, { keepLogs: parts.failed });
    if (parts.failed) t.diagnostic(`the logs are in ${stateFolderOf(lab)}/logs`);
  }
});
