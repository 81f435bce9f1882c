/**
 * Between whom HAProxy keeps its persistence tables (SPEC LH12): always with itself, so that a reload does not lose them,
 * and in a pair with the partner, unless *Inter HA L7 Persistence Updates* is off.
 */
import { hkdfSha256 } from "@tandem/base/digest";
import type { Peer, Peers } from "@tandem/haproxy-config/model";
import type { UnitConfiguration } from "../configuration-file.ts";
import type { HaSetup } from "../ha/setup.ts";
import type { UnitDocument } from "../state/document.ts";

/** The peers' port stands beside the partner link's: 6975 beside 6973. */
const portAfterPartnerLink = 2;

export const peersPort = ({ partnerPort }: Pick<UnitConfiguration, "partnerPort">): number =>
  partnerPort + portAfterPartnerLink > 65_535
    ? partnerPort - portAfterPartnerLink
    : partnerPort + portAfterPartnerLink;

export function persistencePeers(
  configuration: Pick<UnitConfiguration, "interfaces" | "partnerPort">,
  document: UnitDocument,
  setup: HaSetup,
): Peers {
  const port = peersPort(configuration);
  const { partnerKey } = document.unit;
  if (setup.kind !== "pair" || partnerKey === undefined)
    return { own: { name: "unit", address: configuration.interfaces[0]?.address ?? "127.0.0.1", port } };
  // The protocol knows no password: a peer is whoever says both names, so they come from the partner secret.
  const peer = (mode: 1 | 2, address: string): Peer => ({
    name: `ha${mode}-${Buffer.from(hkdfSha256(partnerKey, `tandem haproxy peer ha${mode}`, 8)).toString("hex")}`,
    address,
    port,
  });
  const own = peer(setup.mode, setup.own.address);
  return (document.shared.ha.l7Updates ?? true)
    ? { own, partner: peer(setup.mode === 1 ? 2 : 1, setup.partner) }
    : { own };
}
