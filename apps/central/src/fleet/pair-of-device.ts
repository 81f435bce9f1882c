/** What a LoadMaster says of its pair, as `getall` and `showiface` answer it (SPEC CH19). Pure. */
import type { PairOfDevice } from "@tandem/central-api/devices";
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import type { DeviceRole } from "./device-status.ts";

type Parameters = { readonly [name: string]: unknown };

const roles: { readonly [status: string]: DeviceRole } = {
  Active: "active",
  Standby: "standby",
  "HA not configured": "single",
};

export const isSingle = (parameters: Parameters): boolean => Number(parameters.hamode ?? 0) === 0;

export const roleIn = (parameters: Parameters): DeviceRole =>
  isSingle(parameters) ? "single" : (roles[String(parameters.hastatus)] ?? "unknown");

export const textIn = (parameters: Parameters, name: string): string | null => {
  const value = parameters[name];
  return typeof value === "string" && value !== "" ? value : null;
};

/** Null: it is a single unit. Without its interfaces it has said nothing of its partner. */
export function pairIn(
  parameters: Parameters,
  interfaces: readonly InterfaceView[] | null,
): PairOfDevice | null | undefined {
  if (isSingle(parameters)) return null;
  if (interfaces === null) return undefined;
  const activeTime = Number(parameters.activetime);
  const each = (of: (one: InterfaceView) => string | undefined): string[] =>
    interfaces.flatMap((one) => {
      const [address = ""] = (of(one) ?? "").split("/");
      return address === "" ? [] : [address];
    });
  return {
    unit: Number(parameters.hamode) === 2 ? "HA2" : "HA1",
    virtualId: Number(parameters.havhid ?? 1),
    ownAddresses: [...each(({ IPAddress }) => IPAddress), ...each(({ IPv6Address }) => IPv6Address)],
    partnerAddresses: each(({ PartnerIPAddress }) => PartnerIPAddress),
    sharedAddresses: [
      ...each(({ SharedIPAddress }) => SharedIPAddress),
      ...each(({ SharedIPv6Address }) => SharedIPv6Address),
    ],
    activeSince: activeTime > 0 ? new Date(activeTime * 1_000).toISOString() : null,
    report: textIn(parameters, "hareport") ?? "",
  };
}
