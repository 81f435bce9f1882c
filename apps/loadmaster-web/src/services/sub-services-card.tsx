import { Button, Card, CardBody, CardTitle, Stack } from "@patternfly/react-core";
import type { SubServiceView, VirtualServiceView } from "@tandem/loadmaster-api/views";
import { CheckField } from "@tandem/web-components/form/check-field";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { RowTable } from "@tandem/web-components/page/row-table";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { servicesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { StatusLabel } from "./services-page.tsx";

type Props = { readonly service: VirtualServiceView; readonly reason: string | null };

type Asked = { readonly kind: "add" } | { readonly kind: "change" | "remove"; readonly row: SubServiceView };

/** The SubVS of a service, which have servers, checks and pages of their own (SPEC LM1). */
export function SubServicesCard({ service, reason }: Props) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const rows = service.SubVS ?? [];
  return (
    <Card>
      <CardTitle component="h2">SubVS</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <RowTable
            label="SubVS"
            rows={rows}
            none="There is none. A service with SubVS has its real servers in them; rules, or the lot by weight, choose among them."
            nameOf={({ Name }) => Name}
            columns={[
              ["Name", ({ VSIndex, Name }) => <a href={`#/services/${VSIndex}`}>{Name}</a>],
              ["Status", ({ Status }) => <StatusLabel status={Status} />],
              ["Weight", ({ Weight }) => Weight],
              ["Rules", ({ MatchRules }) => MatchRules?.join(", ") ?? "none"],
            ]}
            isReadOnly={reason !== null}
            acts={(row) => [
              { label: "Modify", act: () => setAsked({ kind: "change", row }) },
              {
                label: "Delete",
                act: () => setAsked({ kind: "remove", row }),
                isDanger: true,
              },
            ]}
          />
          <div>
            <Button
              variant="secondary"
              isDisabled={reason !== null || (service.Rs ?? []).length > 0}
              onClick={() => setAsked({ kind: "add" })}
            >
              Add SubVS
            </Button>
          </div>
        </Stack>
        {asked?.kind === "add" && <NewSubService service={service} onClose={close} />}
        {asked?.kind === "change" && <ChangeRow service={service} row={asked.row} onClose={close} />}
        {asked?.kind === "remove" && <RemoveSubService row={asked.row} onClose={close} />}
      </CardBody>
    </Card>
  );
}

function useReadAnew(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: servicesQuery.queryKey });
}

function NewSubService({ service, onClose }: { service: VirtualServiceView; onClose: () => void }) {
  const [name, setName] = useState("");
  const readAnew = useReadAnew();
  return (
    <FormDialogue
      title="Add a SubVS"
      action="Add this SubVS"
      fields={["NickName"]}
      send={async () => {
        const NickName = name.trim();
        await command("modvs", {
          vs: String(service.Index),
          createsubvs: "",
          ...(NickName === "" ? {} : { NickName }),
        });
        await readAnew();
      }}
      onClose={onClose}
    >
      {(error) => (
        <TextField
          id="sub-name"
          label="SubVS Nickname"
          value={name}
          onChange={setName}
          error={errorOf(error, "NickName")}
        />
      )}
    </FormDialogue>
  );
}

type RowProps = { readonly row: SubServiceView; readonly onClose: () => void };

function ChangeRow({ service, row, onClose }: RowProps & { readonly service: VirtualServiceView }) {
  const [weight, setWeight] = useState(String(row.Weight));
  const [isEnabled, setEnabled] = useState(row.Enable);
  const readAnew = useReadAnew();
  return (
    <FormDialogue
      title={`Modify ${row.Name}`}
      action="Modify"
      fields={["Weight", "Enable"]}
      send={async () => {
        await command("modrs", {
          vs: String(service.Index),
          rs: `!${row.RsIndex}`,
          Weight: weight.trim(),
          Enable: isEnabled,
        });
        await readAnew();
      }}
      onClose={onClose}
    >
      {(error) => (
        <>
          <TextField
            id="sub-weight"
            label="Weight"
            type="number"
            value={weight}
            onChange={setWeight}
            help="Counts with the service's scheduling method weighted round robin"
            error={errorOf(error, "Weight")}
          />
          <CheckField
            id="sub-enabled"
            label="Enabled"
            isChecked={isEnabled}
            onChange={setEnabled}
            error={errorOf(error, "Enable")}
          />
        </>
      )}
    </FormDialogue>
  );
}

function RemoveSubService({ row, onClose }: RowProps) {
  const readAnew = useReadAnew();
  return (
    <FormDialogue
      title={`Delete ${row.Name}?`}
      action="Delete"
      size="small"
      isDanger
      description="Its real servers go with it."
      send={async () => {
        await command("delvs", { vs: String(row.VSIndex) });
        await readAnew();
      }}
      onClose={onClose}
    />
  );
}
