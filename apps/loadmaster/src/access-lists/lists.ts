/** Who may connect to services: lists of all of them and of one (SPEC LM1; vendor's interface description, 3.16). */
import { err, ok, type Result } from "@tandem/base/result";
import { accessEntriesMax, networkText } from "@tandem/haproxy-config/access";
import type { ProxyModel, VirtualService } from "@tandem/haproxy-config/model";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import { orLayer7 } from "../services/place.ts";
import type { SharedContent, StoredService } from "../state/document.ts";

type Access = NonNullable<SharedContent["access"]>;
export type Lists = Pick<Access, "allow" | "block">;
export type ListName = keyof Lists;
type Entry = NonNullable<Lists["allow"]>[number];

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });
const other = (name: ListName): ListName => (name === "allow" ? "block" : "allow");

export const hasEntries = (lists: Lists | undefined): boolean =>
  lists?.allow !== undefined || lists?.block !== undefined;

export const listView = (lists: Lists | undefined, name: ListName) => ({
  list: name,
  IP: (lists?.[name] ?? []).map(({ network, comment }) => ({ addr: network, comment: comment ?? "" })),
});

/** `addr` as it is kept, or why it is none. */
function networkIn(addr: string): Result<string, Failure> {
  const network = networkText(addr);
  return network === undefined
    ? refuse(
        `addr: "${addr}" is no address or network; a network has zeros behind its prefix, such as 10.0.0.0/8 or 2001:db8::/32`,
      )
    : ok(network);
}

export function withEntry<Kept extends Lists>(
  lists: Kept,
  name: ListName,
  addr: string,
  comment: string | undefined,
): Result<Kept, Failure> {
  const network = networkIn(addr);
  if (!network.ok) return network;
  const has = (list: ListName): boolean => (lists[list] ?? []).some((each) => each.network === network.value);
  if (has(name)) return refuse(`addr: ${network.value} is in the list ${name} already`);
  if (has(other(name)))
    return refuse(`addr: ${network.value} is in the list ${other(name)}; remove it there first`);
  const list: Entry[] = lists[name] ?? [];
  if (list.length >= accessEntriesMax)
    return refuse(`addr: there are ${accessEntriesMax} entries in the list ${name} already; remove one`);
  const entry: Entry = { network: network.value, ...(comment === undefined ? {} : { comment }) };
  return ok({ ...lists, [name]: [...list, entry] });
}

export function withoutEntry<Kept extends Lists>(
  lists: Kept,
  name: ListName,
  addr: string,
): Result<Kept, Failure> {
  const network = networkIn(addr);
  if (!network.ok) return network;
  const list = lists[name] ?? [];
  const left = list.filter((each) => each.network !== network.value);
  if (left.length === list.length)
    return refuse(`addr: ${network.value} is not in the list ${name}; list shows what is`);
  const { [name]: _before, ...rest } = lists;
  return ok((left.length === 0 ? rest : { ...rest, [name]: left }) as Kept);
}

/** The content with these settings of all services; absent where everything is at its default. */
export function withAccess(shared: SharedContent, access: Access): SharedContent {
  const { access: _before, ...rest } = shared;
  return Object.keys(access).length === 0 ? rest : { ...rest, access };
}

export function withServiceAccess(service: StoredService, lists: Lists): StoredService {
  const { access: _before, ...rest } = service;
  return hasEntries(lists) ? { ...rest, access: lists } : rest;
}

/** Why a service's lists are not possible at layer 4. */
export const layer4AccessFault = (service: StoredService): string | undefined =>
  hasEntries(service.access)
    ? `ForceL4: the service has access lists, which HAProxy follows and layer 4 does not; empty them first (aclcontrol)${orLayer7(service)}`
    : undefined;

const networksOf = ({ allow = [], block = [] }: Lists) => ({
  allow: allow.map(({ network }) => network),
  block: block.map(({ network }) => network),
});

/** For HAProxy; nothing while no list is in force. */
export function proxyAccess({ access }: SharedContent): Pick<ProxyModel, "access"> {
  if (access === undefined || access.off === true) return {};
  const { answers } = access;
  return {
    access: {
      ...(hasEntries(access) ? { lists: networksOf(access) } : {}),
      ...(answers === undefined ? {} : { answers }),
    },
  };
}

export const proxyAccessOfService = (
  { access: ofAll }: SharedContent,
  { access }: StoredService,
): Pick<VirtualService, "access"> =>
  access === undefined || ofAll?.off === true ? {} : { access: networksOf(access) };
