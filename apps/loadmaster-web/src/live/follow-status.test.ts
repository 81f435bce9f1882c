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

const listener = () => ({ view: vi.fn(), lost: vi.fn(), signedOut: vi.fn(), ask: vi.fn(async () => ({})) });

test("[LH9] every state that the unit sends is told at once", () => {
  const heard = listener();
  const end = followStatus(heard);
  const view = pairView();
  FakeSource.opened[0]?.dispatchEvent(new MessageEvent(haEvent, { data: JSON.stringify(view) }));
  expect(heard.view).toHaveBeenCalledWith(view);
  end();
  expect(FakeSource.opened[0]?.isClosed).toBe(true);
});

test("[LH9] a stream that breaks off is told of, and opened again once the unit answers", async () => {
  const heard = listener();
  heard.ask.mockRejectedValueOnce(new TypeError("fetch failed"));
  const end = followStatus(heard);
  FakeSource.opened[0]?.dispatchEvent(new Event("error"));
  expect(heard.lost).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(FakeSource.opened).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(FakeSource.opened).toHaveLength(2);
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
  end();
});

test("[LH9] who is not signed in any more is led back to the sign-in", async () => {
  const heard = listener();
  heard.ask.mockRejectedValueOnce(new UnitError(401, []));
  const end = followStatus(heard);
  FakeSource.opened[0]?.dispatchEvent(new Event("error"));
  await vi.advanceTimersByTimeAsync(2_000);
  expect(heard.signedOut).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSource.opened).toHaveLength(1);
  end();
});
