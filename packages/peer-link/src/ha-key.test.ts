import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import { unitIdOf } from "@tandem/base/ids";
import fc from "fast-check";
import { formatHaKey, parseHaKey } from "./ha-key.ts";

const fingerprints = fc.string().map(sha256Hex);
const codeOf = (text: string): string => {
  const parsed = parseHaKey("peerKey", text);
  return parsed.ok ? "ok" : parsed.error.code;
};

test("[CH14] every HA key reads back, in lower case and with the white space of a copied text as well", () => {
  fc.assert(
    fc.property(fingerprints, (fingerprint) => {
      const text = formatHaKey(fingerprint);
      for (const variant of [text, text.toLowerCase(), ` ${text.replaceAll("-", "\n")} `]) {
        const parsed = parseHaKey("peerKey", variant);
        assert.deepEqual(parsed, { ok: true, value: { fingerprint, unit: unitIdOf(fingerprint) } });
      }
    }),
  );
});

test("[CH14] a key with one wrong, missing or exchanged character is mistyped, never another unit's key", () => {
  fc.assert(
    fc.property(
      fingerprints,
      fc.nat(),
      fc.constantFrom(..."0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
      (fingerprint, at, digit) => {
        const text = formatHaKey(fingerprint).replaceAll("-", "");
        const index = "TANDEM1".length + (at % (text.length - "TANDEM1".length));
        if (text[index] !== digit)
          assert.equal(codeOf(text.slice(0, index) + digit + text.slice(index + 1)), "ha-key-mistyped");
        assert.equal(codeOf(text.slice(0, index) + text.slice(index + 1)), "ha-key-mistyped");
        const next = text[index + 1];
        if (next !== undefined && next !== text[index])
          assert.equal(
            codeOf(text.slice(0, index) + next + text[index] + text.slice(index + 2)),
            "ha-key-mistyped",
          );
      },
    ),
  );
});

test("[CH14] what is no HA key at all is said to be that, with what would be right", () => {
  assert.equal(codeOf(""), "ha-key-missing");
  assert.equal(codeOf("hunter2"), "ha-key-format");
  assert.equal(codeOf(formatHaKey(sha256Hex("x")).replace("TANDEM1", "TANDEM2")), "ha-key-version");
  assert.equal(codeOf("x".repeat(1_000_000)), "ha-key-format");
  const parsed = parseHaKey("peerKey", "hunter2");
  assert.ok(
    !parsed.ok && parsed.error.field === "peerKey" && parsed.error.remedy.includes("HA Key for this Peer"),
  );
});
