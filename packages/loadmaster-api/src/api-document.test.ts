import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { apiDocument } from "./api-document.ts";
import { isCommand } from "./commands.ts";
import { otherCommands } from "./other-commands.ts";

const document = fileURLToPath(new URL("../../../docs/api.md", import.meta.url));

test("[LM2] docs/api.md says what the table of commands says", () => {
  const text = apiDocument();
  if (process.env.UPDATE_TRANSCRIPTS === "1") writeFileSync(document, text);
  assert.equal(text, readFileSync(document, "utf8"), "UPDATE_TRANSCRIPTS=1 writes it anew");
});

test("[LM2] no command is both there and not available, and none is named twice", () => {
  const names = otherCommands.flatMap((each) => each.names);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(names.filter(isCommand), []);
});
