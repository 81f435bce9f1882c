/**
 * Checks of layer-7 services that HAProxy cannot make: the unit makes them and tells HAProxy what it has found. Both units
 * of a pair do, so that the one that takes over knows already.
 */

import type { HealthCheck } from "@tandem/haproxy-config/model";
import type { SharedContent } from "../state/document.ts";
import { findIn } from "./checks.ts";
import { healthCheck } from "./proxy-model.ts";
import type { RuntimeState } from "./runtime-state.ts";
import type { CheckedServer } from "./server-check.ts";
import { ServerChecks } from "./server-checks.ts";
import { healthAtFirst, type Verdict } from "./server-health.ts";
import { type AnyService, subServicesOf } from "./sub-services.ts";

export type UnitChecksParts = {
  readonly check: (check: HealthCheck, server: CheckedServer) => Promise<Verdict>;
  readonly runtimeState: RuntimeState;
};

/** Whose health HAProxy is told: a server by its service and itself, and the name of the check that says it. */
type Told = { readonly service: number; readonly server: number; readonly name: string };

export class UnitChecks {
  readonly #state: RuntimeState;
  readonly #checks: ServerChecks;
  #told: readonly Told[] = [];

  constructor({ check, runtimeState }: UnitChecksParts) {
    this.#state = runtimeState;
    this.#checks = new ServerChecks(check, (name) => {
      for (const each of this.#told) if (each.name === name) this.#tell(each);
    });
  }

  watch(shared: Pick<SharedContent, "services" | "health">): void {
    const services = shared.services
      .filter((each) => each.enabled && each.layer !== 4)
      .flatMap((each) => [each, ...subServicesOf(each).filter(({ enabled }) => enabled)]);
    const own = services.filter(({ check }) => check.type === "icmp");
    this.#checks.watch(
      own.flatMap((service) =>
        service.servers
          .filter((server) => followedIn(services, server.follow) === undefined)
          .map((server) => ({
            name: String(server.index),
            server,
            check: healthCheck(service, shared.health),
          })),
      ),
    );
    const before = this.#told;
    this.#told = services.flatMap((service) =>
      service.servers.flatMap(({ index, follow }) => {
        const followed = followedIn(services, follow);
        const checked = followed?.service ?? service;
        return checked.check.type === "icmp"
          ? [{ service: service.index, server: index, name: String(followed?.server.index ?? index) }]
          : [];
      }),
    );
    const still = new Set(this.#told.map((each) => each.server));
    for (const each of before)
      if (!still.has(each.server)) this.#state.wantHealth(each.service, each.server, undefined);
    for (const each of this.#told) this.#tell(each);
  }

  stop(): void {
    this.#checks.watch([]);
  }

  #tell({ service, server, name }: Told): void {
    const { up, failed, check } = this.#checks.healthOf(name);
    // A process that has just started must not bring back a server that the one before it took out.
    if (up && (failed > 0 || check === healthAtFirst.check)) return;
    this.#state.wantHealth(service, server, { up, check });
  }
}

const followedIn = (
  services: readonly AnyService[],
  follow: number | undefined,
): ReturnType<typeof findIn> => (follow === undefined ? undefined : findIn(services, follow));
