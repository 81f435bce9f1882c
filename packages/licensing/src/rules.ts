/**
 * Who may be licensed (SPEC ML7). Requests are signed with the LoadMaster's own key, which proves that it is the same
 * one as before and nothing else: whoever reaches a Central can make a key and ask. Pure.
 */
import { unreachable } from "@tandem/base/assert";
import { contains, parseInterfaceCidr, parseIpv4 } from "@tandem/base/ip";
import { Type } from "@tandem/base/schema";
import type { Refused } from "./activation.ts";

/**
 * `open`: everybody who reaches a Central. `known-networks`: who asks from a network of the tree, and says that it is
 * in one. `closed`: LoadMasters alone that the pair licenses now, so that they can renew, and move to the other Central.
 */
export const activationRules = ["open", "known-networks", "closed"] as const;
export type ActivationRule = (typeof activationRules)[number];
export const ActivationRuleSchema = Type.Union([
  Type.Literal("open"),
  Type.Literal("known-networks"),
  Type.Literal("closed"),
]);
export const activationRuleDefault: ActivationRule = "open";

export type Asking = {
  /** Either Central of the pair holds its licence. */
  readonly isLicensed: boolean;
  /** Where it says that its API answers. */
  readonly claimed: string;
  /** Where the request came from; IPv4 also as IPv6 writes it (`::ffff:192.0.2.1`). */
  readonly remote: string;
};

/** `networks`: those of the tree, as CIDR. Null: the rule has nothing against it. */
export function refusedByRule(
  rule: ActivationRule,
  networks: readonly string[],
  { isLicensed, claimed, remote }: Asking,
): Refused | null {
  switch (rule) {
    case "open":
      return null;
    case "known-networks": {
      const unknown = [
        { address: claimed, what: "which it says it has" },
        { address: plain(remote), what: "from which it asks" },
      ].find(({ address }) => !isInside(networks, address));
      return unknown === undefined
        ? null
        : notAllowed(
            `its address ${unknown.address}, ${unknown.what}, is in no network of the tree, and LoadMasters of known networks alone are licensed`,
            "add its network to the tree of Central, or let an operator open the activation: tandem ctl licensing rules --activation open",
          );
    }
    case "closed":
      return isLicensed
        ? null
        : notAllowed(
            "LoadMasters that are not licensed already are not licensed now",
            "let an operator open the activation for as long as it takes: tandem ctl licensing rules --activation open",
          );
    default:
      return unreachable(rule);
  }
}

const notAllowed = (message: string, remedy: string): Refused => ({
  kind: "refused",
  code: "not-allowed",
  message,
  remedy,
  lastNumber: null,
});

const plain = (address: string): string => address.replace(/^::ffff:/i, "");

/** The tree holds IPv4 networks alone; another address is in none of them. */
function isInside(networks: readonly string[], text: string): boolean {
  const address = parseIpv4(text);
  if (address === undefined) return false;
  return networks.some((cidr) => {
    const network = parseInterfaceCidr(cidr);
    return network !== undefined && contains(network, { address, prefix: 32 });
  });
}
