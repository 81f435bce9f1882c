/**
 * The layer-4 services of a unit: nftables rules for those servers that are up, the checks that say which are, and the
 * figures. The rules are on both units of a pair; whoever holds the address gets the connections.
 *
 * A TCP connection to a server that is gone ends by itself. A flow of UDP does not while its client goes on sending, so
 * that the kernel is made to forget those that the rules no longer mean, after each change of the rules.
 */
import { type FieldError, ok, type Result } from "@tandem/base/result";
import { type HealthCheck, serverName, serviceName } from "@tandem/haproxy-config/model";
import type { StatRow } from "@tandem/haproxy-config/statistics";
import { type FlowRemoval, staleFlows, type UdpFlow } from "@tandem/linux/layer4-flows";
import {
  type Layer4Choice,
  type Layer4Protocol,
  type Layer4Service,
  layer4Counter,
  layer4Mark,
  layer4MarkBase,
  layer4MarkMask,
  layer4Removal,
  layer4Table,
  renderLayer4,
} from "@tandem/linux/layer4-ruleset";
import type { NftCounter } from "@tandem/linux/nft";
import { everyPort } from "@tandem/loadmaster-api/place";
import type { SharedContent, StoredServer, StoredService } from "../state/document.ts";
import { isAvailable } from "./checks.ts";
import { frontendRow } from "./counters.ts";
import { portsOf } from "./options.ts";
import { protocolOf } from "./place.ts";
import { healthCheck } from "./proxy-model.ts";
import type { CheckedServer } from "./server-check.ts";
import { ServerChecks } from "./server-checks.ts";
import type { ServerHealth, Verdict } from "./server-health.ts";

/** Everything outside that layer 4 touches. */
export type Layer4Parts = {
  readonly applyRuleset: (text: string) => Promise<Result<void, FieldError>>;
  readonly readCounters: (table: string) => Promise<Result<Map<string, NftCounter>, FieldError>>;
  /** Established connections by their mark; undefined where they cannot be listed (conntrack(8) is not there). */
  readonly countEstablished: (
    protocol: Layer4Protocol,
    mark: number,
    mask: number,
  ) => Promise<ReadonlyMap<number, number> | undefined>;
  readonly listUdpFlows: (visit: (flow: UdpFlow) => void) => Promise<Result<void, FieldError>>;
  readonly removeUdpFlows: (removal: FlowRemoval) => Promise<Result<void, FieldError>>;
  readonly check: (check: HealthCheck, server: CheckedServer) => Promise<Verdict>;
  /** Rules that could not be put in force, after a server went up or down. */
  readonly troubled: (reason: string | undefined) => void;
};

export const isLayer4 = (service: StoredService): boolean => service.layer === 4;

/** In a pair the other unit has to find the same server; a unit alone can take its servers strictly in turn. */
export function choiceOf({ schedule }: StoredService, paired: boolean): Layer4Choice {
  if (schedule === "sh") return "source";
  return paired ? "connection" : "turn";
}

