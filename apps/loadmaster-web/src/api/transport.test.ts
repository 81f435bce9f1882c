import { afterEach, expect, test, vi } from "vitest";
import { command } from "./transport.ts";

afterEach(() => vi.unstubAllGlobals());

test("a token that is not the session's any more is fetched anew, once, and the call made again", async () => {
  const sent: (string | null)[] = [];
  vi.stubGlobal("fetch", async (path: string, { headers }: { readonly headers: Record<string, string> }) => {
    if (path === "/wui/session") return new Response(JSON.stringify({ user: "bal", csrf: "the new one" }));
    sent.push(headers["x-csrf-token"] ?? null);
    return sent.at(-1) === "the new one"
      ? new Response(JSON.stringify({ code: 200, status: "ok", havhid: 7 }))
      : new Response(JSON.stringify({ code: 403, status: "fail", message: "x-csrf-token: it is another" }), {
          status: 403,
        });
  });
  expect(await command("getall")).toMatchObject({ havhid: 7 });
  expect(sent).toEqual([null, "the new one"]);
});
