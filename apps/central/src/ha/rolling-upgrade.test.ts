import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import { wireVersion } from "@tandem/pair/wire";
import {
  addNetwork,
  eventually,
  inStep,
  names,
  rename,
  setUp,
  startCentral,
  stateOf,
} from "./pair-on-loopback.ts";
import type { HaSeams } from "./seams.ts";
import { speakingVersion1 } from "./wire-version-1.ts";

const both = { ok: true, value: "both" };

test("[CH2] [CH7] [CH11] a unit of the last wire version and one of this one are a pair: set-up, edits, take-over, handover, then the upgrade", async (t) => {
  const refused: string[] = [];
  const old = (seams: HaSeams): HaSeams => speakingVersion1(seams, refused);
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2", undefined, old);
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  assert.deepEqual(await addNetwork(a, "10.3.0.0/16", "made on A"), both);
  assert.deepEqual(await rename(b, "10.3.0.0/16", "renamed on B"), both);
  await eventually("in step", () => inStep(a, b));
  assert.deepEqual(names(a), names(b));
  let opened = 0;
  const channel = a.ha.channel("test", { received: () => undefined, opened: () => (opened += 1) });
  assert.ok(!channel.isOpen && !channel.send("nothing for the old one"));
  const tooOld = a.ha.handover();
  assert.ok(!tooOld.ok && tooOld.error[0]?.code === "peer-too-old", "an operator's handover is refused");

  await a.kill();
  await eventually("B, of the old version, takes over", () => stateOf(b) === "Master", 3_000);
  assert.ok((await rename(b, "10.1.0.0/16", "changed while A was dead")).ok);
  await a.restart();
  await eventually("A, preferred, is handed the role by it", () => stateOf(a) === "Master", 20_000);
  assert.ok(b.ha.events(100).some(({ code }) => code === "handover-offered"));
  assert.equal(names(a)["10.1.0.0/16"], "changed while A was dead");

  b.adapt = (seams) => seams;
  await b.ha.stop();
  await b.restart();
  await eventually("B, upgraded, is Slave again", () => stateOf(b) === "Slave" && inStep(a, b));
  await eventually("each knows the other's version", () => a.ha.handover().ok, 5_000);
  await eventually("and gives it the role on an operator's word", () => stateOf(b) === "Master");
  assert.deepEqual(refused, [], "the old unit was sent nothing that it did not know");
  assert.ok(!a.ha.events(1_000).some(({ code }) => code === "message-refused"));
  assert.deepEqual(a.fatal.concat(b.fatal), []);
});

/** As a unit of a version of the future would look to this one, and this one to it. */
const speaking =
  (version: number) =>
  (seams: HaSeams): HaSeams => ({
    ...seams,
    openLink: ({ onEvent, answer }) => {
      const shifted = (message: Json, by: number): Json =>
        message !== null && typeof message === "object" && "wire" in message
          ? { ...(message as { [member: string]: Json }), wire: Number(message.wire) + by }
          : message;
      const by = version - wireVersion;
      const link = seams.openLink({
        answer: () => shifted(answer(), by),
        onEvent: (event) =>
          onEvent(
            event.kind === "message" ? { kind: "message", message: shifted(event.message, by) } : event,
          ),
      });
      return {
        start: () => link.start(),
        setPeer: (peer) => link.setPeer(peer),
        get isUp() {
          return link.isUp;
        },
        send: (message) => link.send(shifted(message, by)),
        connectNow: () => link.connectNow(),
        close: (reason) => link.close(reason),
      };
    },
  });

test("a peer two wire versions away: both stand alone and say why, the last Master goes on, nothing is lost, and the pair forms again by itself", async (t) => {
  const a = await startCentral(t, "central1", "127.0.0.1");
  const b = await startCentral(t, "central2", "127.0.0.2");
  await addNetwork(a, "10.1.0.0/16", "of A");
  await addNetwork(b, "10.2.0.0/16", "of B");
  await setUp(a, b);
  b.adapt = speaking(wireVersion + 2);
  await b.kill();
  await b.restart();
  await eventually(
    "both stand alone",
    () => stateOf(a) === "Standalone" && stateOf(b) === "Standalone",
    10_000,
  );
  const reason = a.ha.status().ourReason;
  assert.match(reason, /wire version 4, this unit 2/);
  assert.match(reason, /upgrade this unit/);
  assert.ok(a.ha.isActing && !b.ha.isActing, "the last Master, and it alone");
  assert.deepEqual(await addNetwork(a, "10.3.0.0/16", "made on A"), { ok: true, value: "this unit only" });
  assert.deepEqual(await addNetwork(b, "10.4.0.0/16", "made on B"), { ok: true, value: "this unit only" });
  const said = a.ha.events(1_000).filter(({ message }) => message.includes("wire version"));
  assert.equal(said.length, 1, "said once, however many messages come");

  b.adapt = (seams) => seams;
  await b.kill();
  await b.restart();
  await eventually(
    "a pair again",
    () => [stateOf(a), stateOf(b)].sort().join() === "Master,Slave" && inStep(a, b),
    20_000,
  );
  assert.equal(names(b)["10.3.0.0/16"], "made on A");
  assert.equal(names(a)["10.4.0.0/16"], "made on B");
  assert.deepEqual(a.fatal.concat(b.fatal), []);
});
