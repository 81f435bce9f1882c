/** Two whole Centrals that are a pair, set up over the API as an operator does it; for tests. */
import type { TestContext } from "node:test";
import type { HaApply } from "@tandem/central-api/ha";
import { routes } from "@tandem/central-api/routes";
import { eventually, type LoopbackCentral, startCentral } from "../central-on-loopback.ts";

/** As much of a Central as setting up needs; also one that is a process of its own. */
type Reachable = Pick<LoopbackCentral, "client" | "peerLink">;

const about = async (other: Reachable): Promise<HaApply> => ({
  haKeyForTheOtherPeer: (await other.client.call(routes.ha)).configuration.haKeyForThisPeer,
  ipAddressForTheOtherPeer: other.peerLink.address,
  peerPort: other.peerLink.port,
  heartbeatSeconds: 1,
  holdDownSeconds: 1,
});

export const stateBecomes = (unit: Reachable, state: string) =>
  eventually(`Our State is ${state}`, async () => {
    const { status } = await unit.client.call(routes.ha);
    return status.ourState === state && status;
  });

/** The first is Master and preferred, the second Slave; each had a network, of which the first one's is left. */
export async function pairOfCentrals(
  t: TestContext,
  addresses: readonly [string, string],
  options: {
    readonly statisticsSlotMs?: number;
    readonly meteringSlotMs?: number;
    readonly resuming?: true;
  } = {},
): Promise<readonly [LoopbackCentral, LoopbackCentral]> {
  const one = await startCentral(t, "central1", addresses[0], options);
  const two = await startCentral(t, "central2", addresses[1], options);
  await setUpPair(one, two, { preferredMaster: true });
  return [one, two];
}

/** The first becomes Master; each has a network, of which the first one's is left. */
export async function setUpPair(
  one: Reachable,
  two: Reachable,
  settings: { readonly preferredMaster: boolean },
): Promise<void> {
  await one.client.call(routes.addNetwork, { body: { cidr: "10.1.0.0/16", name: "of one" } });
  await two.client.call(routes.addNetwork, { body: { cidr: "10.2.0.0/16", name: "of two" } });
  await one.client.call(routes.applyHa, { body: { ...(await about(two)), ...settings } });
  await stateBecomes(one, "Master");
  await two.client.call(routes.applyHa, { body: await about(one) });
  await stateBecomes(two, "Slave");
  await eventually("heartbeats flow", async () => {
    const { status } = await one.client.call(routes.ha);
    return status.heartbeats.flowing && status.peerState === "Slave";
  });
}

/** Signs the administrator in anew, after a restart. */
export const signInAgain = async (unit: LoopbackCentral): Promise<void> => {
  await unit.client.signIn("admin", unit.firstPassword);
};
