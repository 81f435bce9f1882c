import type { TestContext } from "node:test";

export type Part = (title: string, act: () => Promise<void>) => Promise<void>;

/** Parts of a test in order, of which none runs after one, or what lies between them, has failed. */
export type Parts = { readonly part: Part; failed: boolean };

export function partsOf(t: TestContext): Parts {
  const parts: Parts = {
    failed: false,
    part: (title, act) =>
      t.test(title, { skip: parts.failed && "an earlier part failed" }, async () => {
        try {
          await act();
        } catch (error) {
          parts.failed = true;
          throw error;
        }
      }),
  };
  return parts;
}
