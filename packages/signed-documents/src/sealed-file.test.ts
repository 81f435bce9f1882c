import assert from "node:assert/strict";
import { test } from "node:test";
import { isWhole, sealed, unsealed } from "./sealed-file.ts";

const head = { format: "some-format-1", about: { name: "central1" } };
const content = Buffer.from("what must not be read");
const parsed = (file: Buffer): { [member: string]: unknown } => JSON.parse(file.toString());

test("a sealed file opens with its pass phrase alone, whatever way the phrase is composed", async () => {
  const file = await sealed(content, "pass phrase \u00e9", head);
  assert.ok(!file.includes("must not be read"));
  assert.deepEqual(parsed(file).about, head.about);
  const opened = await unsealed(parsed(file), "pass phrase e\u0301");
  assert.ok(opened.ok);
  assert.deepEqual(opened.value, content);
  assert.deepEqual(await unsealed(parsed(file), "another"), { ok: false, error: "not-opened" });
  assert.deepEqual(await unsealed(parsed(file), undefined), { ok: false, error: "pass-phrase-missing" });
});

test("what stands beside the content is authenticated with it", async () => {
  const file = parsed(await sealed(content, "phrase", head));
  const faultOf = async (changed: object): Promise<unknown> => {
    const opened = await unsealed({ ...file, ...changed }, "phrase");
    return opened.ok ? "opened" : opened.error;
  };
  assert.equal(await faultOf({ about: { name: "central2" } }), "not-opened");
  assert.equal(await faultOf({ about: undefined }), "not-opened");
  assert.equal(await faultOf({ format: "some-format-2" }), "not-opened");
  assert.equal(await faultOf({ data: String(file.data).slice(0, -8) }), "not-opened");
  assert.equal(await faultOf({ data: "?" }), "not-whole");
  assert.equal(await faultOf({ key: {} }), "not-whole");
  assert.ok(isWhole(file) && !isWhole({ ...file, cipher: null }));
});
