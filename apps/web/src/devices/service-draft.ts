/** A virtual service as its form has it, and what of it is sent to the device. */
import type { DeviceService, DeviceServicePut } from "@tandem/central-api/device-services";

export type ServerDraft = {
  /** Tells the rows of the form apart. */
  readonly id: number;
  readonly address: string;
  readonly port: string;
  /** Empty: as it is, or the device's default. */
  readonly weight: string;
};

export type ServiceDraft = {
  readonly address: string;
  readonly port: string;
  readonly protocol: "tcp" | "udp";
  readonly name: string;
  readonly servers: readonly ServerDraft[];
  /** One to a line, NAME=VALUE, as the LoadMaster API has them. */
  readonly parameters: string;
};

export const draftOf = (service: DeviceService | null): ServiceDraft => ({
  address: service?.address ?? "",
  port: service === null ? "80" : String(service.port),
  protocol: service?.protocol ?? "tcp",
  name: service?.name ?? "",
  servers: (service?.servers ?? []).map(({ address, port }, id) => ({
    id,
    address,
    port: String(port),
    weight: "",
  })),
  parameters: "",
});

export const withServer = (servers: readonly ServerDraft[]): readonly ServerDraft[] => [
  ...servers,
  { id: 1 + Math.max(-1, ...servers.map(({ id }) => id)), address: "", port: "80", weight: "" },
];

/** Lines that are not NAME=VALUE. */
export const faultyLines = (parameters: string): readonly string[] =>
  linesOf(parameters).filter((line) => line.indexOf("=") < 1);

const linesOf = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** `before`: the service that is changed; a name that stands is not sent. */
export function putOf(
  draft: ServiceDraft,
  before: DeviceService | null,
  basedOn: string | null,
): DeviceServicePut {
  const named = draft.name === (before?.name ?? "") ? [] : [["NickName", draft.name] as const];
  const typed = linesOf(draft.parameters).map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)] as const;
  });
  const parameters = Object.fromEntries([...named, ...typed]);
  return {
    address: draft.address.trim(),
    port: Number(draft.port),
    protocol: draft.protocol,
    ...(Object.keys(parameters).length > 0 && { parameters }),
    servers: draft.servers.map(({ address, port, weight }) => ({
      address: address.trim(),
      port: Number(port),
      ...(weight !== "" && { parameters: { Weight: weight } }),
    })),
    ...(basedOn !== null && { basedOn }),
  };
}
