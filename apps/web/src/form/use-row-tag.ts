import { ApiError } from "@tandem/central-api/call";
import { useState } from "react";

/**
 * The tag of the row that a form changes. A change that is refused because the row has moved on says what stands now;
 * from then on the form bases itself on that, and what was typed can be sent again.
 */
export function useRowTag(first: string | undefined, readAnew: () => Promise<string | undefined>) {
  const [tag, setTag] = useState(first);
  const withTag = async <Answer>(write: (tag: string | undefined) => Promise<Answer>): Promise<Answer> => {
    try {
      return await write(tag);
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) setTag((await readAnew()) ?? tag);
      throw error;
    }
  };
  return withTag;
}
