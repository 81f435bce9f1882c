import { Button, Card, CardBody, Content, Label, Stack } from "@patternfly/react-core";
import { placeText, portNamed } from "@tandem/loadmaster-api/place";
import type { ServiceStatus, VirtualServiceView } from "@tandem/loadmaster-api/views";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { RowTable } from "@tandem/web-components/page/row-table";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { servicesQuery, templatesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { AddressHint } from "../live/address-hint.tsx";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";

const colours = {
  Up: "green",
  Down: "red",
  Unchecked: "grey",
  Disabled: "grey",
  Sorry: "orange",
  Redirect: "blue",
} as const;

export const StatusLabel = ({ status }: { readonly status: ServiceStatus }) => (
  <Label isCompact color={colours[status]}>
    {status}
  </Label>
);

/** A SubVS has no address: it is part of the service above it. */
const nameOf = ({ VSAddress, VSPort, Protocol, Index, MasterVSID }: VirtualServiceView): string =>
  VSAddress === undefined
    ? `SubVS ${Index} of ${MasterVSID}`
    : placeText({
        address: VSAddress,
        port: portNamed(VSPort),
        protocol: Protocol,
      });

/** The pair's virtual services; they are configured at the shared address (SPEC LH6). */
export function ServicesPage() {
  const { view } = useLive();
  const services = useQuery(servicesQuery);
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<VirtualServiceView | null>(null);
  const [copied, setCopied] = useState<VirtualServiceView | null>(null);
  const reason = readOnlyReason(view, "shared");
  const readAnew = () => client.invalidateQueries({ queryKey: servicesQuery.queryKey });
  return (
    <PageFrame title="Virtual Services">
      <AddressHint />
      <Card>
        <CardBody>
          <Stack hasGutter>
            {reason !== null && <Content component="small">{reason}</Content>}
            <div>
              <Button isDisabled={reason !== null} onClick={() => setAdding(true)}>
                Add New
              </Button>
            </div>
            <Loaded query={services}>
              {(list) => (
                <RowTable
                  label="Virtual services"
                  rows={list}
                  none="There is no virtual service yet."
                  nameOf={nameOf}
                  columns={[
                    ["Virtual address", (each) => <a href={`#/services/${each.Index}`}>{nameOf(each)}</a>],
                    ["Name", ({ NickName }) => NickName ?? ""],
                    ["Layer", ({ Layer }) => Layer],
                    ["Status", ({ Status }) => <StatusLabel status={Status} />],
                    ["Servers", ({ NumberOfRSs }) => NumberOfRSs],
                  ]}
                  isReadOnly={reason !== null}
                  acts={(each) => [
                    { label: "Modify", act: `#/services/${each.Index}` },
                    { label: "Duplicate", act: () => setCopied(each) },
                    {
                      label: "Delete",
                      act: () => setRemoved(each),
                      isDanger: true,
                    },
                  ]}
                />
              )}
            </Loaded>
          </Stack>
        </CardBody>
      </Card>
      {isAdding && <AddService onAdded={readAnew} onClose={() => setAdding(false)} />}
      {copied !== null && (
        <DuplicateService service={copied} onMade={readAnew} onClose={() => setCopied(null)} />
      )}
      {removed !== null && (
        <FormDialogue
          title={`Delete ${nameOf(removed)}?`}
          action="Delete"
          size="small"
          isDanger
          description="Its clients are not served any more, on neither unit."
          send={async () => {
            await command("delvs", { vs: String(removed.Index) });
            await readAnew();
          }}
          onClose={() => setRemoved(null)}
        />
      )}
    </PageFrame>
  );
}

type DuplicateProps = {
  readonly service: VirtualServiceView;
  readonly onMade: () => Promise<unknown>;
  readonly onClose: () => void;
};

/** A service once more with all that it has; a SubVS becomes a second one beside it. */
function DuplicateService({ service, onMade, onClose }: DuplicateProps) {
  const [draft, setDraft] = useState({
    vsaddress: service.VSAddress ?? "",
    vsport: service.VSPort,
    NickName: service.NickName ?? "",
  });
  const isSub = service.VSAddress === undefined;
  const send = async (): Promise<void> => {
    const { vsaddress, vsport, NickName } = draft;
    await command("dupvs", {
      vs: String(service.Index),
      NickName,
      ...(isSub ? {} : { vsaddress: vsaddress.trim(), vsport: vsport.trim() }),
    });
    await onMade();
  };
  const field = (name: keyof typeof draft, label: string, error: unknown) => (
    <TextField
      id={`duplicate-${name}`}
      label={label}
      value={draft[name]}
      onChange={(next) => setDraft({ ...draft, [name]: next })}
      error={errorOf(error, name)}
    />
  );
  return (
    <FormDialogue
      title={`Duplicate ${nameOf(service)}`}
      action="Duplicate"
      description={isSub ? "Within the same service." : "With its servers, rules and settings."}
      fields={isSub ? ["NickName"] : ["vsaddress", "vsport", "NickName"]}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          {!isSub && field("vsaddress", "Virtual Address of the copy", error)}
          {!isSub && field("vsport", "Port of the copy", error)}
          {field("NickName", "Service Nickname of the copy", error)}
        </>
      )}
    </FormDialogue>
  );
}

type AddProps = { readonly onAdded: () => Promise<unknown>; readonly onClose: () => void };

/** Address and port make a service; the rest is set on its page. */
function AddService({ onAdded, onClose }: AddProps) {
  const [draft, setDraft] = useState({ vs: "", port: "80", NickName: "" });
  const [prot, setProt] = useState<"tcp" | "udp">("tcp");
  const [template, setTemplate] = useState("");
  const templates = useQuery(templatesQuery).data ?? [];
  const send = async (): Promise<void> => {
    const { vs, port, NickName } = draft;
    const added = await command("addvs", {
      vs: vs.trim(),
      port: port.trim(),
      prot,
      ...(NickName.trim() === "" ? {} : { NickName: NickName.trim() }),
      ...(template === "" ? {} : { template }),
    });
    await onAdded();
    location.hash = `#/services/${added.Index}`;
  };
  return (
    <FormDialogue
      title="Add a virtual service"
      action="Add this Virtual Service"
      isDisabled={draft.vs.trim() === "" || draft.port.trim() === ""}
      fields={["vs", "port", "prot", "NickName", "template"]}
      send={send}
      onClose={onClose}
    >
      {(error) => {
        const field = (name: keyof typeof draft) => ({
          id: name,
          value: draft[name],
          onChange: (value: string) => setDraft((now) => ({ ...now, [name]: value })),
          error: errorOf(error, name),
        });
        return (
          <>
            <TextField
              {...field("vs")}
              label="Virtual Address"
              required
              help="IPv4 or IPv6, such as 10.0.0.20"
            />
            <TextField {...field("port")} label="Port" required help="1 to 65535, or * for every port" />
            <SelectField
              id="prot"
              label="Protocol"
              value={prot}
              options={[
                ["tcp", "tcp"],
                ["udp", "udp"],
              ]}
              onChange={setProt}
              error={errorOf(error, "prot")}
            />
            <TextField {...field("NickName")} label="Service Nickname" />
            {templates.length > 0 && (
              <SelectField
                id="template"
                label="Use Template"
                value={template}
                options={[["", "none"], ...templates.map(({ name }) => [name, name] as const)]}
                onChange={setTemplate}
                error={errorOf(error, "template")}
              />
            )}
          </>
        );
      }}
    </FormDialogue>
  );
}
