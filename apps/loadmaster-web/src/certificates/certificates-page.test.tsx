import { cleanup, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit, refusal } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { CertificatesPage } from "./certificates-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const lists = {
  listcert: { cert: [{ name: "shop", type: "RSA", modulus: "ab" }] },
  listintermediate: { cert: [] },
};

test("[LM3] a certificate is imported with its key; what is wrong with the file stands at it", async () => {
  const unit = fakeUnit({
    ...lists,
    addcert: ({ password }) =>
      password === undefined
        ? refusal("password: the private key is encrypted; give its passphrase")
        : { message: "Certificate Successfully Installed" },
  });
  showPage(<CertificatesPage />, pairView());
  expect(await screen.findByText("shop")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Import Certificate" }));
  await userEvent.type(screen.getByLabelText(/Name on this unit/), "new");
  await userEvent.upload(screen.getByLabelText("File"), new File(["-- PEM --"], "new.pem"));
  await vi.waitFor(() =>
    expect((screen.getByLabelText("PEM") as HTMLTextAreaElement).value).toBe("-- PEM --"),
  );
  const go = within(screen.getByRole("dialog")).getByRole("button", { name: "Import" });
  await userEvent.click(go);
  expect(await screen.findByText(/give its passphrase/)).toBeTruthy();
  await userEvent.type(screen.getByLabelText("Passphrase of the private key"), "the passphrase");
  await userEvent.click(go);
  expect(await screen.findByText("Certificate Successfully Installed")).toBeTruthy();
  expect(unit.callsOf("addcert").at(-1)).toEqual({
    cert: "new",
    data: btoa("-- PEM --"),
    password: "the passphrase",
    replace: false,
  });
});

test("[LM3] a certificate in use is not deleted, and the reason is said", async () => {
  fakeUnit({ ...lists, delcert: refusal("cert: virtual service 1 uses it") });
  showPage(<CertificatesPage />, pairView());
  await userEvent.click(await screen.findByRole("button", { name: "Delete shop" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
  expect(await screen.findByText("virtual service 1 uses it")).toBeTruthy();
});

test("[LH6] certificates belong to the pair: at a unit's own address they are only shown", async () => {
  fakeUnit(lists);
  showPage(<CertificatesPage />, pairView({ here: "own address", localAddress: "192.0.2.11" }));
  expect((await screen.findByRole("button", { name: "Delete shop" })).hasAttribute("disabled")).toBe(true);
  expect(screen.getByRole("button", { name: "Import Certificate" }).hasAttribute("disabled")).toBe(true);
  expect(screen.getByRole("button", { name: "Add Intermediate" }).hasAttribute("disabled")).toBe(true);
});

test("[LM3] all certificates are saved and restored as one encrypted file", async () => {
  URL.createObjectURL = () => "blob:certificates";
  URL.revokeObjectURL = () => {};
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  const unit = fakeUnit({
    ...lists,
    backupcert: { data: btoa("sealed"), digest: "ab", filename: "LMCertificates_lm1" },
    restorecert: { message: "Command completed ok" },
  });
  showPage(<CertificatesPage />, pairView());
  await userEvent.click(screen.getByRole("button", { name: "Save all certificates" }));
  await userEvent.type(screen.getByLabelText("Pass phrase"), "Password1");
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Save" }));
  expect(await screen.findByText(/handed to your browser/)).toBeTruthy();
  expect(unit.callsOf("backupcert")).toEqual([{ password: "Password1" }]);
  await userEvent.click(screen.getByRole("button", { name: "Restore certificates" }));
  const dialogue = within(screen.getByRole("dialog"));
  await userEvent.upload(dialogue.getByLabelText("File"), new File(["sealed"], "LMCertificates_lm1"));
  await userEvent.type(dialogue.getByLabelText("Pass phrase"), "Password1");
  await userEvent.selectOptions(dialogue.getByLabelText("What is restored"), "third");
  await userEvent.click(dialogue.getByLabelText(/Replace certificates/));
  await userEvent.click(dialogue.getByRole("button", { name: "Restore" }));
  expect(await screen.findByText("Command completed ok")).toBeTruthy();
  expect(unit.callsOf("restorecert")).toEqual([
    { data: btoa("sealed"), password: "Password1", type: "third", replace: true },
  ]);
  click.mockRestore();
});

test("[LM3] a file in PKCS#12 is sent as it is", async () => {
  const unit = fakeUnit({ ...lists, addcert: { message: "Certificate Successfully Installed" } });
  showPage(<CertificatesPage />, pairView());
  await userEvent.click(screen.getByRole("button", { name: "Import Certificate" }));
  await userEvent.type(screen.getByLabelText(/Name on this unit/), "new");
  const bytes = Uint8Array.from([0x30, 0x82, 0x00, 0xff, 0xfe]);
  await userEvent.upload(screen.getByLabelText("File"), new File([bytes], "new.pfx"));
  expect(await screen.findByText("new.pfx is sent as it is")).toBeTruthy();
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Import" }));
  expect(await screen.findByText("Certificate Successfully Installed")).toBeTruthy();
  expect(unit.callsOf("addcert").at(-1)?.data).toBe("MIIA//4=");
});

test("[LM3] a set of ciphers is shown, copied under another name and removed; one in use stays", async () => {
  const unit = fakeUnit({
    ...lists,
    getcipherset: { cipherset: "AES128-SHA:AES256-SHA" },
    modifycipherset: {},
    delcipherset: refusal("Command Failed: Cipher set in use"),
  });
  showPage(<CertificatesPage />, pairView());
  await userEvent.click(screen.getByRole("button", { name: "Show the set" }));
  const ciphers = screen.getByLabelText("Ciphers") as HTMLTextAreaElement;
  await vi.waitFor(() => expect(ciphers.value).toBe("AES128-SHA\nAES256-SHA"));
  const save = screen.getByRole("button", { name: "Save the set" });
  expect(save.hasAttribute("disabled")).toBe(true);
  await userEvent.selectOptions(screen.getByLabelText("Cipher Set"), "");
  await userEvent.type(screen.getByLabelText("Name of the set"), "Mine");
  await userEvent.click(save);
  expect(await screen.findByText("Mine is saved.")).toBeTruthy();
  expect(unit.callsOf("modifycipherset")).toEqual([{ name: "Mine", value: "AES128-SHA:AES256-SHA" }]);
  await userEvent.click(screen.getByRole("button", { name: "Remove the set" }));
  expect(await screen.findByText(/Cipher set in use/)).toBeTruthy();
});
