import assert from "node:assert/strict";
import { test } from "node:test";
import { storedService } from "../unit.fixture.ts";
import { emptyShared, newDocument, type StoredService, type UnitDocument, withShared } from "./document.ts";
import {
  changesInWords,
  changesToldMax,
  documentsRememberedMax,
  Revisions,
  revisionOf,
} from "./revisions.ts";

const service = (index: number, changes: Partial<StoredService> = {}): StoredService =>
  storedService({
    index,
    address: "10.0.0.1",
    servers: [{ index: 7, address: "10.0.1.1", port: 8080, weight: 1_000, limit: 0, enabled: true }],
    ...changes,
  });
const start = newDocument("lm1", "hash");
const having = (document: UnitDocument, ...services: StoredService[]): UnitDocument =>
  withShared(document, { ...document.shared, services });

test("[CH22] what was added, removed and changed since a revision is told by object and field", () => {
  const revisions = new Revisions();
  const before = having(start, service(1), service(2));
  revisions.remember(before);
  const after = having(
    before,
    service(1, { check: { ...service(1).check, codes: [404], url: "/up" }, servers: [] }),
    service(3, { servers: [] }),
  );
  assert.notEqual(revisionOf(before), revisionOf(after));
  assert.deepEqual(revisions.differenceSince(revisionOf(before), after.shared), {
    since: "known",
    changes: [
      { what: "real server 7 (10.0.1.1:8080) of virtual service 1", change: "removed" },
      { what: "virtual service 2 (10.0.0.1:80)", change: "removed" },
      { what: "real server 7 (10.0.1.1:8080) of virtual service 2", change: "removed" },
      {
        what: "virtual service 1 (10.0.0.1:80)",
        change: "changed",
        field: "check.codes",
        before: "[]",
        after: "[404]",
      },
      { what: "virtual service 1 (10.0.0.1:80)", change: "changed", field: "check.url", after: "/up" },
      { what: "virtual service 3 (10.0.0.1:80)", change: "added" },
    ],
  });
});

test("units that counted alike while they were cut off have different revisions", () => {
  const [one, two] = [having(start, service(1)), having(start, service(1, { port: 81 }))];
  assert.equal(one.revision, two.revision);
  assert.notEqual(revisionOf(one), revisionOf(two));
});

test("[CH22] a revision that is remembered no longer is answered with everything as it is", () => {
  const revisions = new Revisions();
  let document = start;
  const first = revisionOf(document);
  for (let n = 0; n <= documentsRememberedMax; n += 1) {
    revisions.remember(document);
    document = having(document, service(1, { port: 1_000 + n }));
  }
  assert.equal(revisions.remembered.length, documentsRememberedMax);
  const difference = revisions.differenceSince(first, document.shared);
  assert.ok(difference.since === "too-long-ago");
  assert.match(difference.present[0] ?? "", /^virtual service 1 \(10\.0\.0\.1:1050\): .*schedule rr/);
});

test("a difference and a line of the log are of bounded length, and name no secret's value", () => {
  const revisions = new Revisions();
  revisions.remember(start);
  const many = Array.from({ length: 300 }, (_, n) => service(n + 1, { servers: [] }));
  const after = having(start, ...many);
  const difference = revisions.differenceSince(revisionOf(start), after.shared);
  assert.ok(difference.since === "known");
  assert.equal(difference.changes.length, changesToldMax + 1);
  assert.equal(difference.changes.at(-1)?.what, "100 more changes");
  assert.match(changesInWords(start, after), /; 290 more$/);
  const { unit } = start;
  assert.equal(
    changesInWords(start, { ...start, unit: { ...unit, passwordHash: "other hash", hawaitSeconds: 9 } }),
    "this unit: hawaitSeconds from 0 to 9; this unit: password changed",
  );
  assert.equal(changesInWords(start, { ...start, shared: { ...emptyShared } }), "");
});
