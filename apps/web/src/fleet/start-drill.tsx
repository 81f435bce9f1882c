import { Alert } from "@patternfly/react-core";
import type { Drill } from "@tandem/central-api/drills";
import type { HaGroup } from "@tandem/central-api/ha-groups";
import { routes } from "@tandem/central-api/routes";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useState } from "react";
import { call } from "../api/transport.ts";
import { asksOf, type DrillDraft, drillOf, emptyDraft } from "./drill-draft.ts";

const ways = [
  ["http", "pages over HTTP"],
  ["https", "pages over HTTPS"],
  ["tcp", "connections over TCP"],
] as const;

type Props = {
  readonly group: HaGroup;
  /** At least one. */
  readonly services: readonly string[];
  readonly onStarted: (drill: Drill) => void;
  readonly onClose: () => void;
};

/** Asks what a drill is to measure, and whether the role may really be moved. */
export function StartDrill({ group, services, onStarted, onClose }: Props) {
  const [draft, setDraft] = useState<DrillDraft>(() => emptyDraft(services));
  const change = (changes: Partial<DrillDraft>): void => setDraft((known) => ({ ...known, ...changes }));
  return (
    <FormDialogue
      title={`Drill the failover of ${group.name}`}
      action="Move the role and measure"
      isDanger
      fields={["target", "budgetMs"]}
      send={async () =>
        onStarted(await call(routes.startDrill, { params: { id: group.id }, body: drillOf(draft) }))
      }
      onClose={onClose}
    >
      {(error) => (
        <>
          <Alert
            variant="warning"
            isInline
            title="The active role really moves. Clients may lose their connections, as in any failover."
          />
          <SelectField
            id="drill-service"
            label="Virtual service"
            value={draft.service}
            options={services.map((service) => [service, service] as const)}
            onChange={(service) => change({ service, asks: asksOf(service) })}
            help="This Central asks it a hundred times a second while the role moves."
            error={errorOf(error, "target")}
          />
          <SelectField
            id="drill-asks"
            label="What is asked"
            value={draft.asks}
            options={ways}
            onChange={(asks) => change({ asks })}
          />
          {draft.asks !== "tcp" && (
            <TextField
              id="drill-path"
              label="Path"
              value={draft.path}
              onChange={(path) => change({ path })}
            />
          )}
          <TextField
            id="drill-budget"
            label="Budget in milliseconds"
            type="number"
            required
            value={draft.budgetMs}
            onChange={(budgetMs) => change({ budgetMs })}
            help="The longest time without a good answer that is allowed."
            error={errorOf(error, "budgetMs")}
          />
          <CheckField
            id="drill-back"
            label="Give the role back at the end"
            isChecked={draft.andBack}
            onChange={(andBack) => change({ andBack })}
            help="A preferred host takes it back by itself, whatever is chosen here."
          />
        </>
      )}
    </FormDialogue>
  );
}
