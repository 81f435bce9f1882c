import { haEvent } from "@tandem/loadmaster-api/ha-view";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UnitError } from "../api/unit-error.ts";
import { followStatus } from "./follow-status.ts";
import { pairView } from "./live.fixture.ts";

class FakeSource extends EventTarget {
  static opened: FakeSource[] = [];
  isClosed = false;
  constructor() {
    super();
    FakeSource.opened.push(this);
  }
  close(): void {
    this.isClosed = true;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.opened = [];
  vi.stubGlobal("EventSource", FakeSource);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const view = pairView();
const listener = () => ({
  view: vi.fn(),
  lost: vi.fn(),
  signedOut: vi.fn(),
  ask: vi.fn(async () => view),
});
const breakOff = (source: FakeSource | undefined): void => {
  source?.dispatchEvent(new Event("error"));
};

test("[LH9] every state that the unit sends is told at once", () => {
  const heard = listener();
  const end = followStatus(heard);
  FakeSource.opened[0]?.dispatchEvent(new MessageEvent(haEvent, { data: JSON.stringify(view) }));
  expect(heard.view).toHaveBeenCalledWith(view);
  end();
  expect(FakeSource.opened[0]?.isClosed).toBe(true);
});

test("[LH9] a unit that does not answer any more is told of, and its stream opened again once it does", async () => {
  const heard = listener();
  heard.ask.mockRejectedValueOnce(new TypeError("fetch failed"));
  const end = followStatus(heard);
  breakOff(FakeSource.opened[0]);
  await vi.advanceTimersByTimeAsync(0);
  expect(heard.lost).toHaveBeenCalledOnce();
  expect(FakeSource.opened).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(heard.view).toHaveBeenCalledWith(view);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(FakeSource.opened).toHaveLength(2);
  end();
});

test("[LH9] a unit that has no stream to give is asked instead, and is not called lost", async () => {
  const heard = listener();
  const end = followStatus(heard);
  for (let round = 0; round < 3; round += 1) {
    breakOff(FakeSource.opened.at(-1));
    await vi.advanceTimersByTimeAsync(2_000);
  }
  expect(heard.view).toHaveBeenCalledTimes(3);
  expect(FakeSource.opened).toHaveLength(4);
  expect(heard.lost).not.toHaveBeenCalled();
  end();
});

test("[LH9] a stream that falls silent without a word is asked after", async () => {
  const heard = listener();
  const end = followStatus(heard);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard.ask).toHaveBeenCalledOnce();
  expect(heard.lost).not.toHaveBeenCalled();
  heard.ask.mockRejectedValueOnce(new TypeError("fetch failed"));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard.lost).toHaveBeenCalledOnce();
  expect(FakeSource.opened[0]?.isClosed).toBe(true);
  end();
});

test("[LH9] who is not signed in any more is led back to the sign-in", async () => {
  const heard = listener();
  heard.ask.mockRejectedValueOnce(new UnitError(401, []));
  const end = followStatus(heard);
  breakOff(FakeSource.opened[0]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(heard.signedOut).toHaveBeenCalledOnce();
  expect(heard.lost).not.toHaveBeenCalled();
  expect(FakeSource.opened).toHaveLength(1);
  end();
});
