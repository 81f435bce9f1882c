import { ApiError } from "@tandem/central-api/call";
import type { DeviceService } from "@tandem/central-api/device-services";
import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { MovedOnAlert, movedOnIn } from "./moved-on.tsx";
import { draftOf, faultyLines, putOf, withServer } from "./service-draft.ts";
import { ServicesTable } from "./services-card.tsx";

afterEach(cleanup);

const service: DeviceService = {
  service: "tcp 10.0.0.1 80",
  address: "10.0.0.1",
  port: 80,
  protocol: "tcp",
  name: "web",
  status: "Up",
  servers: [{ address: "10.0.0.21", port: 8080, status: "Up" }],
  managed: true,
  tag: null,
};

test("[CE2] what is sent is what was changed, on the revision that was read", () => {
  const draft = draftOf(service);
  const { address, port, protocol } = service;
  const same = { address, port, protocol, servers: [{ address: "10.0.0.21", port: 8080 }] };
  expect(putOf(draft, service, "7-ab")).toEqual({ ...same, basedOn: "7-ab" });
  expect(putOf({ ...draft, name: "", parameters: "Schedule=wlc\n\n CheckUrl=/a=b" }, service, null)).toEqual({
    ...same,
    parameters: { NickName: "", Schedule: "wlc", CheckUrl: "/a=b" },
  });
  const [kept, added] = withServer(draft.servers);
  expect(kept?.id).not.toBe(added?.id);
  expect(
    putOf(
      { ...draft, servers: [{ id: 4, address: " 10.0.0.22 ", port: "80", weight: "500" }] },
      service,
      null,
    ).servers,
  ).toEqual([{ address: "10.0.0.22", port: 80, parameters: { Weight: "500" } }]);
  expect(faultyLines("Schedule=wlc\nwlc\n=x")).toEqual(["wlc", "=x"]);
});

const refusal = (value: unknown) =>
  new ApiError(409, [
    { code: "device-moved-on", field: "basedOn", value, message: "at revision 8", remedy: "read anew" },
  ]);

test("[CH22] what changed meanwhile is shown with both values, and every other error is another matter", () => {
  const movedOn = movedOnIn(
    refusal({
      since: "known",
      changes: [
        { what: "virtual service 1", change: "changed", field: "name", before: "web", after: "shop" },
        { what: "real server 2", change: "removed" },
      ],
    }),
  );
  if (movedOn === null) throw new Error("it is understood");
  render(<MovedOnAlert movedOn={movedOn} />);
  const rows = screen.getAllByRole("row").map((row) => row.textContent);
  expect(rows.slice(1)).toEqual(["name of virtual service 1webshop", "real server 2thereremoved"]);
  cleanup();
  const forgotten = movedOnIn(refusal({ since: "too-long-ago", present: ["virtual service 9"] }));
  if (forgotten === null) throw new Error("it is understood");
  render(<MovedOnAlert movedOn={forgotten} />);
  expect(screen.getByText("virtual service 9")).toBeTruthy();
  expect(movedOnIn(refusal("garbage"))?.changes).toEqual([]);
  expect(movedOnIn(new ApiError(409, [{ code: "x", field: "", message: "", remedy: "" }]))).toBeNull();
  expect(movedOnIn(new TypeError())).toBeNull();
});

test("[CE2] services are shown with their servers and who changed them last; a long list is counted", async () => {
  const onAsk = vi.fn();
  const many = Array.from({ length: 10 }, (_, at) => ({ address: `10.0.1.${at}`, port: 80, status: "Up" }));
  render(
    <ServicesTable
      list={{ revision: "7-ab", services: [service, { ...service, service: "b", port: 81, servers: many }] }}
      onAsk={onAsk}
    />,
  );
  expect(screen.getByText("10.0.0.21:8080 Up")).toBeTruthy();
  expect(screen.getByText(/10\.0\.1\.7:80 Up and 2 more/)).toBeTruthy();
  expect(screen.getByText(/As of revision 7-ab/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Remove 10.0.0.1:80/tcp" }));
  expect(onAsk).toHaveBeenCalledWith("remove", service);
});
