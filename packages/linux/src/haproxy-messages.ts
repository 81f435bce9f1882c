/**
 * What HAProxy says when it does not like a file, told in the operator's words: which virtual service, which parameter.
 */
import type { FieldError } from "@tandem/base/result";
import type { Origin } from "@tandem/haproxy-config/syntax";
import { cannotListen } from "./listenable.ts";

const messageMaxChars = 600;

/** What a worker says of a service whose servers it has just found down: the file was accepted long before. */
const aboutServers = /has no server available/;

/** What HAProxy says against a file, one for each line. */
export const complaintsIn = (output: string): readonly string[] =>
  output
    .split("\n")
    .filter((line) => line.startsWith("[ALERT]") && !aboutServers.test(line))
    .map((line) => line.replace(/^\[ALERT\]\s+\(\d+\)\s*:\s*/, "").trim());

/**
 * The refusal behind HAProxy's complaints. A complaint names a line of the file (`parsing [FILE:LINE]`) or a proxy
 * (`frontend vs3`); `origins` says what stands on each line.
 */
export function refusalFrom(output: string, origins: readonly (Origin | undefined)[]): FieldError {
  const first = complaintsIn(output)[0] ?? output.trim().split("\n").at(-1) ?? "";
  const text = first.slice(0, messageMaxChars) || "HAProxy gave no reason";
  const line = /parsing \[[^\]]*:(\d+)\]/.exec(first);
  const origin = line === null ? undefined : origins[Number(line[1]) - 1];
  const proxy = /\b(?:frontend|backend|proxy) '?vs(\d+)'?/i.exec(first);
  const busy = /cannot bind socket.*\(([^)]*)\)(?: for)? \[([^\]]+)\]/i.exec(first);
  if (busy !== null) return cannotListen(busy[2] ?? "", busy[1] ?? "", proxy?.[1]);
  const service = origin?.service ?? (proxy === null ? undefined : Number(proxy[1]));
  return {
    code: "proxy-refused",
    field: origin?.parameter ?? "vs",
    ...(service === undefined ? {} : { value: `virtual service ${service}` }),
    message: `HAProxy does not accept the configuration${service === undefined ? "" : ` of virtual service ${service}`}${
      origin === undefined ? "" : `, parameter ${origin.parameter}`
    }: ${text}`,
    remedy: "the configuration before it stays in force; change the parameter and try again",
  };
}
