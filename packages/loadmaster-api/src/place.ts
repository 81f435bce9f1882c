/** Where a service stands: address, port and protocol together, which no two services have alike. */
import { socketText } from "@tandem/base/ipv6";

/** What `*` is read as and kept as. */
export const everyPort = 0;

export const portText = (port: number): string => (port === everyPort ? "*" : String(port));

/** Of a text as {@link portText} writes it. */
export const portNamed = (text: string): number => (text === portText(everyPort) ? everyPort : Number(text));

type Place = { readonly address: string; readonly port: number; readonly protocol?: string | undefined };

/** As `10.0.0.1:53/udp`; TCP goes without saying. */
export const placeText = ({ address, port, protocol = "tcp" }: Place): string => {
  const socket = port === everyPort ? `${socketText(address, 1).slice(0, -1)}*` : socketText(address, port);
  return protocol === "tcp" ? socket : `${socket}/${protocol}`;
};
