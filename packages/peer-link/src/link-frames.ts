/**
 * What two units say to each other on a new connection before either of them says anything of the pair's:
 * the opener says hello, the other end welcomes it, answers its one question, or tells it that it is not known.
 * After the welcome every frame is a message of the pair's, in both directions.
 */
import type { Json } from "@tandem/base/canonical-json";

export const linkVersion = 1;

export type Hello = {
  readonly type: "hello";
  readonly version: number;
  readonly purpose: "link" | "question";
};
export type Reply =
  | { readonly type: "welcome"; readonly version: number }
  | { readonly type: "answer"; readonly message: Json }
  | { readonly type: "unknown-peer" };

const memberOf = (value: Json, key: string): Json | undefined =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? (value as { readonly [key: string]: Json })[key]
    : undefined;

/** Undefined when the frame is no hello that this version understands. */
export function readHello(frame: Json): Hello | undefined {
  const version = memberOf(frame, "version");
  const purpose = memberOf(frame, "purpose");
  if (memberOf(frame, "type") !== "hello" || version !== linkVersion) return undefined;
  return purpose === "link" || purpose === "question" ? { type: "hello", version, purpose } : undefined;
}

export function readReply(frame: Json): Reply | undefined {
  const type = memberOf(frame, "type");
  if (type === "unknown-peer") return { type };
  const version = memberOf(frame, "version");
  if (type === "welcome" && version === linkVersion) return { type, version };
  const message = memberOf(frame, "message");
  return type === "answer" && message !== undefined ? { type, message } : undefined;
}
