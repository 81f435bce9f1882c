import assert from "node:assert/strict";
import { test } from "node:test";
import { Sessions, sessionAbsoluteMaxMs, sessionIdleMaxMs, sessionsMax } from "./sessions.ts";

test("[CE4] a session ends when it was idle too long, and at its absolute end however much it is used", () => {
  const sessions = new Sessions();
  const idle = sessions.open("admin", 0);
  assert.equal(sessions.use(idle.token, sessionIdleMaxMs - 1)?.user, "admin");
  assert.equal(sessions.use(idle.token, 2 * sessionIdleMaxMs - 2)?.user, "admin");
  assert.equal(sessions.use(idle.token, 3 * sessionIdleMaxMs), undefined);
  assert.equal(sessions.size, 0);

  const busy = sessions.open("admin", 0);
  const step = sessionIdleMaxMs / 2;
  for (let now = step; now < sessionAbsoluteMaxMs; now += step) assert.ok(sessions.use(busy.token, now));
  assert.equal(sessions.use(busy.token, sessionAbsoluteMaxMs), undefined);
});

test("[CE4] the number of sessions is bounded: the one idle longest gives way", () => {
  const sessions = new Sessions();
  const tokens = Array.from({ length: sessionsMax }, (_, now) => sessions.open("admin", now).token);
  assert.ok(sessions.use(tokens[0] as string, sessionsMax));
  sessions.open("admin", sessionsMax);
  assert.equal(sessions.size, sessionsMax);
  assert.ok(sessions.use(tokens[0] as string, sessionsMax));
  assert.equal(sessions.use(tokens[1] as string, sessionsMax), undefined);
});

test("[CE4] whoever looks whether a session is open does not prolong it", () => {
  const sessions = new Sessions();
  const { token, session } = sessions.open("admin", 0);
  for (let now = 0; now < sessionIdleMaxMs; now += 60_000) assert.ok(sessions.isOpen(session.id, now));
  assert.equal(sessions.isOpen(session.id, sessionIdleMaxMs), false);
  assert.equal(sessions.use(token, sessionIdleMaxMs), undefined);
  assert.equal(sessions.isOpen("unknown", 0), false);
});
