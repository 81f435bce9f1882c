/** A unit that answers commands as a test says, and remembers what it was asked. */
import { vi } from "vitest";
import type { Parameters } from "./transport.ts";

type Asked = Parameters & { readonly cmd: string };
type Answer = object | ((parameters: Parameters) => object);

/** A refusal as the unit words it. */
export const refusal = (message: string, code = 422): object => ({ code, message, status: "fail" });

/** In place of `fetch`; a command that is not named is done without more words. */
export function fakeUnit(answers: { readonly [cmd: string]: Answer }) {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (_path: string, init: RequestInit) => {
    const call = JSON.parse(String(init.body)) as Asked;
    asked.push(call);
    const { cmd, ...parameters } = call;
    const answer = answers[cmd] ?? {};
    const body = { code: 200, status: "ok", ...(typeof answer === "function" ? answer(parameters) : answer) };
    return new Response(JSON.stringify(body), { status: body.code });
  });
  /** The calls of one command, without its name. */
  const callsOf = (name: string): Parameters[] =>
    asked.filter(({ cmd }) => cmd === name).map(({ cmd: _cmd, ...parameters }) => parameters);
  return { callsOf };
}
