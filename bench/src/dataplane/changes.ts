/** Twenty changes of the configuration while clients ask, and how many changes share a reload. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadMasterClient } from "@tandem/loadmaster-api/client";
import { Clients } from "./clients.ts";
import type { Place } from "./haproxy.ts";
import type { BenchUnit } from "./unit.ts";

export const changesUnderLoad = 20;
const clientsOfEachKind = 8;
const settleMs = 400;

export type ChangesUnderLoad = {
  readonly changes: number;
  readonly reloads: number;
  readonly answered: number;
  readonly failures: readonly string[];
};

type Step = (client: LoadMasterClient) => Promise<{ readonly ok: boolean }>;

/** Of the service that is asked, and of others; half of them need a reload. */
const steps = (asked: Place, [one, other]: readonly [Place, Place], free: Place): readonly Step[] => [
  (client) => client.modifyRealServer(asked, one, { weight: 500 }),
  (client) => client.modifyVirtualService(asked, { NickName: "under load" }),
  (client) => client.call("disablers", { rs: other.address }),
  (client) => client.addVirtualService(free.address, free.port, "tcp", { VStype: "http" }),
  (client) => client.call("enablers", { rs: other.address }),
  (client) => client.modifyVirtualService(asked, { Idletime: 300 }),
  (client) => client.deleteRealServer(asked, other),
  (client) => client.deleteVirtualService(free),
  (client) => client.addRealServer(asked, other.address, other.port),
  (client) => client.modifyVirtualService(asked, { CheckInterval: 20 }),
];

export async function changeUnderLoad(
  unit: BenchUnit,
  asked: Place,
  servers: readonly [Place, Place],
  free: Place,
): Promise<ChangesUnderLoad> {
  const before = await unit.reloads();
  const clients = new Clients(asked, clientsOfEachKind);
  try {
    await sleep(settleMs);
    const all = steps(asked, servers, free);
    for (let at = 0; at < changesUnderLoad; at += 1) {
      const step = all[at % all.length] as Step;
      const made = await step(unit.client);
      if (!made.ok) throw new Error(`change ${at + 1} was refused: ${JSON.stringify(made)}`);
      await sleep(settleMs);
    }
  } finally {
    await clients.end();
  }
  return {
    changes: changesUnderLoad,
    reloads: (await unit.reloads()) - before,
    answered: clients.answered,
    failures: clients.failures,
  };
}

/** Reloads that four changes sent at once make. */
export async function reloadsOfFour(unit: BenchUnit, asked: Place): Promise<number> {
  await sleep(settleMs);
  const before = await unit.reloads();
  const names = ["one", "two", "three", "four"];
  await Promise.all(names.map((name) => unit.client.modifyVirtualService(asked, { NickName: name })));
  await sleep(2 * settleMs);
  return (await unit.reloads()) - before;
}
