import { ApiError } from "@tandem/central-api/call";
import { portableBackupMaxBytes } from "@tandem/central-api/ha-backups";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { call, download, upload } from "../api/transport.ts";
import { BackupsCard } from "./backups-card.tsx";

vi.mock("../api/transport.ts", () => ({
  call: vi.fn(),
  download: vi.fn(),
  upload: vi.fn(),
  rememberCsrf: () => {},
}));
afterEach(() => {
  cleanup();
  for (const each of [call, download, upload]) vi.mocked(each).mockReset();
});

const passPhrase = "correct horse battery staple";
const refusal = (status: number, field: string, message: string) =>
  new ApiError(status, [{ code: "wrong", field, message, remedy: "mend it" }]);
const uploaded = {
  name: "uploaded-of-b.json",
  bytes: 9,
  at: "2026-11-26T10:00:00.000Z",
  unit: "b".repeat(16),
  unitName: "central2",
  ofThisPair: true,
};
const shown = {
  backup: uploaded.name,
  differences: [],
  total: 0,
  applied: false,
  acknowledged: null,
  savedAs: null,
  note: "what the other unit has changed comes back by merging",
};

async function opened(action: string): Promise<ReturnType<typeof userEvent.setup>> {
  const user = userEvent.setup();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <BackupsCard />
    </QueryClientProvider>,
  );
  await user.click(screen.getByRole("button", { name: action }));
  return user;
}
async function filled(file: File): Promise<ReturnType<typeof userEvent.setup>> {
  const user = await opened("Restore a backup");
  await user.upload(screen.getByLabelText(/Backup file/), file);
  await user.type(screen.getByLabelText(/Pass phrase/), passPhrase);
  await user.click(screen.getByRole("button", { name: "Open" }));
  return user;
}

test("[ML5] what is not in a backup is said where it is made", async () => {
  vi.mocked(call).mockResolvedValue({ name: "central1" });
  await opened("Download a backup");
  expect(screen.getByText(/Not in it: .*licence.*users.*statistics, logs/)).toBeTruthy();
});

test("[ML5] a backup is downloaded under a pass phrase that was typed twice, which travels in the body", async () => {
  vi.mocked(call).mockResolvedValue({ name: "central1" });
  vi.mocked(download).mockResolvedValue(new Blob(["{}"]));
  const user = await opened("Download a backup");
  const kept: string[] = [];
  URL.createObjectURL = () => "blob:kept";
  URL.revokeObjectURL = () => {};
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    kept.push(`${this.href} ${this.download}`);
  });
  await user.type(screen.getByLabelText("Pass phrase *"), passPhrase);
  await user.type(screen.getByLabelText(/Pass phrase again/), "another");
  await user.click(screen.getByRole("button", { name: "Download" }));
  const wrong = await screen.findByText(/this is not the pass phrase above/);
  expect(wrong.closest("#backup-repeated-help")).toBeTruthy();
  expect(download).not.toHaveBeenCalled();
  await user.clear(screen.getByLabelText(/Pass phrase again/));
  await user.type(screen.getByLabelText(/Pass phrase again/), passPhrase);
  await user.click(screen.getByRole("button", { name: "Download" }));
  await vi.waitFor(() => expect(kept).toHaveLength(1));
  expect(kept[0]).toMatch(/^blob:kept central1-\d{4}-\d{2}-\d{2}\.backup$/);
  expect(vi.mocked(download).mock.calls[0]?.[1]).toEqual({ body: { passPhrase } });
});

test("[ML5] what is wrong with a file or its pass phrase stands beside it, and the file is sent once", async () => {
  vi.mocked(upload).mockRejectedValueOnce(refusal(400, "backup", "the backup is not whole"));
  const user = await filled(new File(["cut"], "central2.backup"));
  expect(
    (await screen.findByText("the backup is not whole: mend it")).closest("#restore-file-help"),
  ).toBeTruthy();
  vi.mocked(upload).mockResolvedValueOnce(uploaded);
  vi.mocked(call).mockRejectedValueOnce(
    refusal(400, "passPhrase", "the pass phrase does not open the backup"),
  );
  await user.click(screen.getByRole("button", { name: "Open" }));
  const wrong = await screen.findByText(/does not open the backup/);
  expect(wrong.closest("#restore-pass-phrase-help")).toBeTruthy();
  vi.mocked(call).mockResolvedValueOnce(shown);
  await user.click(screen.getByRole("button", { name: "Open" }));
  await screen.findByText(/Written by central2/);
  expect(upload).toHaveBeenCalledTimes(2);
});

test("[ML5] a file that is too large is not sent", async () => {
  const file = new File(["x"], "large.backup");
  Object.defineProperty(file, "size", { value: portableBackupMaxBytes + 1 });
  await filled(file);
  const wrong = await screen.findByText(/more than 256 MiB/);
  expect(wrong.closest("#restore-file-help")).toBeTruthy();
  expect(upload).not.toHaveBeenCalled();
});

test("[ML5] who wrote it, when, of which pair, and what will happen are shown before it is restored on a click", async () => {
  vi.mocked(upload).mockResolvedValue(uploaded);
  vi.mocked(call).mockResolvedValueOnce(shown);
  const user = await filled(new File(["whole"], "central2.backup"));
  expect(await screen.findByText(/Written by central2 \(b{16}\) at .*2026.*; of this pair/)).toBeTruthy();
  expect(screen.getByText(/saved first/)).toBeTruthy();
  expect(screen.getByText(/comes back by merging/)).toBeTruthy();
  expect(vi.mocked(call).mock.lastCall?.[1]).toMatchObject({ body: { apply: false, as: "replace a unit" } });
  vi.mocked(call).mockResolvedValueOnce({ ...shown, applied: true, savedAs: "before-replacing-1.json" });
  await user.click(screen.getByRole("button", { name: "Replace this unit's configuration" }));
  expect(await screen.findByText(/kept as before-replacing-1.json/)).toBeTruthy();
  expect(vi.mocked(call).mock.lastCall?.[1]).toEqual({
    body: { backup: uploaded.name, passPhrase, as: "replace a unit", apply: true },
  });
  expect(screen.getByRole("button", { name: "Sign in again" })).toBeTruthy();
});
