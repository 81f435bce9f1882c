import { ApiError } from "@tandem/central-api/call";
import type { LicensedUnit, LicensingOverview } from "@tandem/central-api/licensing";
import type { OwnLicence } from "@tandem/central-api/own-licence";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { call } from "../api/transport.ts";
import { RuleForm } from "./activation-rule.tsx";
import { ImportLicence } from "./import-licence.tsx";
import { TrustIssuer } from "./issuers-card.tsx";
import { LicensedUnitsTable } from "./licensed-units-card.tsx";
import { MismatchAlert } from "./mismatch-alert.tsx";
import { allowedWords, expiryNotice } from "./own-licence-words.ts";
import { SharesTable } from "./shares-card.tsx";

vi.mock("../api/transport.ts", () => ({ call: vi.fn(), rememberCsrf: () => {} }));
vi.mock("@tanstack/react-router", () => ({
  Link: ({ children }: { readonly children: ReactNode }) => <span>{children}</span>,
}));
const day = 24 * 3_600_000;

afterEach(() => {
  cleanup();
  vi.mocked(call).mockReset();
});

const withClient = (children: ReactNode) =>
  render(<QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider>);
const refusal = (field: string, message: string, remedy: string) =>
  new ApiError(400, [{ code: "wrong", field, value: "x", message, remedy }]);

const unit: LicensedUnit = {
  unit: "0123456789abcdef",
  name: "lm1",
  serial: "",
  version: "1",
  address: "10.0.0.21",
  port: 443,
  type: "pool-500",
  state: "held",
  central: "a".repeat(16),
  centralName: "central1",
  isPeer: false,
  deviceId: 3,
  device: null,
  partner: null,
  number: 4,
  grantedAt: "2026-11-26T10:00:00Z",
  checkedAt: null,
  alarm: null,
  ended: null,
};

test("[ML3] the device ID of a LoadMaster that the other unit holds stands in parentheses", () => {
  const peers = { ...unit, unit: "1".repeat(16), name: "lm2", isPeer: true, centralName: "central2" };
  render(<LicensedUnitsTable units={[unit, peers]} onRecover={() => {}} />);
  const [, own, theirs] = screen.getAllByRole("row");
  if (!own || !theirs) throw new Error("there are two");
  expect(within(own).getByRole("cell", { name: "3" })).toBeTruthy();
  expect(within(theirs).getByRole("cell", { name: "(3)" })).toBeTruthy();
  expect(theirs.textContent).toContain("central2 (the other unit)");
  expect(own.textContent).toContain("Pooled licence, 500 Mbit/s");
  expect(own.textContent).toContain("never");
});

