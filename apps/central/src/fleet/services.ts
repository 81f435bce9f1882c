/**
 * An operator's changes to a device's virtual services (SPEC CH2, CH22). They work on either Central at all times,
 * also in a cut: the device decides, by the revision that the change was based on. What the device took is then
 * kept as shared rows, so that both units know what was last wanted, and on which revision.
 */
import { canonicalAddress } from "@tandem/base/ipv6";
import type { FieldError } from "@tandem/base/result";
import type { World } from "@tandem/base/world";
import type {
  DeviceService,
  DeviceServiceList,
  DeviceServicePut,
  DeviceServiceWritten,
} from "@tandem/central-api/device-services";
import type { Fence } from "@tandem/fencing/fence";
import type { AddressedServiceView, CallError, CallResult, Parameters } from "@tandem/loadmaster-api/client";
import { portNamed } from "@tandem/loadmaster-api/place";
import { createRow, deleteRow, updateRow } from "@tandem/replica/edits";
import { Refusal, written } from "../refusal.ts";
import { type CallTarget, callThrough, refuseMember, sharedTarget } from "./call-target.ts";
import { contactFault, type DeviceTarget, mayHaveArrived } from "./device-contact.ts";
import type { DeviceWorld } from "./devices.ts";
import { services } from "./tables.ts";

/** What these changes ask of a device; `LoadMasterClient` is one. */
export type ConfiguredDevice = {
  call(command: string, parameters?: Parameters, fence?: Fence): CallResult;
  revision(): CallResult<string>;
  listVirtualServices(): CallResult<AddressedServiceView[]>;
};

export type ServicesWorld = DeviceWorld & {
  readonly world: World;
  /** The device behind a target; one client for each, so that its limit of calls is kept. */
  configured(target: DeviceTarget): ConfiguredDevice;
};

/** One command that brings a device nearer to what is wanted. */
export type Command = { readonly command: string; readonly parameters: Parameters };

const keyOf = (service: { readonly protocol: string; readonly address: string; readonly port: number }) =>
  `${service.protocol} ${service.address} ${service.port}`;
const rowKeyOf = (device: string, service: string): string => `${device} ${service}`;
const liveKeyOf = (live: AddressedServiceView): string =>
  keyOf({ protocol: live.Protocol, address: live.VSAddress, port: portNamed(live.VSPort) });

/** As the device has them now. 503 when it cannot be asked. */
export async function listServices(world: ServicesWorld, id: string): Promise<DeviceServiceList> {
  const { rowKey, revision, live } = await read(world, id);
  return {
    revision,
    services: live.map((each): DeviceService => {
      const row = world.shared.row(services, rowKey(liveKeyOf(each)));
      return {
        service: liveKeyOf(each),
        address: each.VSAddress,
        port: portNamed(each.VSPort),
        protocol: each.Protocol as DeviceService["protocol"],
        name: each.NickName ?? "",
        status: each.Status,
        servers: (each.Rs ?? []).map(({ Addr, Port, Status }) => ({
          address: Addr,
          port: Port,
          status: Status,
        })),
        managed: row !== undefined,
        tag: row?.tag ?? null,
      };
    }),
  };
}

/** Adds the service, or changes it; its real servers become exactly those given. 409 when the device has moved on. */
export async function putService(
  world: ServicesWorld,
  id: string,
  asked: DeviceServicePut,
  author: string,
): Promise<DeviceServiceWritten> {
  const wanted = asUnitsSpell(asked);
  refuseMember(world, id);
  const { rowKey, device, to, revision, live } = await read(world, id);
  const service = keyOf(wanted);
  const commands = commandsFor(
    live.find((each) => liveKeyOf(each) === service),
    wanted,
  );
  const after = await perform(world, to, commands, wanted.basedOn ?? revision);
  const { address, port, protocol } = wanted;
  const content = {
    parameters: wanted.parameters ?? {},
    servers: wanted.servers.map((server) => ({ ...server, parameters: server.parameters ?? {} })),
    basedOn: after,
  };
  const key = rowKey(service);
  const edit =
    world.shared.row(services, key) === undefined
      ? createRow(services, { device, address, port, protocol, ...content })
      : updateRow(services, key, content);
  const acknowledged = written(await world.shared.write([edit], author, `service ${service} of ${id}`));
  return { service, revision: after, commands: commands.length, acknowledged };
}

export async function removeService(
  world: ServicesWorld,
  id: string,
  service: string,
  basedOn: string | undefined,
  author: string,
): Promise<DeviceServiceWritten> {
  refuseMember(world, id);
  const { rowKey, to, revision, live } = await read(world, id);
  const found = live.find((each) => liveKeyOf(each) === service);
  const key = rowKey(service);
  const isKept = world.shared.row(services, key) !== undefined;
  if (found === undefined && !isKept)
    throw new Refusal(404, {
      code: "service-unknown",
      field: "service",
      value: service,
      message: `the device has no service "${service}"`,
      remedy: "read the list of its services anew",
    });
  const commands: Command[] =
    found === undefined ? [] : [{ command: "delvs", parameters: { vs: String(found.Index) } }];
  const after = await perform(world, to, commands, basedOn ?? revision);
  const acknowledged = isKept
    ? written(await world.shared.write([deleteRow(services, key)], author, `service ${service} of ${id}`))
    : "both";
  return { service, revision: after, commands: commands.length, acknowledged };
}

