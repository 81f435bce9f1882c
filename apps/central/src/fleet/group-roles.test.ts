import assert from "node:assert/strict";
import { test } from "node:test";
import { roleChangesMax } from "@tandem/central-api/ha-groups";
import { afterActiveSeen, type KnownRole } from "./group-roles.ts";

const at = (seconds: number): string => new Date(1_700_000_000_000 + seconds * 1_000).toISOString();
const seen = (active: string, since: number | null, sight: number) => ({
  active,
  since: since === null ? null : at(since),
  at: at(sight),
});

test("[CH19] a change of role is told once, with from, to and when; the first sight is none", () => {
  const first = afterActiveSeen(undefined, seen("a", 0, 5));
  assert.deepEqual(first, { after: { active: "a", since: at(0), changes: [] }, change: null });
  const known = first?.after as KnownRole;
  assert.equal(afterActiveSeen(known, seen("a", 0, 60)), null);
  assert.equal(afterActiveSeen(known, seen("a", 1, 60)), null, "a unit tells whole seconds");
  const moved = afterActiveSeen(known, seen("b", 70, 80));
  assert.deepEqual(moved?.change, { at: at(70), from: "a", to: "b" });
  assert.equal(afterActiveSeen(moved.after, seen("b", 70, 140)), null);
  assert.equal(
    afterActiveSeen(moved.after, seen("a", 0, 60)),
    null,
    "what was seen before it is no change back",
  );
  const back = afterActiveSeen(moved.after, seen("b", 100, 140));
  assert.deepEqual(back?.change, { at: at(100), from: "b", to: "b" }, "it was not active in between");
  assert.deepEqual(afterActiveSeen(known, seen("b", null, 80))?.change?.at, at(80), "when it was seen");
});

test("of many changes the latest are kept", () => {
  let known: KnownRole = { active: "a", since: at(0), changes: [] };
  for (let n = 1; n <= roleChangesMax + 5; n += 1)
    known = afterActiveSeen(known, seen(n % 2 ? "b" : "a", n * 10, n * 10 + 1))?.after ?? known;
  assert.equal(known.changes.length, roleChangesMax);
  assert.equal(known.changes[0]?.at, at((roleChangesMax + 5) * 10));
});
