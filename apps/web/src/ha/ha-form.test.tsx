import type { HaConfiguration } from "@tandem/central-api/ha";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { applyOf, HaForm } from "./ha-form.tsx";

const configuration: HaConfiguration = {
  haKeyForThisPeer: "OUR-KEY",
  haKeyForTheOtherPeer: "",
  ipAddressForTheOtherPeer: "",
  peerPort: 6974,
  preferredMaster: false,
  disable: false,
  heartbeatSeconds: 30,
  holdDownSeconds: 60,
};

const fetched = vi.fn<typeof fetch>();
beforeEach(() => vi.stubGlobal("fetch", fetched));
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  fetched.mockReset();
});

const show = () =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <HaForm configuration={configuration} />
    </QueryClientProvider>,
  );

const refusal = (field: string) =>
  new Response(
    JSON.stringify({
      errors: [{ code: "x", field, value: "abc", message: "the key is mistyped", remedy: "copy it again" }],
    }),
    {
      status: 400,
    },
  );

test("[CH14] Apply sends what the operator changed, and nothing else", async () => {
  fetched.mockResolvedValue(new Response(JSON.stringify({ configuration, status: {} }), { status: 200 }));
  show();
  await userEvent.type(screen.getByLabelText("HA Key for the Other Peer"), " THEIR-KEY ");
  await userEvent.click(screen.getByLabelText("Preferred Master"));
  await userEvent.type(screen.getByLabelText("IP Address for the Other Peer"), "192.0.2.2");
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  const [path, init] = fetched.mock.calls[0] as [string, RequestInit];
  expect(path).toBe("/api/v1/ha");
  expect(init.method).toBe("PUT");
  expect(JSON.parse(init.body as string)).toEqual({
    haKeyForTheOtherPeer: "THEIR-KEY",
    preferredMaster: true,
    ipAddressForTheOtherPeer: "192.0.2.2",
  });
});

test("[CH14] an error stands beside its field, and what was typed stays", async () => {
  fetched.mockImplementation(async () => refusal("haKeyForTheOtherPeer"));
  show();
  const field = screen.getByLabelText("HA Key for the Other Peer") as HTMLInputElement;
  await userEvent.type(field, "abc");
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  const help = await screen.findByText(/the key is mistyped: copy it again/);
  expect(document.getElementById(field.getAttribute("aria-describedby") as string)?.contains(help)).toBe(
    true,
  );
  expect(field.value).toBe("abc");
});

test("an error about no field of the form stands above it", async () => {
  fetched.mockImplementation(async () => refusal("session"));
  show();
  await userEvent.type(screen.getByLabelText("HA Key for the Other Peer"), "abc");
  await userEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText(/the key is mistyped: copy it again/)).toBeTruthy();
});

test("numbers are sent as numbers, Apply waits for a change", () => {
  expect(applyOf({ heartbeatSeconds: "5", preferredMaster: true })).toEqual({
    heartbeatSeconds: 5,
    preferredMaster: true,
  });
  show();
  expect((screen.getByRole("button", { name: "Apply" }) as HTMLButtonElement).disabled).toBe(true);
});
