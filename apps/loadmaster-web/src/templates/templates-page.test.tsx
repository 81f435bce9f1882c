import type { VirtualServiceView } from "@tandem/loadmaster-api/views";
import { cleanup, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fakeUnit } from "../api/fake-unit.fixture.ts";
import { pairView } from "../live/live.fixture.ts";
import { showPage } from "../live/shown-page.fixture.tsx";
import { SaveTemplate } from "./save-template.tsx";
import { TemplatesPage } from "./templates-page.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("[LM3] templates are listed, imported from a file and deleted", async () => {
  const unit = fakeUnit({
    listtemplates: { template: [{ name: "the shop", comment: "by hand", certified: false }] },
    uploadtemplate: { message: "Installed 1 new template." },
  });
  showPage(<TemplatesPage />, pairView());
  expect(await screen.findByText("by hand")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Import Templates" }));
  await userEvent.upload(screen.getByLabelText("File"), new File(["{}"], "a.tmpl"));
  await userEvent.click(screen.getByRole("button", { name: "Import" }));
  expect(await screen.findByText("Installed 1 new template.")).toBeTruthy();
  expect(unit.callsOf("uploadtemplate")).toEqual([{ data: btoa("{}") }]);
  await userEvent.click(screen.getByRole("button", { name: "Delete the shop" }));
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  await vi.waitFor(() => expect(unit.callsOf("deltemplate")).toEqual([{ name: "the shop" }]));
});

test("[LM3] a service is saved as a template", async () => {
  const unit = fakeUnit({ exportvstmplt: { data: btoa("{}"), filename: "shop.tmpl" } });
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:a", revokeObjectURL: () => {} }));
  showPage(<SaveTemplate service={{ Index: 4 } as VirtualServiceView} />, pairView());
  await userEvent.click(screen.getByRole("button", { name: "Export Template" }));
  await vi.waitFor(() => expect(unit.callsOf("exportvstmplt")).toEqual([{ vs: "4" }]));
});
