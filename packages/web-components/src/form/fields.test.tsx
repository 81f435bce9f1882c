import { cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { CheckField } from "./check-field.tsx";
import { SelectField } from "./select-field.tsx";
import { TextField } from "./text-field.tsx";

afterEach(cleanup);

const describing = (label: string): string | null => {
  const id = screen.getByLabelText(label).getAttribute("aria-describedby");
  return id === null ? null : (document.getElementById(id)?.textContent ?? `nothing has the id ${id}`);
};

test("every field is described by its help, by what is wrong with it, or by nothing", () => {
  render(
    <>
      <TextField id="a" label="Plain" value="" onChange={() => {}} />
      <TextField id="b" label="Helped" value="" onChange={() => {}} help="1 to 5" />
      <CheckField
        id="c"
        label="Wrong"
        isChecked={false}
        onChange={() => {}}
        help="yes or no"
        error="not now"
      />
      <SelectField id="d" label="Chosen" value="x" options={[["x", "X"]]} onChange={() => {}} help="one" />
    </>,
  );
  expect(describing("Plain")).toBeNull();
  expect(describing("Helped")).toBe("1 to 5");
  expect(describing("Wrong")).toContain("not now");
  expect(describing("Chosen")).toBe("one");
});

test("what is only shown cannot be changed", async () => {
  const onChange = vi.fn();
  render(
    <>
      <TextField id="a" label="Text" value="kept" onChange={onChange} isReadOnly help="it is the pair's" />
      <CheckField id="b" label="Yes or no" isChecked onChange={onChange} isDisabled />
    </>,
  );
  await userEvent.type(screen.getByLabelText("Text"), "more");
  await userEvent.click(screen.getByLabelText("Yes or no"));
  expect(onChange).not.toHaveBeenCalled();
});
