import assert from "node:assert/strict";
import { test } from "node:test";
import { partMaxChars } from "@tandem/pair/wire";
import { createRow, updateRow } from "@tandem/replica/edits";
import {
  addNetwork,
  type Central,
  eventually,
  inStep,
  networks,
  rename,
  setUp,
  startCentral,
  stateOf,
} from "./pair-on-loopback.ts";
import type { HaSeams } from "./seams.ts";

const rowChars = 300_000;
const rows = Array.from({ length: 15 }, (_, index) => `10.${100 + index}.0.0/16`);
const written = (turn: number, index: number): string => `${turn}.${index} `.repeat(rowChars / 5);

/** Counts what is sent by type, and loses the link in the middle of the first transfer: after so many parts. */
const losingLink =
  (sent: { [type: string]: number }, partsBeforeLoss: number) =>
  (seams: HaSeams): HaSeams => ({
    ...seams,
    openLink: (ports) => {
      const link = seams.openLink(ports);
      let isLost = false;
      return {
        start: () => link.start(),
        setPeer: (peer) => link.setPeer(peer),
        get isUp() {
          return link.isUp;
        },
        send: (message) => {
          const { type } = message as { type: string };
          sent[type] = (sent[type] ?? 0) + 1;
          if (type === "part" && sent[type] === partsBeforeLoss) isLost = true;
          // What is lost is lost until the next heartbeat.
          if (isLost && type === "part") return true;
          isLost = false;
          return link.send(message);
        },
        connectNow: () => link.connectNow(),
        close: (reason) => link.close(reason),
      };
    },
  });

const same = (a: Central, b: Central): boolean =>
  inStep(a, b) && a.ha.status().digest === b.ha.status().digest;

test("[CH3] [CH13] an initial synchronisation and a catch-up longer than one message come in parts, also when parts are lost", async (t) => {
  const sent: { [type: string]: number } = {};
  const a = await startCentral(t, "central1", "127.0.0.1", undefined, losingLink(sent, 5));
  const b = await startCentral(t, "central2", "127.0.0.2");
  for (const [index, cidr] of rows.entries())
    await a.ha.write([createRow(networks, { cidr, description: written(0, index) })], "admin", cidr);
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  await eventually("B has all of it", () => same(a, b), 30_000);
  assert.equal(b.ha.row(networks, rows[14] as string)?.values.description, written(0, 14));
  const parts = sent.part ?? 0;
  assert.ok(parts > (rows.length * rowChars) / partMaxChars, `${parts} parts`);
  assert.equal(sent.snapshot ?? 0, 0, "nothing of it went whole");

  await b.kill();
  await eventually("A notices", () => !a.ha.status().heartbeats.flowing);
  for (const [index, cidr] of rows.entries())
    await a.ha.write([updateRow(networks, cidr, { description: written(1, index) })], "admin", cidr);
  await b.restart();
  await eventually("B is Slave", () => stateOf(b) === "Slave");
  // Made while the long delta may be on its way, on either side: it waits behind it and is not lost.
  const edits = await Promise.all([
    rename(a, rows[0] as string, "on A"),
    rename(b, rows[1] as string, "on B"),
  ]);
  assert.ok(edits.every(({ ok }) => ok));
  await eventually("B has caught up", () => same(a, b), 30_000);
  assert.ok((sent.part ?? 0) > parts, "in parts as well");
  assert.equal(b.ha.row(networks, rows[14] as string)?.values.description, written(1, 14));
  assert.equal(b.ha.row(networks, rows[0] as string)?.values.name, "on A");
  assert.equal(a.ha.row(networks, rows[1] as string)?.values.name, "on B");
  assert.deepEqual(a.fatal.concat(b.fatal), []);
});
