import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { SessionGate } from "./session-gate.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("[LM3] nothing is shown before the unit knows who asks; a wrong password is told", async () => {
  let isRight = false;
  const fetched = vi.fn(async (_path: string, { method }: RequestInit) =>
    method === "POST" && isRight
      ? new Response(JSON.stringify({ user: "bal", csrf: "token" }))
      : new Response(JSON.stringify({ code: 401, message: "Unauthorized", status: "fail" }), { status: 401 }),
  );
  vi.stubGlobal("fetch", fetched);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SessionGate>the pages</SessionGate>
    </QueryClientProvider>,
  );
  await userEvent.type(await screen.findByLabelText(/Password/), "wrong");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText(/Unauthorized/)).toBeTruthy();
  expect(screen.queryByText("the pages")).toBeNull();
  isRight = true;
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText("the pages")).toBeTruthy();
  expect(fetched.mock.lastCall?.[1]).toMatchObject({
    method: "POST",
    body: JSON.stringify({ apiuser: "bal", apipass: "wrong" }),
    credentials: "same-origin",
  });
});
