import type { FieldError } from "@tandem/base/result";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { errorOf } from "../values/refusal.ts";
import { FormDialogue } from "./form-dialogue.tsx";
import { Problems } from "./problems.tsx";
import { TextField } from "./text-field.tsx";

afterEach(cleanup);

const refusal = (errors: readonly FieldError[]): Error =>
  Object.assign(new Error("no"), { status: 422, errors });
const error = (field: string, remedy: string): FieldError => ({
  code: "invalid",
  field,
  message: `${field} is not right`,
  remedy,
});

test("what is wrong with a field stands there with its remedy, and everything else above the form", () => {
  const refused = refusal([error("port", "write 1 to 65535"), error("", "wait a minute")]);
  render(
    <>
      <Problems error={refused} fields={["port"]} />
      <TextField id="p" label="Port" value="0" onChange={() => {}} error={errorOf(refused, "port")} />
    </>,
  );
  expect(screen.getByText("port is not right: write 1 to 65535")).toBeTruthy();
  expect(screen.getByText(/is not right: wait a minute/)).toBeTruthy();
  expect(screen.getByLabelText("Port").getAttribute("aria-invalid")).toBe("true");
});

test("a unit that does not answer is told from one that says no", () => {
  render(<Problems error={new TypeError("fetch failed")} />);
  expect(screen.getByText(/does not answer/)).toBeTruthy();
});

test("a dialogue keeps what was typed while it is refused, and closes once it was taken", async () => {
  const send = vi
    .fn()
    .mockRejectedValueOnce(refusal([error("", "")]))
    .mockResolvedValueOnce(undefined);
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FormDialogue title="Change it" action="Change" send={send} onClose={onClose} />
    </QueryClientProvider>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Change" }));
  expect(await screen.findByText(/is not right/)).toBeTruthy();
  expect(onClose).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole("button", { name: "Change" }));
  await vi.waitFor(() => expect(onClose).toHaveBeenCalledOnce());
});
