/** A service or SubVS once more, with everything that it has and with numbers of its own: pure. */
import { err, ok, type Result } from "@tandem/base/result";
import { servicesMax, subServicesMax } from "@tandem/haproxy-config/limits";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { SharedContent, StoredServer, StoredService, StoredSubService } from "../state/document.ts";
import type { AddressFacts } from "./address-rules.ts";
import { type Edit, findService, serversFit, socketFault, spelled, type ValuesOf } from "./edit.ts";
import { onlyAtLayer4 } from "./place.ts";
import { allServices } from "./sub-services.ts";

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** Hands out the numbers that no service and no server has had. */
class Numbers {
  #service: number;
  #server: number;

  constructor({ nextServiceIndex, nextServerIndex }: SharedContent) {
    this.#service = nextServiceIndex;
    this.#server = nextServerIndex;
  }

  service(): number {
    return this.#service++;
  }

  servers(servers: readonly StoredServer[]): StoredServer[] {
    return servers.map((server) => ({ ...server, index: this.#server++ }));
  }

  subService(sub: StoredSubService): StoredSubService {
    return {
      ...sub,
      index: this.service(),
      servers: this.servers(sub.servers),
      row: { ...sub.row, index: this.#server++ },
    };
  }

  get next(): Pick<SharedContent, "nextServiceIndex" | "nextServerIndex"> {
    return { nextServiceIndex: this.#service, nextServerIndex: this.#server };
  }
}

export function duplicateService(
  shared: SharedContent,
  facts: AddressFacts,
  values: ValuesOf<"dupvs">,
): Edit {
  const found = findService(shared, values);
  if (!found.ok) return found;
  const { sub, ...service } = found.value;
  const more = 1 + (service.subServices?.length ?? 0);
  if (allServices(shared).length + more > servicesMax)
    return refuse(`dupvs: there would be more than ${servicesMax} virtual services and SubVS; remove one`);
  const numbers = new Numbers(shared);
  if (sub !== undefined) return duplicateSubService(shared, service.index, sub.of, values, numbers);
  const copy: StoredService = {
    ...service,
    ...nicknameOf(service, values),
    index: numbers.service(),
    address: values.vsaddress === undefined ? service.address : spelled(values.vsaddress),
    port: values.vsport ?? service.port,
    servers: numbers.servers(service.servers),
    ...(service.subServices === undefined
      ? {}
      : { subServices: service.subServices.map((each) => numbers.subService(each)) }),
  };
  const fit = serversFit(copy, copy.port);
  if (fit !== undefined) return refuse(fit);
  if (onlyAtLayer4(copy) !== undefined && copy.layer !== 4)
    return refuse("vsport: * is for services at layer 4, and the original is at layer 7; give one port");
  const taken = socketFault(facts, shared, copy);
  if (taken !== undefined)
    return err({
      ...taken,
      message: `${taken.message}; the copy needs an address or a port of its own: vsaddress, vsport`,
    });
  return ok({
    index: copy.index,
    shared: { ...shared, ...numbers.next, services: [...shared.services, copy] },
  });
}

/** Beside the one that it is a copy of, in the same service. */
function duplicateSubService(
  shared: SharedContent,
  index: number,
  of: number,
  values: ValuesOf<"dupvs">,
  numbers: Numbers,
): Edit {
  for (const name of ["vsaddress", "vsport"] as const)
    if (values[name] !== undefined)
      return refuse(
        `${name}: ${values[name]} is not possible for SubVS ${index}, which has none; leave it out`,
      );
  let made = index;
  const services: StoredService[] = [];
  for (const service of shared.services) {
    const { subServices = [] } = service;
    const sub = service.index === of ? subServices.find((each) => each.index === index) : undefined;
    if (sub === undefined) {
      services.push(service);
      continue;
    }
    if (subServices.length >= subServicesMax)
      return refuse(`dupvs: virtual service ${of} has ${subServicesMax} SubVS already; remove one`);
    const copy = { ...numbers.subService(sub), ...nicknameOf(sub, values) };
    made = copy.index;
    services.push({ ...service, subServices: [...subServices, copy] });
  }
  return ok({ index: made, shared: { ...shared, ...numbers.next, services } });
}

const nicknameOf = (
  { nickname }: { readonly nickname?: string },
  { NickName }: ValuesOf<"dupvs">,
): { nickname?: string } => {
  const name = NickName ?? nickname;
  return name === undefined || name === "" ? {} : { nickname: name };
};
