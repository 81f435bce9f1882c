/**
 * Flows of UDP that the kernel remembers beside the rules: a client that goes on sending from one port keeps what it was
 * given for ever, a server that is gone or no server at all. Pure: which of them no longer go where the rules say.
 */
import {
  type Layer4Server,
  type Layer4Service,
  layer4BackMarkBase,
  layer4MarkBase,
  layer4MarkMask,
} from "./layer4-ruleset.ts";

/** A way through the unit as the kernel lists it; `back` is that of the answers. */
export type UdpFlow = FlowEnds & { readonly back: FlowEnds; readonly mark: number };
export type FlowEnds = {
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
};

/** All flows with a mark, or those to or from an address that have none: there are few of these, however many flows there are. */
export type FlowRemoval =
  | { readonly mark: number }
  | { readonly unmarkedTo: string }
  | { readonly unmarkedFrom: string };

/** Says of a flow what removes it; undefined: it goes where it should, or is none of a service. */
export function staleFlows(services: readonly Layer4Service[]): (flow: UdpFlow) => FlowRemoval | undefined {
  const udp = services.filter(({ protocol }) => protocol === "udp");
  const placed = new Map(udp.map((each) => [`${each.address} ${each.port ?? "*"}`, each]));
  const servers = new Map(
    udp.flatMap((service) => service.servers.map((server) => [server.index, { service, server }])),
  );
  const taking = new Set(
    [...servers.values()]
      .filter(({ server }) => server.takes)
      .map(({ server }) => `${server.address} ${server.port ?? "*"}`),
  );
  const serviceAt = (address: string, port: number): Layer4Service | undefined => {
    const own = placed.get(`${address} ${port}`);
    if (own !== undefined) return own;
    const every = placed.get(`${address} *`);
    return every?.except.includes(port) === true ? undefined : every;
  };
  const isRight = (
    { mark, back, ...flow }: UdpFlow,
    { service, server }: { readonly service: Layer4Service; readonly server: Layer4Server },
  ): boolean => {
    if (!server.takes) return false;
    const [inside, outside] = baseOf(mark) === layer4MarkBase ? [back, flow] : [flow, back];
    return (
      serviceAt(outside.to, outside.toPort) === service &&
      inside.from === server.address &&
      inside.fromPort === (server.port ?? inside.fromPort)
    );
  };
  return (flow) => {
    const { mark } = flow;
    if (baseOf(mark) === layer4MarkBase || baseOf(mark) === layer4BackMarkBase) {
      const found = servers.get(mark - baseOf(mark));
      return found !== undefined && isRight(flow, found) ? undefined : { mark };
    }
    if (mark !== 0) return undefined;
    if (serviceAt(flow.to, flow.toPort)?.servers.some(({ takes }) => takes) === true)
      return { unmarkedTo: flow.to };
    // The last answers of a server that took no more, which stand in the way now that it does.
    return taking.has(`${flow.from} ${flow.fromPort}`) || taking.has(`${flow.from} *`)
      ? { unmarkedFrom: flow.from }
      : undefined;
  };
}

const baseOf = (mark: number): number => (mark & layer4MarkMask) >>> 0;
