/** `showiface` and `modiface`: the unit's interfaces with the addresses that HA needs. One change per call, as clients expect. */
import { formatCidr, formatIpv4, networkOf, parseIpv4 } from "@tandem/base/ip";
import { err, ok } from "@tandem/base/result";
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import { type NetworkInterface, onNetworkOf } from "../configuration-file.ts";
import { checksOf, withCheck, withGateway } from "../ha/checks.ts";
import type { ValuesOf } from "../services/edit.ts";
import { type UnitDocument, withShared } from "../state/document.ts";
import type { Change, Unit } from "../unit.ts";

export function interfaceViews(unit: Unit): InterfaceView[] {
  const { shared, unit: own } = unit.document;
  return unit.configuration.interfaces.map((each, index) => {
    const sharedAddress = shared.sharedAddresses[each.id];
    const partner = own.partners[each.id];
    const check = checksOf(shared, unit.configuration.interfaces)[each.id];
    return {
      Id: each.id,
      IPAddress: `${each.address}/${each.prefix}`,
      Mtu: "1500",
      InterfaceType: "Port",
      GeoTrafficEnable: false,
      DefaultInterface: index === 0,
      HACheck: check !== undefined,
      ...(check?.gateway === undefined ? {} : { HAGateway: check.gateway }),
      ...(sharedAddress === undefined ? {} : { SharedIPAddress: sharedAddress }),
      ...(partner === undefined ? {} : { PartnerIPAddress: partner }),
    };
  });
}

export function changeInterface(
  unit: Unit,
  document: UnitDocument,
  values: ValuesOf<"modiface">,
): Change<object> {
  const refuse = (message: string): Change<never> => err({ code: 422, message });
  const { interfaces, apiPort } = unit.configuration;
  const on = interfaces.find((each) => each.id === values.interface);
  if (on === undefined)
    return refuse(
      `interface: there is no interface ${values.interface}; there are ${interfaces.map((each) => each.id).join(", ")}`,
    );
  const given = [values.partner, values.shared, values.hacheck, values.hagateway];
  if (given.filter((value) => value !== undefined).length !== 1)
    return err({
      code: 400,
      message: "modiface: give exactly one of partner, shared, hacheck and hagateway",
    });
  if (values.hacheck !== undefined || values.hagateway !== undefined) {
    const gateway = values.hagateway ?? "";
    const fault = gateway === "" ? undefined : hostFault(on, gateway);
    if (fault !== undefined) return refuse(`hagateway: ${fault}`);
    const next =
      values.hacheck === undefined
        ? withGateway(document.shared, interfaces, on, gateway)
        : withCheck(document.shared, interfaces, on.id, values.hacheck);
    return next.ok
      ? ok({ document: withShared(document, next.value), value: {} })
      : refuse(`${values.hacheck === undefined ? "hagateway" : "hacheck"}: ${next.error}`);
  }
  const name = values.partner === undefined ? "shared" : "partner";
  const address = values.partner ?? values.shared ?? "";
  const id = String(on.id);
  const partners = { ...document.unit.partners };
  const sharedAddresses = { ...document.shared.sharedAddresses };
  if (address !== "") {
    const fault = hostFault(on, address);
    if (fault !== undefined) return refuse(`${name}: ${fault}`);
    const other = name === "partner" ? sharedAddresses[id] : partners[id];
    if (interfaces.some((each) => each.address === address))
      return refuse(
        `${name}: ${address} is this unit's own address; give ${name === "partner" ? "the other unit's own address" : "a third one, which belongs to whichever unit is active"}`,
      );
    if (address === other)
      return refuse(
        `${name}: ${address} is ${name === "partner" ? "the shared address" : "the partner's own address"}; the pair needs three different ones`,
      );
    const elsewhere = interfaces.find(
      (each) => each.id !== on.id && [sharedAddresses[each.id], partners[each.id]].includes(address),
    );
    if (elsewhere !== undefined)
      return refuse(
        `${name}: ${address} already belongs to the pair on interface ${elsewhere.id}; every address is given once`,
      );
    const clash = document.shared.services.find((each) => each.address === address && each.port === apiPort);
    if (name === "shared" && clash !== undefined)
      return refuse(
        `shared: virtual service ${clash.index} stands on ${address}:${apiPort}, where the API of the pair is to listen; move the service to another port first`,
      );
  }
  if (name === "partner") {
    if (address === "") delete partners[id];
    else partners[id] = address;
    return ok({ document: { ...document, unit: { ...document.unit, partners } }, value: {} });
  }
  if (address === "") delete sharedAddresses[id];
  else sharedAddresses[id] = address;
  return ok({ document: withShared(document, { ...document.shared, sharedAddresses }), value: {} });
}

/** Why an address cannot be that of a host beside this interface. */
function hostFault(on: NetworkInterface, address: string): string | undefined {
  const number = parseIpv4(address);
  if (number === undefined) return `"${address}" is not an IPv4 address; write it as 10.0.0.20`;
  const network = networkOf({ address: parseIpv4(on.address) ?? 0, prefix: on.prefix });
  if (!onNetworkOf(on, number))
    return `${address} is not in the network of interface ${on.id}; use an address in ${formatCidr(network)}`;
  const last = (network.address + 2 ** (32 - on.prefix) - 1) >>> 0;
  if (on.prefix < 31 && (number === network.address || number === last))
    return `${address} is the network or broadcast address of ${formatCidr(network)}; use one from ${formatIpv4(network.address + 1)} to ${formatIpv4(last - 1)}`;
  return undefined;
}
