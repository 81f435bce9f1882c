import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView, singleView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { BackupPage } from "./backup-page.tsx";
import { RebootPage, rebootMeans } from "./reboot-page.tsx";
import { UsersPage } from "./users-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("[LM3] the password is changed by the present one and a new one that was written twice", async () => {
  const unit = fakeUnit({
    listapikeys: { apikeys: [] },
    usersetsyspassword: ({ currpassword }) =>
      currpassword === "wrong" ? refusal("currpassword: this is not the password so far") : {},
  });
  showPage(<UsersPage />, singleView());
  const set = screen.getByRole("button", { name: "Set password" });
  const present = screen.getByLabelText(/Current password/);
  await userEvent.type(present, "wrong");
  await userEvent.type(screen.getByLabelText(/^New password(?! again)/), "a new password");
  await userEvent.type(screen.getByLabelText(/New password again/), "a new passwort");
  expect(screen.getByText(/This is not the same/)).toBeTruthy();
  expect(set.hasAttribute("disabled")).toBe(true);
  await userEvent.type(screen.getByLabelText(/New password again/), "{Backspace}d");
  await userEvent.click(set);
  expect(await screen.findByText("this is not the password so far")).toBeTruthy();
  await userEvent.clear(present);
  await userEvent.type(present, "right");
  await userEvent.click(set);
  expect(await screen.findByText("The password is changed.")).toBeTruthy();
  expect(unit.callsOf("usersetsyspassword").at(-1)).toEqual({
    currpassword: "right",
    password: "a new password",
  });
});

