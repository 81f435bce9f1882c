import { Button, Card, CardBody, CardTitle, Stack } from "@patternfly/react-core";
import { everyPort, placeText, portText } from "@tandem/loadmaster-api/place";
import type { RealServerView, VirtualServiceView } from "@tandem/loadmaster-api/views";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { TextField } from "@tandem/web-components/form/text-field";
import { RowTable } from "@tandem/web-components/page/row-table";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { servicesQuery } from "../api/queries.ts";
import { command } from "../api/transport.ts";
import { changesIn, type Draft, formValue } from "../settings/field.ts";
import { SettingInput } from "../settings/setting-input.tsx";
import { newServer, serverFields } from "./service-fields.ts";
import { StatusLabel } from "./services-page.tsx";

type Props = { readonly service: VirtualServiceView; readonly reason: string | null };

type Asked =
  | { readonly kind: "add" }
  | { readonly kind: "change" | "remove"; readonly server: RealServerView };

const nameOf = ({ Addr, Port }: RealServerView): string => placeText({ address: Addr, port: Port });

/** The real servers behind a service. */
export function ServersCard({ service, reason }: Props) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const servers = service.Rs ?? [];
  return (
    <Card>
      <CardTitle component="h2">Real Servers</CardTitle>
      <CardBody>
        <Stack hasGutter>
          <RowTable
            label="Real servers"
            rows={servers}
            none="There is no real server yet, so that the service is down."
            nameOf={nameOf}
            columns={[
              ["Server", nameOf],
              ["Status", ({ Status }) => <StatusLabel status={Status} />],
              ["Weight", ({ Weight }) => Weight],
              ["Limit", ({ Limit }) => (Limit === 0 ? "none" : Limit)],
            ]}
            isReadOnly={reason !== null}
            acts={(server) => [
              { label: "Modify", act: () => setAsked({ kind: "change", server }) },
              {
                label: "Delete",
                act: () => setAsked({ kind: "remove", server }),
                isDanger: true,
              },
            ]}
          />
          <div>
            <Button
              variant="secondary"
              isDisabled={reason !== null}
              onClick={() => setAsked({ kind: "add" })}
            >
              Add New Real Server
            </Button>
          </div>
        </Stack>
        {asked?.kind === "add" && <ServerForm service={service} server={null} onClose={close} />}
        {asked?.kind === "change" && <ServerForm service={service} server={asked.server} onClose={close} />}
        {asked?.kind === "remove" && <RemoveServer service={service} server={asked.server} onClose={close} />}
      </CardBody>
    </Card>
  );
}

type FormProps = {
  readonly service: VirtualServiceView;
  /** The one to change; null for a new one. */
  readonly server: RealServerView | null;
  readonly onClose: () => void;
};

function ServerForm({ service, server, onClose }: FormProps) {
  const [address, setAddress] = useState(server?.Addr ?? "");
  const [port, setPort] = useState(server === null ? service.VSPort : portText(server.Port));
  const hasEveryPort = service.VSPort === portText(everyPort);
  const [draft, setDraft] = useState<Draft>({});
  const client = useQueryClient();
  const values = server ?? newServer;
  const changes = Object.fromEntries(changesIn(serverFields, draft, values));
  const moves = server !== null && port.trim() !== portText(server.Port);
  const send = async (): Promise<void> => {
    const vs = String(service.Index);
    if (server === null) await command("addrs", { vs, rs: address.trim(), rsport: port.trim(), ...changes });
    else
      await command("modrs", {
        vs,
        rs: `!${server.RsIndex}`,
        ...changes,
        ...(moves ? { newport: port.trim() } : {}),
      });
    await client.invalidateQueries({ queryKey: servicesQuery.queryKey });
  };
  const portField = server === null ? "rsport" : "newport";
  return (
    <FormDialogue
      title={server === null ? "Add a real server" : `Modify ${nameOf(server)}`}
      action={server === null ? "Add this Real Server" : "Modify"}
      isDisabled={server === null ? address.trim() === "" : !moves && Object.keys(changes).length === 0}
      fields={["rs", portField, ...serverFields.map(({ name }) => name)]}
      send={send}
      onClose={onClose}
    >
      {(error) => (
        <>
          {server === null && (
            <TextField
              id="rs"
              label="Real Server Address"
              value={address}
              onChange={setAddress}
              required
              error={errorOf(error, "rs")}
            />
          )}
          {!hasEveryPort && (
            <TextField
              id={portField}
              label="Server port"
              type="number"
              value={port}
              onChange={setPort}
              required
              error={errorOf(error, portField)}
            />
          )}
          {serverFields.map((field) => (
            <SettingInput
              key={field.name}
              id={`server-${field.name}`}
              field={{ ...field, label: field.name === "Enable" ? "Enabled" : field.label }}
              value={draft[field.name] ?? formValue(values, field.name)}
              reason={null}
              error={errorOf(error, field.name)}
              onChange={(next) => setDraft((now) => ({ ...now, [field.name]: next }))}
            />
          ))}
        </>
      )}
    </FormDialogue>
  );
}

type RemoveProps = {
  readonly service: VirtualServiceView;
  readonly server: RealServerView;
  readonly onClose: () => void;
};

function RemoveServer({ service, server, onClose }: RemoveProps) {
  const client = useQueryClient();
  return (
    <FormDialogue
      title={`Delete ${nameOf(server)}?`}
      action="Delete"
      size="small"
      isDanger
      description="It gets no connections any more."
      send={async () => {
        await command("delrs", { vs: String(service.Index), rs: `!${server.RsIndex}` });
        await client.invalidateQueries({ queryKey: servicesQuery.queryKey });
      }}
      onClose={onClose}
    />
  );
}
