import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, type Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import { storedService } from "../unit.fixture.ts";
import { digestOf, emptyShared, type SharedContent } from "./document.ts";

test("[LH11] the digest is that of the canonical JSON, also of services that were seen before", () => {
  const plain = (shared: SharedContent): string => sha256Hex(canonicalJson(shared as unknown as Json));
  const services = [storedService(), storedService({ index: 2, nickname: 'a "quoted" name' })];
  const one: SharedContent = { ...emptyShared, services };
  const two: SharedContent = { ...one, services: [...services, storedService({ index: 3 })] };
  for (const shared of [emptyShared, one, two, one]) assert.equal(digestOf(shared), plain(shared));
  assert.notEqual(digestOf(one), digestOf(two));
});