test("[ML7] a held licence can be recovered, an ended one not; an alarm is said in words", async () => {
  const onRecover = vi.fn();
  const ended = {
    ...unit,
    unit: "2".repeat(16),
    name: "lm3",
    state: "ended" as const,
    ended: "recovered by admin",
  };
  const copied = { ...unit, alarm: "seen on two machines" };
  render(<LicensedUnitsTable units={[copied, ended]} onRecover={onRecover} />);
  expect(screen.getByText("seen on two machines")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Recover the licence of lm1" }));
  expect(onRecover).toHaveBeenCalledWith(copied);
  expect(screen.queryByRole("button", { name: "Recover the licence of lm3" })).toBeNull();
  const row = screen.getByRole("row", { name: /lm3/ });
  expect(within(row).getByRole("cell", { name: "nobody" })).toBeTruthy();
  expect(row.textContent).toContain("recovered by admin");
});

const overview: LicensingOverview = {
  unit: "a".repeat(16),
  unitName: "central1",
  fingerprint: "ab".repeat(32),
  local: { allowed: 10, share: 6, issued: 2, peerShare: 4, peerIssued: 4 },
  pool: { allowed: 1_000, share: 500, issued: 100, peerShare: 500, peerIssued: 200 },
  metered: null,
  refuses: null,
};

test("[ML7] both units' shares and what each has issued; what the other has free can be taken over", async () => {
  const onTake = vi.fn();
  render(<SharesTable overview={overview} peerName="central2" onTake={onTake} />);
  const local = screen.getByRole("row", { name: /^Local licences/ });
  expect(
    within(local)
      .getAllByRole("cell")
      .map(({ textContent }) => textContent),
  ).toEqual(["Local licences", "10", "6", "6", "2", "4", "4", "Take over share"]);
  await userEvent.click(within(local).getByRole("button"));
  expect(onTake).not.toHaveBeenCalled();
  expect(within(local).getByRole("button").title).toBe("central2 has nothing of it that is free");
  await userEvent.click(screen.getByRole("button", { name: "Take over share: Pool (Mbit/s)" }));
  expect(onTake).toHaveBeenCalledWith("pool");
  cleanup();
  render(<SharesTable overview={{ ...overview, pool: null }} peerName={null} onTake={onTake} />);
  expect(screen.getByText("not licensed")).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});

const licence: NonNullable<OwnLicence["licence"]> = {
  id: "1".repeat(16),
  account: "2".repeat(16),
  holder: "Example Ltd",
  isTrial: false,
  issuedAt: "2026-01-01T00:00:00Z",
  notBefore: "2026-01-01T00:00:00Z",
  expiresAt: "2026-12-31T00:00:00Z",
  units: [{ unit: "a".repeat(16), local: 4, poolMbps: 0 }],
  local: { allowance: 4 },
  metered: { tierGbps: 10 },
  pool: null,
};

test("[ML1] the end of a licence is told from 90 days before it, and what would mend it", () => {
  const end = Date.parse(licence.expiresAt);
  const at = (before: number, state: OwnLicence["state"] = "valid", isTrial = false) =>
    expiryNotice({ state, licence: { ...licence, isTrial } }, end - before);
  expect(at(91 * day)).toBeNull();
  expect(at(90 * day)?.title).toBe("The licence ends in 90 days");
  expect(at(7 * day, "valid", true)).toEqual({
    isOver: false,
    title: "The trial ends in 7 days",
    remedy: "Import a licence.",
  });
  expect(at(1 * day)?.title).toBe("The licence ends in one day");
  expect(at(0, "expired")?.isOver).toBe(true);
  expect(at(0, "invalid")).toBeNull();
  expect(allowedWords(licence)).toEqual([
    "4 local licences",
    "metered licences without limit, tier 10 Gbit/s",
  ]);
});

test("[ML1] a pair that stands apart shows what differs, both values, and the remedy", () => {
  const status = {
    licensingMismatches: [
      { field: "metered licensing", ours: "on", theirs: "off" },
      { field: "version of Central", ours: "1.0", theirs: "1.1" },
    ],
    ourName: "central1",
    ourReason: "metered licensing differs: import licences of the same kinds on both",
    peerName: "central2",
  };
  render(<MismatchAlert status={status} />);
  expect(
    screen.getByText(
      /: metered licensing \(central1: on, central2: off\), version of Central \(central1: 1.0, /,
    ),
  ).toBeTruthy();
  expect(screen.getByText(/import licences of the same kinds/)).toBeTruthy();
  cleanup();
  render(<MismatchAlert status={{ ...status, licensingMismatches: [] }} />);
  expect(screen.queryByText(/central1/)).toBeNull();
});

test("[ML1] what is wrong with a licence stands beside its text, whichever claim it names, and the text stays", async () => {
  vi.mocked(call).mockRejectedValue(
    refusal("units", "the licence is for other units", "have it issued for this one"),
  );
  withClient(<ImportLicence hasLicence={false} onImported={() => {}} onClose={() => {}} />);
  const text = screen.getByLabelText("Licence");
  fireEvent.change(text, { target: { value: "a.b.c" } });
  await userEvent.click(screen.getByRole("button", { name: "Import" }));
  const wrong = await screen.findByText("the licence is for other units: have it issued for this one");
  expect(wrong.closest("#licence-text-help")).toBeTruthy();
  expect((text as HTMLTextAreaElement).value).toBe("a.b.c");
  expect(screen.getAllByText(/for other units/)).toHaveLength(1);
});

test("[ML1] a licence comes from a file as well", async () => {
  vi.mocked(call).mockResolvedValue({});
  const onImported = vi.fn();
  withClient(<ImportLicence hasLicence onImported={onImported} onClose={() => {}} />);
  await userEvent.upload(screen.getByLabelText("File"), new File(["x.y.z\n"], "licence.jws"));
  expect(await screen.findByDisplayValue("x.y.z")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Import" }));
  await vi.waitFor(() => expect(onImported).toHaveBeenCalledOnce());
  expect(vi.mocked(call).mock.calls[0]?.[1]).toEqual({ body: { licence: "x.y.z" } });
});

test("[ML1] a key that is none is said beside its field", async () => {
  vi.mocked(call).mockRejectedValue(
    refusal("key", "this is no Ed25519 public key", "give the 43 characters"),
  );
  withClient(<TrustIssuer onTrusted={() => {}} onClose={() => {}} />);
  await userEvent.type(screen.getByLabelText(/Name/), "us");
  await userEvent.type(screen.getByLabelText(/Public key/), "nonsense");
  await userEvent.click(screen.getByRole("button", { name: "Trust" }));
  const wrong = await screen.findByText("this is no Ed25519 public key: give the 43 characters");
  expect(wrong.closest("#issuer-key-help")).toBeTruthy();
});

test("[ML7] who may be licensed is chosen, sent with the tag that was read, and a refusal stands beside it", async () => {
  const user = userEvent.setup();
  const onWritten = vi.fn();
  withClient(<RuleForm rules={{ activation: "open", tag: "read" }} onWritten={onWritten} />);
  expect(screen.getByRole("button", { name: "Apply" })).toHaveProperty("disabled", true);
  await user.selectOptions(screen.getByLabelText("Licences are given to"), "closed");
  vi.mocked(call).mockRejectedValueOnce(refusal("activation", "it was changed by bal", "read it anew"));
  await user.click(screen.getByRole("button", { name: "Apply" }));
  expect(await screen.findByText(/it was changed by bal; read it anew/)).toBeTruthy();
  vi.mocked(call).mockResolvedValueOnce({ activation: "closed", tag: "next", acknowledged: "both" });
  await user.click(screen.getByRole("button", { name: "Apply" }));
  expect(onWritten).toHaveBeenCalledWith({
    what: "Who may be licensed is changed",
    acknowledged: "both",
  });
  expect(vi.mocked(call).mock.lastCall?.[1]).toEqual({ body: { activation: "closed" }, tag: "read" });
});
