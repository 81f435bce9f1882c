import assert from "node:assert/strict";
import { test } from "node:test";
import { countMarks } from "./conntrack-list.ts";

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