test("[LH6] at the shared address a unit's own password is not changed", () => {
  fakeUnit({ listapikeys: { apikeys: [] } });
  showPage(<UsersPage />, pairView());
  expect(screen.getAllByText(/unit's own address, here 192.0.2.11/)).toHaveLength(3);
  expect(screen.getByRole("button", { name: "Make a key" }).hasAttribute("disabled")).toBe(true);
  expect(screen.getByLabelText(/Current password/).hasAttribute("readonly")).toBe(true);
});

test("[LM3] an API key is shown when it is made, and withdrawn by how it begins", async () => {
  const unit = fakeUnit({
    listapikeys: { apikeys: ["abcd1234"] },
    addapikey: { apikey: "the whole new key", apikeys: [] },
  });
  showPage(<UsersPage />, singleView());
  await userEvent.click(screen.getByRole("button", { name: "Make a key" }));
  expect(((await screen.findByLabelText("The new API key")) as HTMLInputElement).value).toBe(
    "the whole new key",
  );
  await userEvent.click(screen.getByRole("button", { name: "Withdraw abcd1234" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Withdraw" }));
  await vi.waitFor(() => expect(unit.callsOf("delapikey")).toEqual([{ key: "abcd1234" }]));
});

test("[LM3] a backup is handed to the browser", async () => {
  URL.createObjectURL = () => "blob:backup";
  URL.revokeObjectURL = () => {};
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  fakeUnit({ backup: { data: btoa("backup"), digest: "ab", filename: "LMBackups_lm1" } });
  showPage(<BackupPage />, singleView());
  await userEvent.click(screen.getByRole("button", { name: "Save the backup of this unit" }));
  expect(await screen.findByText(/handed to your browser/)).toBeTruthy();
  expect(click).toHaveBeenCalledOnce();
  click.mockRestore();
});

test("[LM3] an encrypted backup takes a pass phrase that was written twice", async () => {
  URL.createObjectURL = () => "blob:backup";
  URL.revokeObjectURL = () => {};
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  const unit = fakeUnit({ backup: { data: btoa("sealed"), digest: "ab", filename: "LMBackups_lm1" } });
  showPage(<BackupPage />, singleView());
  const save = screen.getByRole("button", { name: "Save an encrypted backup" });
  await userEvent.type(screen.getByLabelText("Pass phrase"), "a long phrase");
  await userEvent.type(screen.getByLabelText("Pass phrase again"), "a long phrasé");
  expect(screen.getByText(/This is not the same/)).toBeTruthy();
  expect(save.hasAttribute("disabled")).toBe(true);
  await userEvent.type(screen.getByLabelText("Pass phrase again"), "{Backspace}e");
  await userEvent.click(save);
  expect(await screen.findByText(/encrypted backup is handed/)).toBeTruthy();
  expect(unit.callsOf("backup")).toEqual([{ password: "a long phrase" }]);
  click.mockRestore();
});

test("[LM3] a backup is restored by kinds, and what is wrong with it stands at the file", async () => {
  const unit = fakeUnit({
    restore: ({ password }) =>
      password === undefined
        ? refusal("password: the file is encrypted; give the pass phrase that it was made with")
        : { message: "Command completed ok; virtual service 2 lost the certificate shop" },
  });
  showPage(<BackupPage />, singleView());
  await userEvent.click(screen.getByRole("button", { name: "Restore a backup" }));
  const dialogue = within(screen.getByRole("dialog"));
  const go = dialogue.getByRole("button", { name: "Restore" });
  expect(go.hasAttribute("disabled")).toBe(true);
  await userEvent.upload(dialogue.getByLabelText("File"), new File(["a backup"], "LMBackups_lm1"));
  await userEvent.click(dialogue.getByLabelText(/Base configuration/));
  await userEvent.click(go);
  expect(await dialogue.findByText(/give the pass phrase/)).toBeTruthy();
  await userEvent.type(dialogue.getByLabelText("Pass phrase"), "the phrase");
  await userEvent.click(go);
  expect(await screen.findByText(/virtual service 2 lost the certificate shop/)).toBeTruthy();
  expect(unit.callsOf("restore").at(-1)).toEqual({
    data: btoa("a backup"),
    type: 3,
    password: "the phrase",
  });
});

test("[LH6] at a unit's own address no services are restored", async () => {
  const unit = fakeUnit({ restore: { message: "done" } });
  showPage(<BackupPage />, pairView({ here: "own address", localAddress: "192.0.2.11" }));
  await userEvent.click(screen.getByRole("button", { name: "Restore a backup" }));
  const dialogue = within(screen.getByRole("dialog"));
  expect(dialogue.getByLabelText(/Virtual services/).hasAttribute("disabled")).toBe(true);
  await userEvent.upload(dialogue.getByLabelText("File"), new File(["a backup"], "LMBackups_lm1"));
  await userEvent.click(dialogue.getByLabelText(/Base configuration/));
  await userEvent.click(dialogue.getByRole("button", { name: "Restore" }));
  expect(await screen.findByText("done")).toBeTruthy();
  expect(unit.callsOf("restore")).toEqual([{ data: btoa("a backup"), type: 1 }]);
});

test("[LM3] a reboot is asked about, with what it means for those who are served", async () => {
  const unit = fakeUnit({});
  showPage(<RebootPage />, pairView());
  await userEvent.click(screen.getByRole("button", { name: "Reboot" }));
  const dialogue = within(await screen.findByRole("dialog"));
  expect(dialogue.getByText(/hands over to the standby/)).toBeTruthy();
  expect(unit.callsOf("reboot")).toHaveLength(0);
  await userEvent.click(dialogue.getByRole("button", { name: "Reboot" }));
  expect(await screen.findByText(/The unit starts again/)).toBeTruthy();
  expect(unit.callsOf("reboot")).toHaveLength(1);
});

test("[LH9] what a reboot means follows the unit's role", () => {
  expect(rebootMeans(singleView())).toMatch(/is away until/);
  expect(rebootMeans(pairView({ hastatus: "Standby" }))).toMatch(/goes on/);
  expect(rebootMeans(pairView({}, { state: "down" }))).toMatch(/its partner is not ready/);
});
