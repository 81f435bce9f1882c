import { isIPv6 } from "node:net";

/** `HOST`, `HOST:PORT`, an IPv6 address or `[IPV6]:PORT`; undefined when it is none of them. */
export function hostAndPort(
  text: string,
  portDefault: number,
): { readonly host: string; readonly port: number } | undefined {
  if (isIPv6(text)) return { host: text, port: portDefault };
  const match = /^(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9.-]+))(?::([0-9]{1,5}))?$/i.exec(text);
  const port = match?.[3] === undefined ? portDefault : Number(match[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
