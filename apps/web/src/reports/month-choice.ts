/** Which month is shown, as the address has it: such as 2026-11; absent: the newest. */
export const readMonth = (search: Record<string, unknown>): { month?: string } =>
  typeof search.month === "string" && /^\d{4}-(0[1-9]|1[0-2])$/.test(search.month)
    ? { month: search.month }
    : {};
