import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { realWorld } from "../real-world.ts";
import { Acknowledgements, acknowledgementWaitMs } from "./acknowledgements.ts";

const change = (summary: string) => ({ at: 0, author: "admin", summary });
const [x, y] = ["00000000000000aa", "00000000000000bb"];

test("[CH21] without a peer a change is acknowledged alone at once, and listed until the peer has it", async () => {
  const acknowledgements = new Acknowledgements(realWorld);
  assert.equal(await acknowledgements.await({ [x]: 1 }, change("first"), false), "this unit only");
  assert.equal(await acknowledgements.await({ [x]: 2 }, change("second"), false), "this unit only");
  acknowledgements.reported({ [x]: 1, [y]: 7 });
  assert.deepEqual(acknowledgements.onlyHere(), { count: 1, newest: [change("second")] });
  acknowledgements.reported({ [x]: 2 });
  assert.equal(acknowledgements.onlyHere().count, 0);
});

test("[CH21] a connected peer is waited for one second, and no longer", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const acknowledgements = new Acknowledgements(realWorld);
    let answer: string | undefined;
    const waiting = acknowledgements.await({ [x]: 1 }, change("first"), true).then((value) => {
      answer = value;
    });
    acknowledgements.reported({ [y]: 5 });
    mock.timers.tick(acknowledgementWaitMs - 1);
    await Promise.resolve();
    assert.equal(answer, undefined);
    mock.timers.tick(1);
    await waiting;
    assert.equal(answer, "this unit only");
    // Late is better than never: it is no longer listed.
    acknowledgements.reported({ [x]: 1 });
    assert.equal(acknowledgements.onlyHere().count, 0);
  } finally {
    mock.timers.reset();
  }
});

test("[CH21] what the peer had before it was gone does not count for what is committed after", async () => {
  const acknowledgements = new Acknowledgements(realWorld);
  acknowledgements.reported({ [x]: 5 });
  assert.equal(await acknowledgements.await({ [x]: 5 }, change("nothing new"), true), "both");
  acknowledgements.disconnected();
  assert.equal(await acknowledgements.await({ [x]: 5 }, change("nothing new"), false), "this unit only");
});

test("the list is bounded, and its number stays right", async () => {
  const acknowledgements = new Acknowledgements(realWorld);
  for (let seq = 1; seq <= 500; seq += 1) await acknowledgements.await({ [x]: seq }, change(`${seq}`), false);
  assert.equal(acknowledgements.onlyHere().count, 500);
  assert.ok(acknowledgements.onlyHere().newest.length < 500);
  assert.equal(acknowledgements.onlyHere().newest.at(-1)?.summary, "500");
  acknowledgements.reported({ [x]: 499 });
  assert.deepEqual(acknowledgements.onlyHere(), { count: 1, newest: [change("500")] });
});

test("[CH13] [CH21] what was overwritten is no longer listed: it is in the backup, and no peer will ever report it", async () => {
  const acknowledgements = new Acknowledgements(realWorld);
  await acknowledgements.await({ [x]: 1 }, change("of a configuration that is overwritten"), false);
  acknowledgements.overwritten();
  assert.equal(acknowledgements.onlyHere().count, 0);
});
