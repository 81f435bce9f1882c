/** A unit of this project on loopback addresses, with a real HAProxy, for the suite to run against. */
import { loopback, portFor, startUnit } from "@tandem/loadmaster/unit.fixture";
import type { Target } from "./target.ts";

export type OwnUnit = { readonly target: Target; remove(): Promise<void> };

export async function startOwnUnit(): Promise<OwnUnit> {
  const unit = await startUnit(1);
  return {
    target: {
      host: loopback(1),
      port: unit.configuration.apiPort,
      user: "bal",
      password: unit.password,
      services: loopback(50),
      servers: loopback(60),
      // An offset of its own for each process; above it, each address has its ports to itself.
      firstPort: portFor(10),
      own: true,
    },
    remove: () => unit.remove(),
  };
}
