/** The shared addresses of IPv6 (SPEC LH4): what may be one. They stand beside those of IPv4, over which the units speak to each other. */

import { formatIpv6, hostFaultIpv6, isRouterAnycast, parseIpv6 } from "@tandem/base/ipv6";
import { err, ok, type Result } from "@tandem/base/result";
import { placeText } from "@tandem/loadmaster-api/place";
import { type NetworkInterface, networkTexts, onNetworkOf, prefixOn } from "../configuration-file.ts";
import { linkVersionWithIpv6, type PartnerStatus } from "../ha/partner-messages.ts";
import { isWhereApiListens } from "../services/address-rules.ts";
import { type UnitDocument, withShared } from "../state/document.ts";

export type SharedAddress6Facts = {
  readonly interfaces: readonly NetworkInterface[];
  readonly apiPort: number;
  /** Undefined while the link is down. */
  readonly partner: Pick<PartnerStatus, "name" | "version" | "addresses6"> | undefined;
};

/** The document with another shared IPv6 address on the interface, or without one when the text is empty; else why not. */
export function withSharedAddress6(
  document: UnitDocument,
  on: NetworkInterface,
  text: string,
  facts: SharedAddress6Facts,
): Result<UnitDocument, string> {
  const { sharedAddresses6: before = {}, ...shared } = document.shared;
  const { [String(on.id)]: _now, ...others } = before;
  if (text === "")
    return ok(
      withShared(
        document,
        // Without any the document is the one that earlier versions know.
        Object.keys(others).length === 0 ? shared : { ...shared, sharedAddresses6: others },
      ),
    );
  const read = readSharedAddress6(document, on, text, facts);
  if (!read.ok) return read;
  return ok(
    withShared(document, { ...shared, sharedAddresses6: { ...others, [String(on.id)]: read.value } }),
  );
}

/** The address as it is kept. */
function readSharedAddress6(
  document: UnitDocument,
  on: NetworkInterface,
  text: string,
  { interfaces, apiPort, partner }: SharedAddress6Facts,
): Result<string, string> {
  const bytes = parseIpv6(text);
  if (bytes === undefined)
    return err(
      `"${text}" is not an IPv6 address; ${
        text.includes("/")
          ? "leave the prefix length away, which is that of the interface, and write it as 2001:db8::20"
          : /^\d{1,3}(\.\d{1,3}){3}$/.test(text)
            ? "give one of IPv4 as shared, and here one such as 2001:db8::20"
            : "write it as 2001:db8::20"
      }`,
    );
  const address = formatIpv6(bytes);
  const fault = hostFaultIpv6(bytes);
  if (fault !== undefined)
    return err(`${text} is ${fault}; use an address that clients can reach, such as 2001:db8::20`);
  if (document.unit.carpPassword !== undefined)
    return err(
      `${address} cannot be shared with a partner of another kind (carppassword), which speaks of IPv4 addresses alone; remove that first`,
    );
  if (partner !== undefined && partner.version < linkVersionWithIpv6)
    return err(
      `${address} cannot be shared: the partner ${partner.name} runs an earlier version, which does not know shared addresses of IPv6; update it first`,
    );
  const [network] = networkTexts(on, 6);
  if (on.address6 === undefined || network === undefined)
    return err(
      `${address} is in no network of interface ${on.id}, which has no IPv6 address of its own; give it one in the unit's configuration file (address6)`,
    );
  if (!onNetworkOf(on, address))
    return err(`${address} is not in the network of interface ${on.id}; use an address in ${network}`);
  const owner = interfaces.find((each) => each.address6 === address);
  if (owner !== undefined)
    return err(
      `${address} is this unit's own address; give a third one, which belongs to whichever unit is active`,
    );
  if (partner?.addresses6?.includes(address) === true)
    return err(`${address} is the partner's own address; the pair needs three different ones`);
  // It could carry the address, but not answer from it.
  if (partner?.addresses6?.some((each) => onNetworkOf(on, each)) === false)
    return err(
      `${address} cannot be shared: the partner ${partner.name} has no IPv6 address in ${network}; give it one in its configuration file (address6)`,
    );
  if (isRouterAnycast({ address: bytes, prefix: prefixOn(on, address) }))
    return err(
      `${address} is the first address of ${network}, which belongs to all its routers; use another one of that network`,
    );
  const elsewhere = interfaces.find(
    (each) => each.id !== on.id && document.shared.sharedAddresses6?.[each.id] === address,
  );
  if (elsewhere !== undefined)
    return err(
      `${address} already belongs to the pair on interface ${elsewhere.id}; every address is given once`,
    );
  const clash = document.shared.services.find((each) => isWhereApiListens(each, address, apiPort));
  return clash === undefined
    ? ok(address)
    : err(
        `virtual service ${clash.index} stands on ${placeText(clash)}, where the API of the pair is to listen; move the service to another port first`,
      );
}
