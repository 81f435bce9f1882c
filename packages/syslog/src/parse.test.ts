import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { syslogLineMaxBytes } from "./constants.ts";
import { facilities, severities } from "./message.ts";
import { parseSyslog } from "./parse.ts";

const goldens = join(import.meta.dirname, "../goldens");

/** The parts that a line has, one per row: what a reviewer reads beside the line itself. */
const described = (line: string): string => {
  const { severity, facility, ...parts } = parseSyslog(line);
  const rows = Object.entries({
    severity: severity === null ? null : severities[severity],
    facility: facility === null ? null : facilities[facility],
    ...parts,
  });
  return `${JSON.stringify(line)}\n${rows
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `  ${name.padEnd(14)} ${JSON.stringify(value)}\n`)
    .join("")}`;
};

test("[CH2] lines of RFC 5424, of RFC 3164 and of neither are told apart as the golden shows", () => {
  const lines = JSON.parse(readFileSync(join(goldens, "lines.json"), "utf8")) as string[];
  const text = lines.map(described).join("\n");
  const path = join(goldens, "lines.golden");
  if (process.env.UPDATE_TRANSCRIPTS) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, "utf8"));
});

test("[CH2] any text yields a message, and what it says is not lost", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("<34>", "<191>", "<192>", "1 ", "- ", '[a@1 b="', '"]', "\\", " ", "\ufeff", "\0", "\n"),
    fc.constantFrom("Nov 25 14:03:07 ", "2026-11-25T14:03:07.003Z ", "lm1 ", "app[12]: ", "::1 "),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const line = pieces.join("");
      const parsed = parseSyslog(line);
      const { severity, facility, ...texts } = parsed;
      assert.ok(severity === null || severities[severity] !== undefined);
      assert.ok(facility === null || facilities[facility] !== undefined);
      // Every letter and digit of the line is in one of the parts, or in the priority and the version before them.
      const letters = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, "");
      const kept = Object.values(texts)
        .map((value) => letters(value ?? ""))
        .join("").length;
      const whole = letters(line.slice(0, syslogLineMaxBytes)).length;
      assert.ok(
        whole - kept <= (severity === null ? 0 : 4),
        `${whole - kept} are lost of ${JSON.stringify(line)}`,
      );
      if (severity === null)
        assert.equal(parsed.message, line.replace(/[\0\r\n]+$/, "").replaceAll("\0", "\ufffd"));
    }),
    { numRuns: 2_000 },
  );
});

test("what RFC 5424 writes is read back part by part", () => {
  const printable = (max: number) =>
    fc
      .string({ unit: fc.constantFrom(..."abcXYZ019./_:[]=%~"), minLength: 1, maxLength: max })
      .filter((text) => text !== "-");
  const orNil = (max: number) => fc.option(printable(max), { nil: null });
  const name = fc.string({ unit: fc.constantFrom(..."abc@019."), minLength: 1, maxLength: 32 });
  const escaped = (text: string): string => text.replace(/["\\\]]/g, "\\$&");
  const element = fc
    .tuple(
      name,
      fc.array(
        fc.tuple(
          name,
          fc.string({ maxLength: 20 }).filter((text) => !text.includes("\0")),
        ),
        { maxLength: 3 },
      ),
    )
    .map(([id, pairs]) => `[${id}${pairs.map(([key, value]) => ` ${key}="${escaped(value)}"`).join("")}]`);
  fc.assert(
    fc.property(
      fc.record({
        facility: fc.nat(23),
        severity: fc.nat(7),
        time: fc.constantFrom(null, "2026-11-25T14:03:07Z", "2026-11-25T14:03:07.123456+02:00"),
        host: orNil(255),
        app: orNil(48),
        procid: orNil(128),
        msgid: orNil(32),
        structuredData: fc.option(
          fc.array(element, { minLength: 1, maxLength: 3 }).map((elements) => elements.join("")),
          { nil: null },
        ),
        message: fc
          .string({ unit: "binary" })
          .filter((text) => !/[\0\r\n]/.test(text) && !text.startsWith("\ufeff")),
      }),
      (said) => {
        const { facility, severity, message, ...header } = said;
        const words = [
          header.time,
          header.host,
          header.app,
          header.procid,
          header.msgid,
          header.structuredData,
        ];
        const line = `<${facility * 8 + severity}>1 ${words.map((word) => word ?? "-").join(" ")} ${message}`;
        assert.deepEqual({ ...parseSyslog(line) }, { ...said });
      },
    ),
  );
});

test("a line longer than the bound is cut", () => {
  const { severity, message } = parseSyslog(`<0>${"x".repeat(3 * syslogLineMaxBytes)}`);
  assert.deepEqual([severity, message.length], [0, syslogLineMaxBytes - 3]);
});
