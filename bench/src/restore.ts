/** How long a Central stands still while a large backup is downloaded, compared and restored on it (SPEC ML5). */
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { routes } from "@tandem/central-api/routes";
import { type FleetSize, fillState } from "./fill.ts";
import { type Figure, milliseconds } from "./quantiles.ts";
import { type BenchedCentral, isWhole, pairUp, twoCentrals } from "./two-centrals.ts";

const fleet: FleetSize = { networks: 1_000, devices: 10_000, services: 50_000 };
const passPhrase = "correct horse battery staple";
const as = "replace a unit";
const lookEveryMs = 5;
const goalStallMs = 500;
const wholeWithinMs = 120_000;

type Stalls = { readonly longestMs: number; readonly tookMs: number };

/** The longest that another call had to wait for its answer while `work` was under way. */
async function stallsOf(central: BenchedCentral, work: () => Promise<unknown>): Promise<Stalls> {
  const looking = await central.anotherClient();
  // Its connection is there before anything is measured.
  await looking.call(routes.about);
  let isOver = false;
  const from = performance.now();
  const done = work().finally(() => {
    isOver = true;
  });
  let longestMs = 0;
  try {
    while (!isOver) {
      const asked = performance.now();
      await looking.call(routes.about);
      longestMs = Math.max(longestMs, performance.now() - asked);
      await setTimeout(lookEveryMs);
    }
    await done;
    return { longestMs, tookMs: performance.now() - from };
  } finally {
    looking.close();
  }
}

export async function benchRestore(): Promise<readonly Figure[]> {
  const pair = twoCentrals();
  try {
    const { a, b } = pair;
    await fillState(a.stateDir, fleet);
    await Promise.all([a.start(), b.start()]);
    await b.client.call(routes.addNetwork, { body: { cidr: "172.16.0.0/12" } });
    await pairUp(pair);
    await Promise.all([a, b].map((central) => central.becomes("whole", isWhole)));
    let file = Buffer.alloc(0);
    const downloaded = await stallsOf(b, async () => {
      const answer = await b.client.download(routes.downloadBackup, { body: { passPhrase } });
      file = Buffer.concat(await answer.toArray());
    });
    const { name: backup } = await a.client.upload(
      routes.uploadBackup,
      {},
      Readable.from([file]),
      file.length,
    );
    const restore = (apply: boolean) =>
      a.client.call(routes.restoreOverwritten, { body: { backup, passPhrase, as, apply } });
    const compared = await stallsOf(a, () => restore(false));
    const saved = await stallsOf(a, () => a.client.call(routes.saveBackup));

    const from = performance.now();
    const restored = restore(true);
    await b.becomes("Master", ({ ourState }) => ourState === "Master", lookEveryMs);
    const takenAfterMs = performance.now() - from;
    await restored;
    const answeredAfterMs = performance.now() - from;
    await b.becomes("whole", isWhole, 20, wholeWithinMs);
    const wholeAfterMs = performance.now() - from;
    const size = `${fleet.networks} networks, ${fleet.devices} devices, ${fleet.services} services`;
    const stall = (what: string, { longestMs, tookMs }: Stalls): Figure => ({
      what: `longest stall while a backup of ${size} is ${what}`,
      measured: `${milliseconds(longestMs)} of ${milliseconds(tookMs)}`,
      goal: `< ${goalStallMs} ms`,
      met: longestMs < goalStallMs,
    });
    return [
      stall("downloaded", downloaded),
      stall("opened and compared", compared),
      stall("saved before it is replaced", saved),
      {
        what: "the Master replaced by it: the other is Master / it is answered / both are whole again, after",
        measured: [takenAfterMs, answeredAfterMs, wholeAfterMs].map(milliseconds).join(" / "),
        goal: "",
        met: null,
      },
    ];
  } finally {
    await pair.close();
  }
}
