import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { routes } from "@tandem/central-api/routes";
import { type CentralProcess, startCentralProcess } from "../process-on-loopback.ts";

const networks = 800;
const atOnce = 8;
const as = "replace a unit";

const namesOf = async ({ client }: CentralProcess): Promise<readonly string[]> =>
  (await client.call(routes.tree)).networks.map(({ name }) => name as string).sort();

/** Kills it so long after it began to save what is replaced, and starts it again. Answers whether it was restored. */
async function killedAt(unit: CentralProcess, backup: string, afterMs: number): Promise<boolean> {
  const folder = join(unit.stateDir, "backups");
  const present = new Set(readdirSync(folder));
  const answered = unit.client
    .call(routes.restoreOverwritten, { body: { backup, as, apply: true } })
    .catch(() => undefined);
  while (!readdirSync(folder).some((name) => !present.has(name))) await setTimeout(1);
  await setTimeout(afterMs);
  await unit.kill();
  await answered;
  await unit.start();
  const names = await namesOf(unit);
  const isRestored = names.includes("in the backup");
  assert.equal(names.length, networks + 1);
  assert.equal(names.includes("since"), !isRestored);
  const saved = readdirSync(folder);
  assert.deepEqual(
    saved.filter((name) => !name.endsWith(".json")),
    [],
    "nothing unfinished stays",
  );
  const { overwrittenBackup } = (await unit.client.call(routes.ha)).status;
  if (isRestored) assert.ok(overwrittenBackup !== null && saved.includes(overwrittenBackup));
  return isRestored;
}

test("[ML5] killed while a backup takes the place of its state, a unit has the one or the other, whole", {
  timeout: 180_000,
}, async (t) => {
  const unit = await startCentralProcess(t, "central1", "127.0.52.2");
  let left = networks;
  const add = (cidr: string, name: string) => unit.client.call(routes.addNetwork, { body: { cidr, name } });
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (; left > 0; ) {
        left -= 1;
        await add(`10.${left >> 8}.${left & 255}.0/24`, "");
      }
    }),
  );
  await add("172.16.0.0/16", "in the backup");
  const { name: backup } = await unit.client.call(routes.saveBackup);
  await unit.client.call(routes.removeNetwork, { params: { cidr: "172.16.0.0/16" } });
  await add("172.17.0.0/16", "since");

  // From when the present state is being saved to when it has been replaced.
  let wasRestored = false;
  for (let afterMs = 0; !wasRestored; afterMs += 10) wasRestored = await killedAt(unit, backup, afterMs);
});
