import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { sessionQuery } from "../api/queries.ts";
import { singleView } from "../live/live.fixture.ts";
import { LiveContext } from "../live/live.tsx";
import { showPage } from "../live/shown-page.fixture.tsx";
import { UsersCard } from "./users-card.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const users = { User: [{ Name: "clerk", Perms: "real" }] };

test("[LM3] a user is added, given permissions and removed; what is wrong stands at its field", async () => {
  const unit = fakeUnit({
    getall: { minpassword: 8, extendedperms: false },
    userlist: users,
    useraddlocal: ({ password }) =>
      password === "short" ? refusal("password: it is shorter than the 8 characters") : {},
  });
  showPage(<UsersCard />, singleView());
  await userEvent.click(screen.getByRole("button", { name: "Add a user" }));
  const adding = within(screen.getByRole("dialog"));
  await userEvent.type(adding.getByLabelText(/^Name/), "porter");
  await userEvent.type(adding.getByLabelText(/^Password/), "short");
  await userEvent.click(adding.getByRole("button", { name: "Add" }));
  expect(await adding.findByText("it is shorter than the 8 characters")).toBeTruthy();
  await userEvent.type(adding.getByLabelText(/^Password/), " no more");
  await userEvent.click(adding.getByRole("button", { name: "Add" }));
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(unit.callsOf("useraddlocal").at(-1)).toEqual({ user: "porter", password: "short no more" });

  await userEvent.click(screen.getByRole("button", { name: "Permissions of clerk" }));
  const permitting = within(screen.getByRole("dialog"));
  expect((permitting.getByLabelText(/^Real Servers/) as HTMLInputElement).checked).toBe(true);
  await userEvent.click(permitting.getByLabelText(/^Virtual Services/));
  await userEvent.click(permitting.getByRole("button", { name: "Set permissions" }));
  await vi.waitFor(() => expect(unit.callsOf("usersetperms")).toEqual([{ user: "clerk", perms: "real,vs" }]));

  await userEvent.click(screen.getByRole("button", { name: "Remove clerk" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Remove" }));
  await vi.waitFor(() => expect(unit.callsOf("userdellocal")).toEqual([{ user: "clerk" }]));
});

test("[LM3] who lacks the permission is shown the users and told which one is missing", async () => {
  fakeUnit({ getall: {}, userlist: users });
  const client = new QueryClient();
  client.setQueryData(sessionQuery.queryKey, { user: "clerk", csrf: "c", permissions: ["real"] });
  render(
    <QueryClientProvider client={client}>
      <LiveContext value={{ view: singleView(), connection: "open" }}>
        <UsersCard />
      </LiveContext>
    </QueryClientProvider>,
  );
  expect(screen.getByText(/clerk lacks the permission users/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Add a user" }).hasAttribute("disabled")).toBe(true);
  expect((await screen.findByRole("button", { name: "Password of clerk" })).hasAttribute("disabled")).toBe(
    true,
  );
});
