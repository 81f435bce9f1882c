/** The rule about who may be licensed, which both Centrals of the pair have (`@tandem/licensing/rules`). */
import type { LicensingRules, LicensingRulesWritten } from "@tandem/central-api/licensing";
import { type ActivationRule, activationRuleDefault } from "@tandem/licensing/rules";
import { createRow, updateRow } from "@tandem/replica/edits";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { written } from "../refusal.ts";
import { licensingRules, rulesRow } from "./tables.ts";

export function rulesOf(shared: Pick<SharedRows, "row">): LicensingRules {
  const row = shared.row(licensingRules, rulesRow);
  return { activation: row?.values.activation ?? activationRuleDefault, tag: row?.tag ?? "" };
}

/** `tag`: what the author had read; undefined when any will do. Rejects with a `Refusal` when that has moved on. */
export async function changeRules(
  shared: SharedRows,
  activation: ActivationRule,
  tag: string | undefined,
  author: string,
): Promise<LicensingRulesWritten> {
  const before = rulesOf(shared);
  const isThere = shared.row(licensingRules, rulesRow) !== undefined;
  // What stays as it is writes nothing: a row that says the default would make a blank Central one that is set up.
  if (activation === before.activation && !isThere) return { ...before, acknowledged: "both" };
  const edit =
    isThere || (tag ?? "") !== ""
      ? updateRow(licensingRules, rulesRow, { activation }, tag)
      : createRow(licensingRules, { id: rulesRow, activation });
  const acknowledged = written(
    await shared.write([edit], author, `activation of LoadMasters: ${activation}`),
  );
  return { ...rulesOf(shared), acknowledged };
}
