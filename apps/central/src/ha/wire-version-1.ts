/**
 * Wire version 1 as a codec of its own, for tests: its schemas, pinned by their hash in `@tandem/pair`'s
 * `wire.test.ts`, and its rules. Every message says `wire: 1`; a type it does not know is refused; a member it does
 * not know is not looked at, which comes to the same as not being there.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Json } from "@tandem/base/canonical-json";
import { compiledCheck } from "@tandem/base/compiled-check";
import type { TSchema } from "@tandem/base/schema";
import type { HaSeams, Link } from "./seams.ts";

type ObjectSchema = TSchema & { readonly properties: { readonly [member: string]: unknown } };
type Members = { readonly [member: string]: Json };

const schemas = JSON.parse(
  readFileSync(fileURLToPath(import.meta.resolve("@tandem/pair/wire-version-1.json")), "utf8"),
) as { readonly [type: string]: ObjectSchema };

const checks = new Map(Object.values(schemas).map((schema) => [schema, compiledCheck(schema)]));

/** The message as version 1 has it; undefined when it has none such. */
function asVersion1(message: Json): Json | undefined {
  if (message === null || typeof message !== "object" || Array.isArray(message)) return undefined;
  const members = message as Members;
  const schema = Object.hasOwn(schemas, String(members.type)) ? schemas[String(members.type)] : undefined;
  if (schema === undefined) return undefined;
  const known = Object.fromEntries(Object.entries(members).filter(([member]) => member in schema.properties));
  const translated: Json = known.wire === undefined ? known : { ...known, wire: 1 };
  return checks.get(schema)?.(translated) === true ? translated : undefined;
}

/** Makes a unit one of wire version 1, towards its peer and from it. `refused`: the types of what a peer sent that version 1 does not know. */
export function speakingVersion1(seams: HaSeams, refused: string[]): HaSeams {
  return {
    ...seams,
    openLink: ({ onEvent, answer }): Link => {
      const link = seams.openLink({
        answer: () => asVersion1(answer()) ?? null,
        onEvent: (event) => {
          if (event.kind !== "message") return onEvent(event);
          const message = asVersion1(event.message);
          if (message === undefined) refused.push(String((event.message as Members | null)?.type));
          else onEvent({ kind: "message", message });
        },
      });
      return {
        start: () => link.start(),
        setPeer: (peer) => link.setPeer(peer),
        get isUp() {
          return link.isUp;
        },
        send: (message) => {
          const translated = asVersion1(message);
          // What version 1 has no message for it would never have said.
          return translated !== undefined && link.send(translated);
        },
        connectNow: () => link.connectNow(),
        close: (reason) => link.close(reason),
      };
    },
    askPeer: async (peer) => {
      const answer = await seams.askPeer(peer);
      return answer.kind === "answer" ? { ...answer, heartbeat: { ...answer.heartbeat, wire: 1 } } : answer;
    },
  };
}