/** An IPv6 address has many spellings, of which units keep one (RFC 5952). What is no address at all is the unit's to refuse. */
function asUnitsSpell(asked: DeviceServicePut): DeviceServicePut {
  const spelt = (address: string): string => canonicalAddress(address) ?? address;
  return {
    ...asked,
    address: spelt(asked.address),
    servers: asked.servers.map((server) => ({ ...server, address: spelt(server.address) })),
  };
}

/** What has to be said to a device to get from what it has to what is wanted. Pure. */
export function commandsFor(
  live: AddressedServiceView | undefined,
  wanted: DeviceServicePut,
): readonly Command[] {
  const reference = { vs: wanted.address, port: wanted.port, prot: wanted.protocol };
  const commands: Command[] = [];
  const parameters = wanted.parameters ?? {};
  if (live === undefined) commands.push({ command: "addvs", parameters: { ...reference, ...parameters } });
  else if (Object.keys(parameters).length > 0)
    commands.push({ command: "modvs", parameters: { ...reference, ...parameters } });
  const placeOf = (server: { readonly address: string; readonly port: number }): string =>
    `${server.address}:${server.port}`;
  const present = new Map((live?.Rs ?? []).map((rs) => [placeOf({ address: rs.Addr, port: rs.Port }), rs]));
  const wantedPlaces = new Set(wanted.servers.map(placeOf));
  for (const server of wanted.servers) {
    const isPresent = present.has(placeOf(server));
    const own = server.parameters ?? {};
    if (isPresent && Object.keys(own).length === 0) continue;
    commands.push({
      command: isPresent ? "modrs" : "addrs",
      parameters: { ...reference, rs: server.address, rsport: server.port, ...own },
    });
  }
  // Servers leave last, so that the service is never without one on the way.
  for (const [place, rs] of present)
    if (!wantedPlaces.has(place))
      commands.push({ command: "delrs", parameters: { ...reference, rs: rs.Addr, rsport: rs.Port } });
  return commands;
}

/** Carries the commands out in order, each on the revision that the one before left; answers the last revision. */
async function perform(
  fleet: ServicesWorld,
  to: CallTarget,
  commands: readonly Command[],
  basedOn: string | null,
): Promise<string | null> {
  let revision = basedOn;
  for (const [index, { command, parameters }] of commands.entries()) {
    // An operator's run has a name of its own and no epoch: it works on either unit at all times.
    const fence: Fence = {
      runId: fleet.world.randomHex(32),
      epoch: null,
      dueAt: null,
      ...(revision === null ? {} : { baseRevision: revision }),
    };
    // Also the second try of a call that was not made, since another unit answers there, is of this one run.
    const { target, answer: done } = await callThrough(fleet, to, (each) =>
      fleet.configured(each).call(command, parameters, fence),
    );
    if (!done.ok) throw refusalOf(target, done.error, command, index, commands.length);
    const said = done.value.revision;
    revision = typeof said === "string" ? said : revision;
  }
  return revision;
}

function refusalOf(
  target: DeviceTarget,
  error: CallError,
  command: string,
  index: number,
  count: number,
): Refusal {
  const carriedOut =
    index === 0 ? "nothing was changed" : `${index} of ${count} commands were carried out before`;
  // It is not sent again here: whether it took effect is for the operator to see.
  const before = mayHaveArrived(error)
    ? `${index} of ${count} commands were carried out before, and whether ${command} was is not known: read the services anew`
    : carriedOut;
  switch (error.kind) {
    case "moved-on":
      return new Refusal(409, {
        code: "device-moved-on",
        field: "basedOn",
        value: error.difference,
        message: `the device's configuration is at revision ${error.revision} (${before}): ${error.message}`,
        remedy: "read the device's services anew, and send the change again if it still holds",
      });
    case "refused":
      return new Refusal(400, {
        code: "device-refused",
        field: command,
        message: `the device refused ${command} (${before}): ${error.message}`,
        remedy: "correct what it names, and send the change again",
      });
    default:
      return new Refusal(503, withWhat(contactFault(target, error), before));
  }
}

const withWhat = (fault: FieldError, before: string): FieldError => ({
  ...fault,
  message: `${fault.message} (${before})`,
});

async function read(
  world: ServicesWorld,
  id: string,
): Promise<{
  readonly rowKey: (service: string) => string;
  readonly device: string;
  readonly to: CallTarget;
  readonly revision: string | null;
  readonly live: readonly AddressedServiceView[];
}> {
  const to = sharedTarget(world, id);
  const { target, answer: revision } = await callThrough(world, to, (each) =>
    world.configured(each).revision(),
  );
  // A device that is not of ours has no revision, and says that it does not know the parameter.
  if (!revision.ok && revision.error.kind !== "refused")
    throw new Refusal(503, contactFault(target, revision.error));
  // Whoever answered is asked from now on, and the others only if it is not there any more.
  const others = to.targets.filter((each) => each !== target);
  const going = { ...to, targets: [target, ...others] };
  const { answer: live } = await callThrough(world, going, (each) =>
    world.configured(each).listVirtualServices(),
  );
  if (!live.ok) throw new Refusal(503, contactFault(target, live.error));
  // Rows of a pair belong to one of its members, whichever of the two was asked.
  const members = to.group?.values.members ?? [id];
  const kept = (service: string): string | undefined =>
    members.find((member) => world.shared.row(services, rowKeyOf(member, service)) !== undefined);
  const first = members[0] ?? id;
  return {
    rowKey: (service) => rowKeyOf(kept(service) ?? first, service),
    device: first,
    to: going,
    revision: revision.ok ? revision.value : null,
    live: live.value,
  };
}
