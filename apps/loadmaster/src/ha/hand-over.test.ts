import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { err, ok, type Result } from "@tandem/base/result";
import { waitFor } from "../unit.fixture.ts";
import type { CarpRoleStatus } from "./carp-role.ts";
import { CarpdClient } from "./carpd-client.ts";
import { type CarpdStatus, encodeLine } from "./carpd-protocol.ts";
import { socketPath } from "./carpd-store.ts";
import { type HandOverParts, handOver, handOverObstacles } from "./hand-over.ts";
import type { PartnerState } from "./partner-link.ts";
import type { PartnerStatus } from "./partner-messages.ts";
import type { HaSetup } from "./setup.ts";

const pair: HaSetup = {
  kind: "pair",
  mode: 1,
  own: { id: 0, device: "eth0", address: "10.0.0.1", prefix: 24 },
  partner: "10.0.0.2",
  sharedAddress: "10.0.0.20",
  carpd: {
    vhid: 7,
    advbase: 1,
    advskew: 0,
    preempt: false,
    password: "secret",
    device: "eth0",
    ownAddress: "10.0.0.1",
    sharedAddresses: ["10.0.0.20/24"],
    serviceAddresses: [],
  },
};
const own: PartnerStatus = {
  type: "status",
  version: 3,
  name: "lm1",
  hamode: 1,
  vhid: 7,
  timeout: 1,
  sharedAddress: "10.0.0.20",
  role: "master",
  revision: 5,
  digest: "d",
  demotion: 0,
};
const theirs: PartnerStatus = { ...own, name: "lm2", hamode: 2, role: "backup" };
const carpStatus = (role: CarpRoleStatus["role"], reason = ""): CarpRoleStatus => ({
  role,
  since: Date.now(),
  reason,
});
const up = (change: Partial<PartnerStatus> = {}): PartnerState => ({
  kind: "up",
  status: { ...theirs, ...change },
});

const neverSent = async () => ({ taken: false, reason: "the test says so" }) as const;

/** A unit that is active, and what CARP does once it is told. */
function active(
  told: (world: { carp: CarpRoleStatus; partner: PartnerState }) => Result<null, string>,
  change: Partial<HandOverParts> = {},
): HandOverParts & { readonly orders: () => number } {
  const world = { carp: carpStatus("master"), partner: up() };
  let orders = 0;
  return {
    carp: {
      get status() {
        return world.carp;
      },
      async handOver() {
        orders += 1;
        return told(world);
      },
    },
    partner: {
      get state() {
        return world.partner;
      },
      answers: async () => true,
      forceUpdate: neverSent,
    },
    setup: () => pair,
    own: () => own,
    preferred: () => 0,
    isOwnAddress: true,
    inTurn: (work) => work(),
    log: () => {},
    ...change,
    orders: () => orders,
  };
}

test("[LH13] a partner that lacks the present configuration, or has not said that it has it, is given it first", async () => {
  let sent = 0;
  // What it says comes late all the time.
  let said = up({ digest: "before" });
  const late = active(
    (world) => {
      world.carp = carpStatus("backup");
      said = up({ digest: "before", role: "master" });
      return ok(null);
    },
    {
      partner: {
        get state() {
          return said;
        },
        answers: async () => true,
        forceUpdate: async () => {
          sent += 1;
          return { taken: true, revision: own.revision, digest: own.digest };
        },
      },
    },
  );
  await handOver(late);
  assert.deepEqual([sent, late.orders()], [1, 1]);

  const refusing = active(() => ok(null), {
    partner: {
      state: up({ digest: "before" }),
      answers: async () => true,
      forceUpdate: async () => ({ taken: false, reason: "its disk is full" }),
    },
  });
  const answer = await handOver(refusing);
  assert.ok(!answer.ok && /does not have the present configuration/.test(answer.error.message));
  assert.equal(refusing.orders(), 0);
});

test("[LH13] the role moves, and the answer says from whom to whom and when", async () => {
  const before = Date.now();
  const answer = await handOver(
    active((world) => {
      world.carp = carpStatus("backup");
      setTimeout(() => {
        world.partner = up({ role: "master" });
      }, 20);
      return ok(null);
    }),
  );
  assert.ok(answer.ok);
  const { at, ...view } = answer.value;
  assert.deepEqual(view, { from: "HA1", to: "HA2", message: "HA2 is active" });
  assert.ok(at !== undefined && at >= before && at <= Date.now());
});

