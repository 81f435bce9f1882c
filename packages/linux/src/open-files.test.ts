import assert from "node:assert/strict";
import { test } from "node:test";
import { openFilesMax, parseOpenFilesMax } from "./open-files.ts";

test("the hard limit of open files is read as the kernel writes it", () => {
  const limits = (hard: string) =>
    `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 ${hard}                files     \n`;
  assert.equal(parseOpenFilesMax(limits("20000")), 20_000);
  assert.equal(parseOpenFilesMax(limits("unlimited")), Number.POSITIVE_INFINITY);
  assert.ok(openFilesMax() > 100);
  assert.equal(openFilesMax("/nowhere"), Number.POSITIVE_INFINITY);
});
