/** The network tree, derived from containment (DESIGN: no parent pointers that could loop). Pure. */
import { assert } from "@tandem/base/assert";
import { type Cidr, contains, parseInterfaceCidr, parseIpv4 } from "@tandem/base/ip";

const hostPrefix = 32;
const parsed = (cidr: string): Cidr => {
  const network = parseInterfaceCidr(cidr);
  assert(network, `a stored network is malformed: ${cidr}`);
  return network;
};

/** Parents before children, then by address. */
export function inTreeOrder(cidrs: readonly string[]): readonly string[] {
  const order = (a: string, b: string): number => {
    const [x, y] = [parsed(a), parsed(b)];
    return x.address - y.address || x.prefix - y.prefix;
  };
  return [...cidrs].sort(order);
}

/** The smallest of the networks that holds the network or address `inner`, itself left out; null when none does. */
export function smallestAround(cidrs: readonly string[], inner: string): string | null {
  const address = parseIpv4(inner);
  const target = address === undefined ? parsed(inner) : { address, prefix: hostPrefix };
  let best: { readonly cidr: string; readonly prefix: number } | null = null;
  for (const cidr of cidrs) {
    if (cidr === inner) continue;
    const outer = parsed(cidr);
    if (contains(outer, target) && (best === null || outer.prefix > best.prefix))
      best = { cidr, prefix: outer.prefix };
  }
  return best?.cidr ?? null;
}

/** How many of the networks lie around this one. */
export function depthOf(cidrs: readonly string[], cidr: string): number {
  const inner = parsed(cidr);
  return cidrs.filter((other) => other !== cidr && contains(parsed(other), inner)).length;
}
