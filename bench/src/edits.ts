/**
 * How soon a change made on one Central can be read on the other, and how many changes a second both acknowledge.
 * Every change goes through the API over TLS, is on both disks when it is answered, and is counted only if so.
 */
import type { CentralClient } from "@tandem/central-api/client";
import { routes } from "@tandem/central-api/routes";
import { type Figure, milliseconds, quantile } from "./quantiles.ts";
import { connectionsPerClient, isWhole, pairUp, twoCentrals } from "./two-centrals.ts";

const singleEdits = 300;
const writers = 64;
const loadMs = 10_000;
const warmUpMs = 3_000;

export async function benchEdits(): Promise<readonly Figure[]> {
  const pair = twoCentrals();
  try {
    const { a, b } = pair;
    await Promise.all([a.start(), b.start()]);
    for (const central of [a, b])
      await central.client.call(routes.addNetwork, { body: { cidr: "10.0.0.0/8" } });
    await pairUp(pair);
    await Promise.all([a.becomes("whole", isWhole), b.becomes("whole", isWhole)]);
    for (let writer = 0; writer < writers; writer += 1)
      await a.client.call(routes.addNetwork, { body: { cidr: `10.1.${writer}.0/24` } });

    const readable: number[] = [];
    const answered: number[] = [];
    for (let count = 0; count < singleEdits; count += 1) {
      const name = `edit ${count}`;
      const cidr = "10.1.0.0/24";
      const begun = performance.now();
      let isAnswered = false;
      const write = rename(a.client, cidr, name).then(() => {
        answered.push(performance.now() - begun);
        isAnswered = true;
      });
      for (;;) {
        const { networks } = await b.client.call(routes.listNetworks);
        if (networks.some((network) => network.cidr === cidr && network.name === name)) break;
        if (performance.now() - begun > 10_000)
          throw new Error(`edit ${count} does not arrive (answered: ${isAnswered})`);
      }
      readable.push(performance.now() - begun);
      await write;
    }

    const clients = await Promise.all(
      Array.from({ length: writers / connectionsPerClient }, () => a.anotherClient()),
    );
    let acknowledged = 0;
    let alone = 0;
    const latencies: number[] = [];
    const counting = { from: performance.now() + warmUpMs, to: performance.now() + warmUpMs + loadMs };
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        const client = clients[writer % clients.length] as CentralClient;
        for (let count = 0; performance.now() < counting.to; count += 1) {
          const begun = performance.now();
          const answer = await rename(client, `10.1.${writer}.0/24`, `load ${count}`);
          const now = performance.now();
          if (begun < counting.from || now > counting.to) continue;
          latencies.push(now - begun);
          if (answer === "both") acknowledged += 1;
          else alone += 1;
        }
      }),
    );
    for (const client of clients) client.close();
    const perSecond = acknowledged / (loadMs / 1_000);
    return [
      {
        what: `a change readable on the other unit, p50 of ${singleEdits}, from sending it`,
        measured: milliseconds(quantile(readable, 0.5)),
        goal: "< 5 ms",
        met: quantile(readable, 0.5) < 5,
      },
      {
        what: "the same, p99",
        measured: milliseconds(quantile(readable, 0.99)),
        goal: "< 50 ms",
        met: quantile(readable, 0.99) < 50,
      },
      {
        what: "a change answered, on both disks, p50 / p99",
        measured: `${milliseconds(quantile(answered, 0.5))} / ${milliseconds(quantile(answered, 0.99))}`,
        goal: "",
        met: null,
      },
      {
        what: `changes acknowledged by both per second, ${writers} writers`,
        measured: `${Math.round(perSecond)} (${alone} by one unit only; p99 ${milliseconds(quantile(latencies, 0.99))})`,
        goal: "≥ 1,000",
        met: perSecond >= 1_000,
      },
    ];
  } finally {
    await pair.close();
  }
}

const rename = async (client: CentralClient, cidr: string, name: string): Promise<string> =>
  (await client.call(routes.changeNetwork, { params: { cidr }, body: { name } })).acknowledged;
