import assert from "node:assert/strict";
import test from "node:test";
import { Type } from "@tandem/base/schema";
import { newSigningKeyPem, signingKeyFrom } from "./keys.ts";
import { documentMaxCharacters, readDocument, signDocument } from "./signed-document.ts";

const schema = Type.Object({ number: Type.Integer() });
const key = signingKeyFrom(newSigningKeyPem());
const other = signingKeyFrom(newSigningKeyPem());
const read = (text: string, type = "a", keys: readonly string[] | "any" = [key.publicKey]) =>
  readDocument(text, { type, schema, keys });
const codeOf = async (reading: ReturnType<typeof read>): Promise<string> => {
  const result = await reading;
  return result.ok ? "ok" : result.error.code;
};

test("what was signed is read, with the key that signed it", async () => {
  const text = await signDocument("a", { number: 7 }, key);
  assert.deepEqual(await read(text), { ok: true, value: { claims: { number: 7 }, key: key.publicKey } });
  assert.equal(await codeOf(read(text, "a", "any")), "ok");
});

test("a document of another kind, key, or shape is told from a forged one", async () => {
  const text = await signDocument("a", { number: 7 }, key);
  assert.equal(await codeOf(read(text, "b")), "wrong-type");
  assert.equal(await codeOf(read(await signDocument("a", { number: 7 }, other))), "unknown-key");
  assert.equal(await codeOf(read(await signDocument("a", { number: "7" }, key))), "claims-wrong");
  const [header = "", , signature = ""] = text.split(".");
  const forged = Buffer.from('{"number":8}').toString("base64url");
  assert.equal(await codeOf(read([header, forged, signature].join("."))), "signature-wrong");
});

test("a truncated document is refused wherever it is cut, and so is one that is too long", async () => {
  const text = await signDocument("a", { number: 7 }, key);
  for (let length = 0; length < text.length; length += 1)
    assert.ok(["not-a-document", "signature-wrong"].includes(await codeOf(read(text.slice(0, length)))));
  assert.equal(await codeOf(read("x".repeat(documentMaxCharacters + 1))), "not-a-document");
});
