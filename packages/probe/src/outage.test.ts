import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "./outage.ts";
import { clientView, outagesOf, quantile } from "./outage.ts";

const good = (start: number, server = "web1"): Sample => ({
  start,
  end: start + 2,
  status: 200,
  server,
  failure: "",
});
const bad = (start: number, failure = "timeout"): Sample => ({
  start,
  end: start + 1_000,
  status: 0,
  server: "",
  failure,
});

test("the outage is the longest time between the starts of two consecutive successes", () => {
  const samples = [good(0), good(10), bad(20), bad(30), good(90, "web2"), good(100, "web3")];
  const view = clientView(samples, 0, 100);
  assert.equal(view.outageMs, 80);
  assert.deepEqual([view.requests, view.succeeded, view.failed], [6, 4, 2]);
  assert.deepEqual(view.failures, { timeout: 2 });
  assert.deepEqual(view.servers, { web1: 2, web2: 1, web3: 1 });
});

test("an outage that crosses the window's edges is not cut short", () => {
  const samples = [good(0), good(500), good(1_000)];
  assert.equal(clientView(samples, 400, 600).outageMs, 500);
});

test("an outage that has not ended counts to the end of the window", () => {
  assert.equal(clientView([good(0), bad(10)], 0, 5_000).outageMs, 5_000);
});

test("with no success at all the whole window is the outage", () => {
  const view = clientView([bad(10, "ECONNREFUSED")], 0, 300);
  assert.equal(view.outageMs, 300);
  assert.equal(view.slowestMs, 0);
});

test("an answer with an error status is a failure, named by its status", () => {
  const view = clientView([{ ...good(0), status: 503 }], 0, 10);
  assert.deepEqual(view.failures, { "HTTP 503": 1 });
  assert.equal(view.succeeded, 0);
});

test("samples count whatever the order they ended in", () => {
  assert.equal(clientView([good(100), good(0), good(50)], 0, 100).outageMs, 50);
});

test("quantile by nearest rank", () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  assert.equal(quantile([3, 1, 2], 1), 3);
  assert.equal(quantile([], 0.5), 0);
});

test("lost requests are told apart: too late, refused, and cut in the middle", () => {
  const samples = [
    bad(0),
    bad(10, "ECONNREFUSED"),
    bad(20, "ECONNRESET"),
    bad(30, "incomplete"),
    { ...good(40), status: 503 },
  ];
  const view = clientView(samples, 0, 100);
  assert.deepEqual([view.failed, view.lost], [5, 4]);
  assert.deepEqual([view.timeouts, view.refused, view.resets], [1, 1, 2]);
});

test("outages beyond a threshold, each with its edges; of too many the longest are kept", () => {
  const samples = [0, 10, 60, 70, 170, 180, 240].map((start) => good(start));
  const window = { from: 0, to: 240 };
  const of = (outagesMax: number) => outagesOf(samples, window, { thresholdMs: 30, outagesMax });
  assert.deepEqual(of(10), [
    { from: 10, to: 60 },
    { from: 70, to: 170 },
    { from: 180, to: 240 },
  ]);
  assert.deepEqual(of(2), [
    { from: 70, to: 170 },
    { from: 180, to: 240 },
  ]);
});
