import {
  Button,
  Content,
  Flex,
  FlexItem,
  FormFieldGroup,
  FormFieldGroupHeader,
} from "@patternfly/react-core";
import type { DeviceService, DeviceServiceList } from "@tandem/central-api/device-services";
import { routes } from "@tandem/central-api/routes";
import { FormDialogue } from "@tandem/web-components/form/form-dialogue";
import { SelectField } from "@tandem/web-components/form/select-field";
import { TextAreaField } from "@tandem/web-components/form/text-area-field";
import { TextField } from "@tandem/web-components/form/text-field";
import { errorOf } from "@tandem/web-components/values/refusal";
import { useState } from "react";
import { call } from "../api/transport.ts";
import type { Written } from "../ha/written-alert.tsx";
import { type MovedOn, MovedOnAlert, movedOnIn } from "./moved-on.tsx";
import {
  draftOf,
  faultyLines,
  putOf,
  type ServerDraft,
  type ServiceDraft,
  withServer,
} from "./service-draft.ts";

type Props = {
  readonly device: string;
  /** The one to change; null for a new one. */
  readonly service: DeviceService | null;
  /** Of the device's configuration as the operator saw it. */
  readonly revision: string | null;
  /** Reads the device's services anew. */
  readonly readAnew: () => Promise<DeviceServiceList | undefined>;
  readonly onWritten: (written: Written) => void;
  readonly onClose: () => void;
};

const fields = ["address", "port", "protocol", "parameters"];

/** Adds or changes a virtual service of a device, based on what was read (SPEC CE2, CH22). */
export function ServiceForm({ device, service, revision, readAnew, onWritten, onClose }: Props) {
  const [draft, setDraft] = useState(() => draftOf(service));
  const [basedOn, setBasedOn] = useState(revision);
  const [movedOn, setMovedOn] = useState<MovedOn | null>(null);
  /** The service as the device has it now, beside what was typed; undefined: it is gone. */
  const [present, setPresent] = useState<DeviceService | undefined>();
  const faulty = faultyLines(draft.parameters);
  const change = (part: Partial<ServiceDraft>) => setDraft((now) => ({ ...now, ...part }));
  const send = async (): Promise<void> => {
    try {
      const body = putOf(draft, service, basedOn);
      const { acknowledged } = await call(routes.putDeviceService, { params: { id: device }, body });
      onWritten({
        what: `Virtual service ${body.address}:${body.port} is ${service === null ? "added" : "changed"}`,
        acknowledged,
      });
    } catch (error) {
      const moved = movedOnIn(error);
      if (moved !== null) {
        const list = await readAnew();
        setMovedOn(moved);
        setBasedOn(list?.revision ?? null);
        const { address, port, protocol } = draft;
        setPresent(
          list?.services.find(
            (each) =>
              each.address === address.trim() && each.port === Number(port) && each.protocol === protocol,
          ),
        );
      } else {
        setMovedOn(null);
        // Some of the commands may have been carried out before one was refused.
        void readAnew();
      }
      throw error;
    }
  };
  return (
    <FormDialogue
      title={
        service === null
          ? "Add a virtual service"
          : `Change ${service.address}:${service.port}/${service.protocol}`
      }
      action={movedOn ? "Send mine all the same" : service === null ? "Add" : "Change"}
      isDisabled={draft.address.trim() === "" || faulty.length > 0}
      fields={movedOn ? [...fields, "basedOn"] : fields}
      send={send}
      onClose={onClose}
    >
      {(error) => {
        const field = <Name extends "address" | "port" | "name" | "parameters">(name: Name) => ({
          id: `service-${name}`,
          value: draft[name],
          onChange: (value: string) => change({ [name]: value }),
          error: errorOf(error, name),
        });
        return (
          <>
            {movedOn && <MovedOnAlert movedOn={movedOn} />}
            {movedOn && <BothValues draft={draft} present={present} />}
            {service === null && (
              <>
                <TextField {...field("address")} label="Address" required />
                <TextField {...field("port")} label="Port" type="number" required />
                <SelectField
                  id="service-protocol"
                  label="Protocol"
                  value={draft.protocol}
                  options={[
                    ["tcp", "TCP"],
                    ["udp", "UDP"],
                  ]}
                  onChange={(protocol) => change({ protocol })}
                  error={errorOf(error, "protocol")}
                />
              </>
            )}
            <TextField {...field("name")} label="Name" />
            <Servers servers={draft.servers} onChange={(servers) => change({ servers })} />
            <TextAreaField
              {...field("parameters")}
              label="Parameters"
              help="One to a line, NAME=VALUE, as the LoadMaster API calls them, such as Schedule=wlc; what is not named stays as it is"
              error={
                faulty.length > 0
                  ? `“${faulty[0]}” is not NAME=VALUE: write one to a line, such as Schedule=wlc`
                  : errorOf(error, "parameters")
              }
            />
          </>
        );
      }}
    </FormDialogue>
  );
}

