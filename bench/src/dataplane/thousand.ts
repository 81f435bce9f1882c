/** A unit with a thousand virtual services: what its commands take, when changes are live, what it needs of memory. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { StoredService } from "@tandem/loadmaster/state/document";
import type { Place } from "./haproxy.ts";
import type { BenchUnit } from "./unit.ts";

export const servicesWanted = 1_000;
/** Calls further apart than this wait for nothing in the client or the unit. */
const betweenCallsMs = 250;
const liveDeadlineMs = 10_000;

export type Thousand = {
  readonly addAnswerMs: readonly number[];
  /** From the answer on. */
  readonly addLiveMs: readonly number[];
  readonly deleteAnswerMs: readonly number[];
  readonly deleteLiveMs: readonly number[];
  readonly listMs: readonly number[];
  readonly weightMs: readonly number[];
  readonly weightReloads: number;
};

/** All but one of the thousand, each with two checked servers. */
export const manyServices = (
  address: string,
  firstPort: number,
  servers: readonly Place[],
): StoredService[] =>
  Array.from({ length: servicesWanted - 1 }, (_, at) => ({
    index: at + 1,
    address,
    port: firstPort + at,
    type: "http",
    enabled: true,
    schedule: "wrr",
    idletime: 0,
    addVia: 0,
    check: {
      type: "tcp",
      use11: false,
      method: 0,
      codes: [],
      port: 0,
      intervalSeconds: 0,
      timeoutSeconds: 0,
      retries: 0,
    },
    servers: servers.map((server, number) => ({
      ...server,
      index: at * servers.length + number + 1,
      weight: 1_000,
      limit: 0,
      enabled: true,
    })),
  }));

export async function measureThousand(
  unit: BenchUnit,
  free: Place,
  rounds: number,
  said: (line: string) => void,
): Promise<Thousand> {
  const measured = {
    addAnswerMs: [] as number[],
    addLiveMs: [] as number[],
    deleteAnswerMs: [] as number[],
    deleteLiveMs: [] as number[],
    listMs: [] as number[],
    weightMs: [] as number[],
  };
  const { client } = unit;
  for (let round = 0; round < rounds; round += 1) {
    measured.addAnswerMs.push(
      await took(() => client.addVirtualService(free.address, free.port, "tcp", { VStype: "http" })),
    );
    measured.addLiveMs.push(await until(free, true));
    await sleep(betweenCallsMs);
    measured.listMs.push(await took(() => client.listVirtualServices()));
    await sleep(betweenCallsMs);
    measured.deleteAnswerMs.push(await took(() => client.deleteVirtualService(free)));
    measured.deleteLiveMs.push(await until(free, false));
    await sleep(betweenCallsMs);
    said(
      `round ${round + 1} of ${rounds}: addvs ${last(measured.addAnswerMs)} + ${last(measured.addLiveMs)} ms, delvs ${last(measured.deleteAnswerMs)} + ${last(measured.deleteLiveMs)} ms, listvs ${last(measured.listMs)} ms`,
    );
  }
  const before = await unit.reloads();
  for (let round = 0; round < 2 * rounds; round += 1) {
    const index = 1 + ((round * 37) % (servicesWanted - 1));
    const weight = 10 + round;
    measured.weightMs.push(await took(() => client.modifyRealServer(index, 2 * index, { weight })));
    await sleep(betweenCallsMs);
  }
  return { ...measured, weightReloads: (await unit.reloads()) - before };
}

const last = (samples: readonly number[]): string => Math.round(samples.at(-1) ?? Number.NaN).toString();

async function took(call: () => Promise<{ readonly ok: boolean }>): Promise<number> {
  const begun = performance.now();
  const answer = await call();
  const ms = performance.now() - begun;
  if (!answer.ok) throw new Error(`refused: ${JSON.stringify(answer)}`);
  return ms;
}

async function until(place: Place, listens: boolean): Promise<number> {
  const begun = performance.now();
  while ((await isListening(place)) !== listens) {
    if (performance.now() - begun > liveDeadlineMs) throw new Error("the change does not come into force");
    await sleep(2);
  }
  return performance.now() - begun;
}

const isListening = ({ address, port }: Place): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const finish = (listens: boolean): void => {
      socket.destroy();
      resolve(listens);
    };
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });

/** The unit's and HAProxy's memory after so many minutes, and the most on the way. */
export type Memory = {
  readonly minutes: number;
  readonly unitMb: number;
  readonly unitMostMb: number;
  readonly haproxyMb: number;
};

export async function watchMemory(
  unit: BenchUnit,
  startedAt: number,
  minutes: number,
  said: (line: string) => void,
): Promise<Memory> {
  let unitMostMb = unit.residentMb;
  while (performance.now() - startedAt < minutes * 60_000) {
    await sleep(Math.max(0, Math.min(10_000, startedAt + minutes * 60_000 - performance.now())));
    unitMostMb = Math.max(unitMostMb, unit.residentMb);
    said(
      `${((performance.now() - startedAt) / 60_000).toFixed(1)} min: unit ${unit.residentMb.toFixed(0)} MB`,
    );
  }
  return { minutes, unitMb: unit.residentMb, unitMostMb, haproxyMb: await unit.haproxyResidentMb() };
}
