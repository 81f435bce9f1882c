/** The commands that work with the virtual services of a device. */
import type { DeviceServicePut } from "@tandem/central-api/device-services";
import { routes } from "@tandem/central-api/routes";
import { type Command, type CommandContext, done, given, word } from "./command.ts";
import { UsageError } from "./command-line.ts";
import { deviceOrGroupId } from "./named-device.ts";
import { table } from "./print.ts";

const endpointPattern = /^(?<address>[0-9a-fA-F.:]+):(?<port>\d{1,5}|\*)(?:\/(?<protocol>tcp|udp))?$/;
/** Central's word for the port of a service on every port. */
const everyPort = 0;
const portText = (port: number): string => (port === everyPort ? "*" : String(port));

type Endpoint = Pick<DeviceServicePut, "address" | "port" | "protocol">;

function endpointOf(text: string): Endpoint {
  const { address, port, protocol } = endpointPattern.exec(text)?.groups ?? {};
  if (address === undefined || port === undefined)
    throw new UsageError(`"${text}" is not ADDRESS:PORT or ADDRESS:PORT/udp`);
  return {
    address,
    port: port === "*" ? everyPort : Number(port),
    protocol: protocol === "udp" ? "udp" : "tcp",
  };
}

const listOf = (text: string | undefined): readonly string[] =>
  (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

/** `NickName=web,Schedule=wlc` as parameters by name. */
const parametersOf = (text: string | undefined): { readonly [name: string]: string } =>
  Object.fromEntries(
    listOf(text).map((item) => {
      const at = item.indexOf("=");
      if (at < 1) throw new UsageError(`"${item}" is not NAME=VALUE`);
      return [item.slice(0, at), item.slice(at + 1)];
    }),
  );

const basedOn = ({ line }: CommandContext) => given({ basedOn: line.text("based-on") });

export const serviceCommands: { readonly [words: string]: Command } = {
  "service list": {
    words: 1,
    run: async (context) => {
      const id = await deviceOrGroupId(context, word(context));
      const value = await context.client.call(routes.listDeviceServices, { params: { id } });
      const rows = value.services.map(({ address, port, protocol, name, status, servers, managed }) => [
        `${address}:${portText(port)}/${protocol}`,
        name,
        status,
        servers.map((server) => `${server.address}:${portText(server.port)} ${server.status}`).join(", "),
        managed ? "yes" : "no",
      ]);
      const headings = ["SERVICE", "NAME", "STATUS", "REAL SERVERS", "BY CENTRAL"];
      return { value, text: `revision ${value.revision ?? "unknown"}\n${table(headings, rows)}` };
    },
  },
  "service set": {
    words: 2,
    options: ["servers", "parameters", "based-on"],
    run: async (context) => {
      const id = await deviceOrGroupId(context, word(context));
      const servers = listOf(context.line.text("servers")).map((text) => {
        const { address, port } = endpointOf(text);
        return { address, port };
      });
      const body: DeviceServicePut = {
        ...endpointOf(word(context, 1)),
        parameters: parametersOf(context.line.text("parameters")),
        servers,
        ...basedOn(context),
      };
      const value = await context.client.call(routes.putDeviceService, { params: { id }, body });
      return { value, text: done(`service ${value.service} is set`, value.acknowledged) };
    },
  },
  "service remove": {
    words: 2,
    options: ["based-on"],
    run: async (context) => {
      const id = await deviceOrGroupId(context, word(context));
      const { address, port, protocol } = endpointOf(word(context, 1));
      const value = await context.client.call(routes.removeDeviceService, {
        params: { id, service: `${protocol} ${address} ${port}` },
        query: basedOn(context),
      });
      return { value, text: done(`service ${value.service} is removed`, value.acknowledged) };
    },
  },
};
