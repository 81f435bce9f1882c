import { isRefusal } from "@tandem/web-components/values/refusal";
import { command } from "../api/transport.ts";
import { UnitError } from "../api/unit-error.ts";

/**
 * Sends each change by itself, as the API takes them, so that one that is refused keeps none of the others back. Answers
 * the warnings; throws what was refused, once all were sent.
 */
export async function sendSettings(
  changes: readonly (readonly [name: string, value: string])[],
  taken: (name: string) => void,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  const refused: UnitError[] = [];
  for (const [param, value] of changes) {
    try {
      const { warning } = await command("set", { param, value });
      if (warning !== undefined) warnings.push(warning);
      taken(param);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // What is refused as a whole, such as a change at the wrong address, belongs beside the field too.
      const errors = error.errors.map((each) => ({ ...each, field: param }));
      refused.push(new UnitError(error.status, errors));
    }
  }
  const [first] = refused;
  if (first === undefined) return warnings;
  throw new UnitError(
    first.status,
    refused.flatMap(({ errors }) => errors),
  );
}
