/** `showiface` and `modiface`: the unit's interfaces with the addresses that HA needs. One change per call, as clients expect. */
import { formatCidr, formatIpv4, networkOf, parseIpv4 } from "@tandem/base/ip";
import { isIpv6 } from "@tandem/base/ipv6";
import { err, ok } from "@tandem/base/result";
import { placeText } from "@tandem/loadmaster-api/place";
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import { type NetworkInterface, onNetworkOf } from "../configuration-file.ts";
import { checksOf, withCheck, withGateway } from "../ha/checks.ts";
import { isWhereApiListens } from "../services/address-rules.ts";
import type { ValuesOf } from "../services/edit.ts";
import { type UnitDocument, withShared } from "../state/document.ts";
import type { Change, Unit } from "../unit.ts";
import { withSharedAddress6 } from "./shared-address6.ts";

export function interfaceViews(unit: Unit): InterfaceView[] {
  const { shared, unit: own } = unit.document;
  return unit.configuration.interfaces.map((each, index) => {
    const sharedAddress = shared.sharedAddresses[each.id];
    const shared6 = shared.sharedAddresses6?.[each.id];
    const partner = own.partners[each.id];
    const check = checksOf(shared, unit.configuration.interfaces)[each.id];
    return {
      Id: each.id,
      IPAddress: `${each.address}/${each.prefix}`,
      ...(each.address6 === undefined ? {} : { IPv6Address: `${each.address6}/${each.prefix6}` }),
      Mtu: "1500",
      InterfaceType: "Port",
      GeoTrafficEnable: false,
      DefaultInterface: index === 0,
      HACheck: check !== undefined,
      ...(check?.gateway === undefined ? {} : { HAGateway: check.gateway }),
      ...(sharedAddress === undefined ? {} : { SharedIPAddress: sharedAddress }),
      ...(shared6 === undefined ? {} : { SharedIPv6Address: shared6 }),
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
  const given = [values.partner, values.shared, values.sharedv6, values.hacheck, values.hagateway];
  if (given.filter((value) => value !== undefined).length !== 1)
    return err({
      code: 400,
      message: "modiface: give exactly one of partner, shared, sharedv6, hacheck and hagateway",
    });
  if (values.hacheck !== undefined || values.hagateway !== undefined) {
    const gateway = values.hagateway ?? "";
    const fault = gateway === "" ? undefined : (ipv6Fault("hagateway", gateway) ?? hostFault(on, gateway));
    if (fault !== undefined) return refuse(`hagateway: ${fault}`);
    const next =
      values.hacheck === undefined
        ? withGateway(document.shared, interfaces, on, gateway)
        : withCheck(document.shared, interfaces, on.id, values.hacheck);
    return next.ok
      ? ok({ document: withShared(document, next.value), value: {} })
      : refuse(`${values.hacheck === undefined ? "hagateway" : "hacheck"}: ${next.error}`);
  }
  if (values.sharedv6 !== undefined) {
    const next = withSharedAddress6(document, on, values.sharedv6, {
      interfaces,
      apiPort,
      partner: unit.partnerState.kind === "up" ? unit.partnerState.status : undefined,
    });
    return next.ok ? ok({ document: next.value, value: {} }) : refuse(`sharedv6: ${next.error}`);
  }
  const name = values.partner === undefined ? "shared" : "partner";
  const address = values.partner ?? values.shared ?? "";
  const id = String(on.id);
  const partners = { ...document.unit.partners };
  const sharedAddresses = { ...document.shared.sharedAddresses };
  if (address !== "") {
    const fault = ipv6Fault(name, address) ?? hostFault(on, address);
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
    const clash = document.shared.services.find((each) => isWhereApiListens(each, address, apiPort));
    if (name === "shared" && clash !== undefined)
      return refuse(
        `shared: virtual service ${clash.index} stands on ${placeText(clash)}, where the API of the pair is to listen; move the service to another port first`,
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

/** Why an address of IPv6 cannot stand there: CARP, the partner link and ARP are of IPv4. */
function ipv6Fault(name: "partner" | "shared" | "hagateway", address: string): string | undefined {
  if (!isIpv6(address)) return undefined;
  switch (name) {
    case "partner":
      return `${address} is an IPv6 address, and the units of a pair speak to each other over IPv4; give the partner's own IPv4 address (a pair of IPv6 alone is not possible)`;
    case "shared":
      return `${address} is an IPv6 address, and a pair needs a shared one of IPv4, by which its units find each other; give that one here, and this one beside it as sharedv6`;
    case "hagateway":
      return `${address} is an IPv6 address, and a gateway is asked by ARP, which is of IPv4 alone; give the router's IPv4 address`;
  }
}

/** Why an address cannot be that of a host beside this interface. */
function hostFault(on: NetworkInterface, address: string): string | undefined {
  const number = parseIpv4(address);
  if (number === undefined) return `"${address}" is not an IPv4 address; write it as 10.0.0.20`;
  const network = networkOf({ address: parseIpv4(on.address) ?? 0, prefix: on.prefix });
  if (!onNetworkOf(on, address))
    return `${address} is not in the network of interface ${on.id}; use an address in ${formatCidr(network)}`;
  const last = (network.address + 2 ** (32 - on.prefix) - 1) >>> 0;
  if (on.prefix < 31 && (number === network.address || number === last))
    return `${address} is the network or broadcast address of ${formatCidr(network)}; use one from ${formatIpv4(network.address + 1)} to ${formatIpv4(last - 1)}`;
  return undefined;
}
