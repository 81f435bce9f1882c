/** Initial synchronisation of a large fleet, the memory that both units need with it, and catching up after an absence. */
import { routes } from "@tandem/central-api/routes";
import { type FleetSize, fillState } from "./fill.ts";
import { type Figure, milliseconds } from "./quantiles.ts";
import { isWhole, pairUp, twoCentrals } from "./two-centrals.ts";

const fleet: FleetSize = { networks: 1_000, devices: 10_000, services: 50_000 };
const missedChanges = 10_000;
const writers = 64;
const goalInitialMs = 15_000;
const goalCatchUpMs = 3_000;
const goalMiB = 700;

export async function benchInitialSync(): Promise<readonly Figure[]> {
  const pair = twoCentrals();
  try {
    const { a, b } = pair;
    await fillState(a.stateDir, fleet);
    await Promise.all([a.start(), b.start()]);
    await b.client.call(routes.addNetwork, { body: { cidr: "172.16.0.0/12" } });
    const begun = performance.now();
    await pairUp(pair);
    await b.becomes("whole", isWhole);
    const initialMs = performance.now() - begun;
    await a.becomes("whole", isWhole);
    const memory = [a, b].map((central) => central.residentMiB());
    const peak = [a, b].map((central) => central.peakResidentMiB());

    await b.kill();
    await a.becomes("alone", ({ heartbeats }) => !heartbeats.flowing);
    let left = missedChanges;
    await Promise.all(
      Array.from({ length: writers }, async () => {
        while (left > 0) {
          const index = left;
          left -= 1;
          await a.client.call(routes.changeNetwork, {
            params: { cidr: `10.${(index % 1_000) >> 8}.${(index % 1_000) & 255}.0/24` },
            body: { name: `missed ${index}`, description: `missed ${index}` },
          });
        }
      }),
    );
    await b.start();
    const back = performance.now();
    await b.becomes("whole", isWhole, 5);
    const catchUpMs = performance.now() - back;
    const size = `${fleet.networks} networks, ${fleet.devices} devices, ${fleet.services} services`;
    return [
      {
        what: `initial synchronisation of ${size}, from Apply on the first unit`,
        measured: milliseconds(initialMs),
        goal: "< 15 s",
        met: initialMs < goalInitialMs,
      },
      {
        what: "resident memory of Master / Slave with it (greatest so far)",
        measured: `${memory.map(Math.round).join(" / ")} MiB (${peak.map(Math.round).join(" / ")})`,
        goal: `< ${goalMiB} MB`,
        met: memory.every((each) => each < goalMiB),
      },
      {
        what: `catching up with ${missedChanges} changes, from serving until in step`,
        measured: milliseconds(catchUpMs),
        goal: "< 3 s",
        met: catchUpMs < goalCatchUpMs,
      },
    ];
  } finally {
    await pair.close();
  }
}
