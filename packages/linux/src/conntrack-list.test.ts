import assert from "node:assert/strict";
import { test } from "node:test";
import { countMarks, flowIn } from "./conntrack-list.ts";

test("connections are counted by their mark", () => {
  const line = (port: number, mark: number): string =>
    `tcp      6 431999 ESTABLISHED src=10.0.0.9 dst=10.0.0.1 sport=${port} dport=80 src=10.1.0.31 dst=10.0.0.9 sport=80 dport=${port} [ASSURED] mark=${mark} use=1`;
  const text = [line(1, 436_207_617), line(2, 436_207_617), line(3, 436_207_618), ""].join("\n");
  assert.deepEqual(
    [...countMarks(text)],
    [
      [436_207_617, 2],
      [436_207_618, 1],
    ],
  );
  assert.equal(countMarks("").size, 0);
});

test("a flow of UDP is read with both its ways, answered or not", () => {
  const ends = "src=10.0.0.9 dst=10.0.0.1 sport=4000 dport=53";
  const back = "src=10.1.0.31 dst=10.0.0.9 sport=5353 dport=4000";
  const flow = {
    from: "10.0.0.9",
    fromPort: 4_000,
    to: "10.0.0.1",
    toPort: 53,
    back: { from: "10.1.0.31", fromPort: 5_353, to: "10.0.0.9", toPort: 4_000 },
    mark: 436_207_617,
  };
  for (const [between, after] of [
    ["", " [ASSURED]"],
    [" [UNREPLIED]", ""],
  ])
    assert.deepEqual(flowIn(`udp      17 29 ${ends}${between} ${back}${after} mark=436207617 use=1`), flow);
  assert.deepEqual(flowIn(`udp      17 29 ${ends} ${back} use=1`), { ...flow, mark: 0 });
  assert.equal(flowIn("conntrack v1.4.7: 0 flow entries have been shown."), undefined);
});