function Servers({
  servers,
  onChange,
}: {
  readonly servers: readonly ServerDraft[];
  readonly onChange: (servers: readonly ServerDraft[]) => void;
}) {
  const change = (id: number, part: Partial<ServerDraft>) =>
    onChange(servers.map((each) => (each.id === id ? { ...each, ...part } : each)));
  return (
    <FormFieldGroup
      header={
        <FormFieldGroupHeader
          titleText={{ text: `Real servers (${servers.length})`, id: "service-servers" }}
          titleDescription="Those that are listed here and no others will be behind the service."
          actions={
            <Button variant="secondary" size="sm" onClick={() => onChange(withServer(servers))}>
              Add a real server
            </Button>
          }
        />
      }
    >
      {servers.map(({ id, address, port, weight }, index) => (
        <Flex
          key={id}
          direction={{ default: "column", md: "row" }}
          alignItems={{ default: "alignItemsStretch", md: "alignItemsFlexEnd" }}
        >
          <FlexItem flex={{ default: "flex_3" }}>
            <TextField
              id={`server-address-${id}`}
              label={`Address of server ${index + 1}`}
              value={address}
              onChange={(value) => change(id, { address: value })}
              required
            />
          </FlexItem>
          <FlexItem flex={{ default: "flex_1" }}>
            <TextField
              id={`server-port-${id}`}
              label={`Port of server ${index + 1}`}
              type="number"
              value={port}
              onChange={(value) => change(id, { port: value })}
              required
            />
          </FlexItem>
          <FlexItem flex={{ default: "flex_1" }}>
            <TextField
              id={`server-weight-${id}`}
              label={`Weight of server ${index + 1}`}
              type="number"
              value={weight}
              onChange={(value) => change(id, { weight: value })}
            />
          </FlexItem>
          <FlexItem>
            <Button
              variant="link"
              isDanger
              aria-label={`Take real server ${index + 1} away`}
              onClick={() => onChange(servers.filter((each) => each.id !== id))}
            >
              Take away
            </Button>
          </FlexItem>
        </Flex>
      ))}
    </FormFieldGroup>
  );
}

const serversInWords = (
  servers: readonly { readonly address: string; readonly port: string | number }[],
): string => servers.map(({ address, port }) => `${address}:${port}`).join(", ") || "none";

function BothValues({
  draft,
  present,
}: {
  readonly draft: ServiceDraft;
  readonly present: DeviceService | undefined;
}) {
  const theirs =
    present === undefined
      ? "the device has no such service"
      : `name “${present.name}”, real servers ${serversInWords(present.servers)}`;
  return (
    <div>
      <Content component="p">{`On the device now: ${theirs}`}</Content>
      <Content component="p">
        {`Yours: name “${draft.name}”, real servers ${serversInWords(draft.servers)}`}
      </Content>
    </div>
  );
}
