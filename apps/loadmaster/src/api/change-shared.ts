/** A change of what the pair shares, for commands that answer no more than that it was made. */
import { ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { type SharedContent, withShared } from "../state/document.ts";
import type { Author, Unit } from "../unit.ts";

export type SharedEdit = (shared: SharedContent) => Result<SharedContent, Failure>;

/** The unit's revision after the change; a refusal changes nothing. */
export async function changeShared(
  unit: Unit,
  caller: Author,
  edit: SharedEdit,
): Promise<Result<{ readonly revision: string }, Failure>> {
  const made = await unit.change(caller, (document) => {
    const next = edit(document.shared);
    return next.ok ? ok({ document: withShared(document, next.value), value: {} }) : next;
  });
  return made.ok ? ok({ revision: made.value.revision }) : made;
}
