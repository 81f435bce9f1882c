import type { NotificationTarget } from "@tandem/central-api/notifications";
import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { TargetsTable } from "./notifications-page.tsx";
import { changeOf, draftOf, newTargetOf } from "./target-draft.ts";

afterEach(cleanup);

const target: NotificationTarget = {
  id: "t1",
  name: "ops",
  kind: "email",
  address: "192.0.2.25",
  severity: "warning",
  enabled: false,
  security: "tls",
  user: "central",
  from: "central@example.org",
  to: ["ops@example.org", "night@example.org"],
  hasSecret: true,
  certificateAuthority: "",
  sent: 3,
  dropped: 1,
  lastError: "refused",
  note: "another target names the same receiver",
  tag: "t",
};

test("[CH25] a form sends what its kind has, and a secret that was not typed stays", () => {
  const draft = draftOf(target);
  const { kind: _, ...change } = newTargetOf(draft);
  expect(changeOf(draft)).toEqual(change);
  expect(change).toEqual({
    name: "ops",
    address: "192.0.2.25",
    severity: "warning",
    enabled: false,
    security: "tls",
    user: "central",
    from: "central@example.org",
    to: ["ops@example.org", "night@example.org"],
    certificateAuthority: "",
  });
  expect(newTargetOf({ ...draft, kind: "webhook", secret: "s" })).toEqual({
    kind: "webhook",
    name: "ops",
    address: "192.0.2.25",
    severity: "warning",
    enabled: false,
    secret: "s",
    certificateAuthority: "",
  });
  expect(Object.keys(newTargetOf({ ...draftOf(null), kind: "syslog" }))).not.toContain("secret");
});

test("[CH25] a target shows to whom, what was sent, what went wrong, and why it is not told by itself", async () => {
  const onTest = vi.fn();
  render(<TargetsTable targets={[target]} testing={null} onTest={onTest} onAsk={() => {}} />);
  expect(screen.getByText("ops@example.org, night@example.org by 192.0.2.25")).toBeTruthy();
  expect(screen.getByText("3 sent; 1 given up; last error: refused")).toBeTruthy();
  expect(screen.getByText(/another target names the same receiver/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Test ops" }));
  expect(onTest).toHaveBeenCalledWith(target);
});