test("[LH13] refused with every reason while no standby is ready, and nothing is ordered", async () => {
  const obstacles = (
    partner: PartnerState,
    carp: CarpRoleStatus | null = carpStatus("master"),
    setup: HaSetup = pair,
  ): string => handOverObstacles(setup, carp, own, partner).join("; ");
  assert.equal(obstacles(up()), "");
  assert.match(obstacles(up(), carpStatus("master"), { kind: "single" }), /HA is not configured/);
  assert.match(
    obstacles(up(), carpStatus("master"), { kind: "incomplete", missing: ["the partner"] }),
    /missing: the partner/,
  );
  for (const carp of [null, carpStatus("backup"), carpStatus("initial")])
    assert.match(obstacles(up(), carp), /not active.*10\.0\.0\.20/);
  assert.match(obstacles({ kind: "connecting", reason: "no route" }), /link is down: no route/);
  assert.match(obstacles({ kind: "wrong-secret", reason: "another secret" }), /another secret/);
  assert.match(obstacles({ kind: "off" }), /link is down/);
  assert.match(obstacles(up({ role: "stopped" })), /takes no part in CARP/);
  assert.match(obstacles(up({ role: "master" })), /both units are active/);
  assert.match(obstacles(up({ hamode: 1 })), /HA mode 1/);
  assert.match(
    obstacles(up({ demotion: 2, digest: "e" })),
    /worse off.*2 against 0.*; .*present configuration/,
  );
  const { demotion: _, ...ofEarlierVersion } = theirs;
  assert.equal(obstacles({ kind: "up", status: ofEarlierVersion }), "");

  const silent = active(() => ok(null), {
    partner: { state: up(), answers: async () => false, forceUpdate: neverSent },
  });
  const refusal = await handOver(silent);
  assert.ok(!refusal.ok && refusal.error.code === 422);
  assert.match(refusal.error.message, /has not answered.*nothing was changed/);
  assert.equal(silent.orders(), 0);

  // It was active when it died, and nobody has noticed yet but by CARP.
  const dead = await handOver(
    active(() => ok(null), {
      partner: { state: up({ role: "master" }), answers: async () => false, forceUpdate: neverSent },
    }),
  );
  assert.ok(!dead.ok && dead.error.code === 422);
  assert.match(dead.error.message, /has not answered/);
  assert.doesNotMatch(dead.error.message, /both units are active/);
});

test("[LH13] the preferred host's warning, and a role that nobody takes", async () => {
  const backAgain = (reason: string, heardAt?: number) => (world: { carp: CarpRoleStatus }) => {
    world.carp = {
      ...carpStatus("master", reason),
      peer:
        heardAt === undefined
          ? null
          : { source: "10.0.0.2", advbase: 1, advskew: 0, demotion: 0, bowedOut: false, heardAt },
    };
    return ok(null);
  };
  const preferred = await handOver(
    active(backAgain("this unit preempts", Date.now() + 5), { preferred: () => 1 }),
  );
  assert.ok(preferred.ok);
  assert.match(preferred.value.warning ?? "", /HA1 is the preferred host.*haprefered 0/);
  assert.match(preferred.value.message, /for a moment.*preempts/);

  const alone = await handOver(active(backAgain("nobody took the role that was handed over")));
  assert.ok(!alone.ok && alone.error.code === 503);
  assert.match(alone.error.message, /HA1 is active again: nobody took/);

  // A preferred host that takes the role back has heard its successor; one that heard nobody never lost it to anyone.
  for (const heardAt of [undefined, Date.now() - 60_000]) {
    const unheard = await handOver(
      active(backAgain("nobody took the role that was handed over", heardAt), { preferred: () => 1 }),
    );
    assert.ok(!unheard.ok && unheard.error.code === 503);
    assert.match(unheard.error.message, /HA1 is active again: nobody took/);
  }

  const carpdSays = await handOver(active(() => err("carpd does not answer")));
  assert.ok(!carpdSays.ok && carpdSays.error.code === 422);
  assert.match(carpdSays.error.message, /carpd does not answer/);
});

test("[LH13] at an address that moves with the role the answer comes first", async () => {
  const parts = active(() => ok(null), { isOwnAddress: false });
  const answer = await handOver(parts);
  assert.ok(answer.ok);
  assert.equal(answer.value.at, undefined);
  assert.match(answer.value.message, /hastatus/);
  assert.equal(parts.orders(), 0);
  await waitFor("the order", () => parts.orders() === 1);
});

const carpdStatus = (role: CarpdStatus["role"]): CarpdStatus => ({
  type: "status",
  pid: process.pid,
  role,
  since: 0,
  reason: "",
  demotion: 0,
  peer: null,
  counters: {},
  rejects: {},
  addresses: [],
  addressFailures: [],
  configurationDigest: null,
});

/** A carpd at the other end of the local socket, which answers a hand-over as it is told. */
async function carpdThat(t: TestContext, answers: (socket: Socket) => void): Promise<CarpdClient> {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-hand-over-"));
  const server = createServer((socket) => {
    socket.write(encodeLine(carpdStatus("master")));
    socket.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes('"handover"')) answers(socket);
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(socketPath(stateDir), resolve));
  const client = new CarpdClient({ stateDir, configPath: "" });
  t.after(() => {
    client.close();
    server.close();
    rmSync(stateDir, { recursive: true });
  });
  client.start();
  await waitFor("carpd's status", () => client.status !== null);
  return client;
}

test("[LH13] a carpd that is older than the unit is named as the reason; one that obeys is waited for", async (t) => {
  const older = await carpdThat(t, (socket) =>
    socket.write(
      encodeLine({
        type: "refused",
        errors: [{ code: "message-malformed", field: "message", message: "no such type", remedy: "" }],
      }),
    ),
  );
  const refused = await older.handOver();
  assert.ok(!refused.ok);
  assert.match(refused.error, /older than this unit.*restart the unit/);
  assert.equal(older.refusal, undefined, "its configuration is not what it refused");
  const obedient = await carpdThat(t, (socket) => socket.write(encodeLine(carpdStatus("backup"))));
  assert.deepEqual(await obedient.handOver(), ok(null));
  assert.deepEqual(await obedient.handOver(), err("this unit is not active"));
});