export class Layer4 {
  readonly #parts: Layer4Parts;
  #services: readonly StoredService[] = [];
  /** Ports of all services, those of layer 7 and disabled ones too, by protocol and address. */
  #ports: ReadonlyMap<string, readonly number[]> = new Map();
  /** The rules in force; undefined until this process has put some in force. */
  #loaded: string | undefined;
  /** Flows of UDP may be there that the rules do not mean. */
  #toForget = false;
  /** Flows of UDP could be listed; without that no service over UDP is put in force. */
  #canList = false;
  #paired = false;
  #health: SharedContent["health"];
  readonly #checks: ServerChecks;
  /** Counters begin anew with each set of rules: what those before had counted, and the present ones last. */
  #before = new Map<string, NftCounter>();
  #last = new Map<string, NftCounter>();
  #established: ReadonlyMap<number, number> = new Map();
  #turn: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(parts: Layer4Parts) {
    this.#parts = parts;
    this.#checks = new ServerChecks(parts.check, (_name, before, now) => {
      if (before.up !== now.up) void this.#reload();
    });
  }

  get used(): boolean {
    return this.#services.length > 0;
  }

  /**
   * Puts the layer-4 services among these in force and begins to check their servers; a table of an earlier process is
   * replaced. An error leaves the rules that were.
   */
  apply(
    { services, health }: Pick<SharedContent, "services" | "health">,
    paired: boolean,
  ): Promise<Result<void, FieldError>> {
    return this.#inTurn(async () => {
      const wanted = services.filter((each) => isLayer4(each) && each.enabled);
      const [before, ports, told, healthBefore] = [this.#services, this.#ports, this.#paired, this.#health];
      this.#services = wanted;
      this.#ports = portsByPlace(services);
      this.#health = health;
      this.#paired = paired;
      const applied = await this.#load();
      if (!applied.ok) {
        this.#services = before;
        this.#ports = ports;
        this.#paired = told;
        this.#health = healthBefore;
        // Without layer-4 services there is nothing that needs nft, which may then be absent.
        return wanted.length === 0 && before.length === 0 ? ok(undefined) : applied;
      }
      this.#watch();
      return ok(undefined);
    });
  }

  /** Figures in HAProxy's form; counters only grow. */
  async rows(): Promise<StatRow[]> {
    if (!this.used) return [];
    return this.#inTurn(async () => {
      await this.#forget();
      await this.#count();
      const protocols = new Set(this.#services.map(protocolOf));
      const counts = await Promise.all(
        [...protocols].map((each) => this.#parts.countEstablished(each, layer4MarkBase, layer4MarkMask)),
      );
      this.#established = new Map(counts.flatMap((each) => [...(each ?? [])]));
      return this.#services.flatMap((service) => {
        const servers = service.servers.map((server) => this.#serverRow(service, server));
        const sum = (of: "currentSessions" | "totalSessions" | "bytesIn" | "bytesOut" | "packets"): number =>
          servers.reduce((total, row) => total + row[of], 0);
        const whole: StatRow = {
          proxy: serviceName(service.index),
          server: frontendRow,
          status: "OPEN",
          currentSessions: sum("currentSessions"),
          totalSessions: sum("totalSessions"),
          bytesIn: sum("bytesIn"),
          bytesOut: sum("bytesOut"),
          packets: sum("packets"),
          requests: 0,
          check: "",
        };
        return [whole, ...servers];
      });
    });
  }

  /** Ends the checks and removes the rules. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      this.#stopped = true;
      this.#checks.watch([]);
      if (this.used) await this.#parts.applyRuleset(layer4Removal);
    });
  }

  async #load(): Promise<Result<void, FieldError>> {
    const rules = this.#services.map((each) => this.#rules(each));
    const text = renderLayer4(rules);
    if (text === this.#loaded) return ok(undefined);
    const hasUdp = rules.some(({ protocol }) => protocol === "udp");
    if (hasUdp && !this.#canList) {
      const listed = await this.#parts.listUdpFlows(() => {});
      if (!listed.ok) return listed;
      this.#canList = true;
    }
    await this.#count();
    const applied = await this.#parts.applyRuleset(text);
    if (applied.ok) {
      this.#loaded = text;
      this.#toForget = this.#canList;
      const forgotten = await this.#forget();
      if (!forgotten.ok) this.#parts.troubled(forgotten.error.message);
      const names = new Set(
        this.#services.flatMap(({ index, servers }) =>
          servers.flatMap((server) => Object.values(layer4Counter(index, server.index))),
        ),
      );
      this.#before = new Map([...this.#total()].filter(([name]) => names.has(name)));
      this.#last = new Map();
    }
    return applied;
  }

  /** What fails is tried again with the next figures. */
  async #forget(): Promise<Result<void, FieldError>> {
    if (!this.#toForget) return ok(undefined);
    const removalOf = staleFlows(this.#services.map((each) => this.#rules(each)));
    const removals = new Map<string, FlowRemoval>();
    const done = [
      await this.#parts.listUdpFlows((flow) => {
        const removal = removalOf(flow);
        if (removal !== undefined) removals.set(JSON.stringify(removal), removal);
      }),
    ];
    for (const removal of removals.values()) done.push(await this.#parts.removeUdpFlows(removal));
    const failed = done.find((each) => !each.ok);
    this.#toForget = failed !== undefined;
    return failed ?? ok(undefined);
  }

  #rules(service: StoredService): Layer4Service {
    const { index, address, schedule } = service;
    const port = service.port === everyPort ? undefined : service.port;
    const takes = this.#takes(service);
    const available = isAvailable(service, takes);
    return {
      index,
      protocol: protocolOf(service),
      address,
      port,
      except: port === undefined ? (this.#ports.get(placeOf(service)) ?? []) : [],
      choice: choiceOf(service, this.#paired),
      servers: service.servers.map((server) => ({
        index: server.index,
        address: server.address,
        port: server.port === everyPort ? undefined : server.port,
        weight: schedule === "wrr" ? server.weight : 1,
        takes: available && takes(server),
      })),
    };
  }

  /** The server whose health this one shares; undefined: it has its own. */
  #followed({ follow }: StoredServer): { service: StoredService; server: StoredServer } | undefined {
    if (follow === undefined) return undefined;
    for (const service of this.#services) {
      const server = service.servers.find(({ index }) => index === follow);
      if (server !== undefined) return { service, server };
    }
    return undefined;
  }

  #healthOf(service: StoredService, server: StoredServer): ServerHealth {
    const followed = this.#followed(server);
    if (followed === undefined) return this.#checks.healthOf(nameOf(service, server));
    const health = this.#checks.healthOf(nameOf(followed.service, followed.server));
    return followed.server.enabled ? health : { ...health, up: false };
  }

  #takes =
    (service: StoredService) =>
    (server: StoredServer): boolean =>
      server.enabled && this.#healthOf(service, server).up;

  #serverRow(service: StoredService, server: StoredServer): StatRow & { readonly packets: number } {
    const { connections, bytesIn, bytesOut } = layer4Counter(service.index, server.index);
    const total = this.#total();
    const { up, check } = this.#healthOf(service, server);
    const unchecked = service.check.type === "none";
    return {
      proxy: serviceName(service.index),
      server: serverName(server.index),
      status: !server.enabled ? "MAINT" : unchecked ? "no check" : up ? "UP" : "DOWN",
      currentSessions: this.#established.get(layer4Mark(server.index)) ?? 0,
      totalSessions: total.get(connections)?.packets ?? 0,
      bytesIn: total.get(bytesIn)?.bytes ?? 0,
      bytesOut: total.get(bytesOut)?.bytes ?? 0,
      packets: (total.get(bytesIn)?.packets ?? 0) + (total.get(bytesOut)?.packets ?? 0),
      requests: 0,
      check: unchecked ? "" : check,
    };
  }

  async #count(): Promise<void> {
    // Before the first rules of this process the table is an earlier one's.
    if (this.#loaded === undefined) return;
    const counters = await this.#parts.readCounters(layer4Table);
    if (counters.ok) this.#last = counters.value;
  }

  #total(): Map<string, NftCounter> {
    const total = new Map(this.#before);
    for (const [name, { packets, bytes }] of this.#last) {
      const before = total.get(name) ?? { packets: 0, bytes: 0 };
      total.set(name, { packets: before.packets + packets, bytes: before.bytes + bytes });
    }
    return total;
  }

  #watch(): void {
    this.#checks.watch(
      this.#services.flatMap((service) =>
        service.servers
          .filter((server) => server.enabled && this.#followed(server) === undefined)
          .map((server) => ({
            name: nameOf(service, server),
            server,
            check: healthCheck(service, this.#health),
          })),
      ),
    );
  }

  #reload(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#stopped) return;
      const applied = await this.#load();
      this.#parts.troubled(applied.ok ? undefined : applied.error.message);
    });
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

const placeOf = (service: StoredService): string => `${protocolOf(service)} ${service.address}`;

function portsByPlace(services: readonly StoredService[]): ReadonlyMap<string, readonly number[]> {
  const places = Map.groupBy(services, placeOf);
  return new Map(
    [...places].map(([place, there]) => [
      place,
      [...new Set(there.flatMap(portsOf))].filter((port) => port !== everyPort).sort((a, b) => a - b),
    ]),
  );
}

const nameOf = (service: StoredService, server: StoredServer): string => `${service.index}/${server.index}`;
