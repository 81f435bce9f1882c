/** The schedule `adaptive`: what its parameters say together, and the weights that loads come to. */
import { err, ok, type Result } from "@tandem/base/result";
import { adaptiveDefaults } from "@tandem/loadmaster-api/adaptive-parameters";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { SharedContent, StoredServer } from "../state/document.ts";
import type { ValuesOf } from "./edit.ts";

export type AdaptiveParameters = {
  readonly AdaptiveInterval: number;
  readonly AdaptiveURL: string;
  readonly AdaptivePort: number;
  readonly MinPercent: number;
};

export const adaptiveParametersOf = ({ adaptive }: Pick<SharedContent, "adaptive">): AdaptiveParameters => ({
  AdaptiveInterval: adaptive?.intervalSeconds ?? adaptiveDefaults.AdaptiveInterval,
  AdaptiveURL: adaptive?.url ?? adaptiveDefaults.AdaptiveURL,
  AdaptivePort: adaptive?.port ?? adaptiveDefaults.AdaptivePort,
  MinPercent: adaptive?.minPercent ?? adaptiveDefaults.MinPercent,
});

/** With what `modadaptive` says. */
export function withAdaptiveParameters(
  shared: SharedContent,
  values: ValuesOf<"modadaptive">,
): Result<SharedContent, Failure> {
  if (values.AdaptivePort === 443)
    return err({
      code: 422,
      message:
        "AdaptivePort: 443 is for TLS, and loads are asked for without it; give a port that speaks HTTP",
    });
  const before = adaptiveParametersOf(shared);
  const intervalSeconds = values.AdaptiveInterval ?? before.AdaptiveInterval;
  const url = values.AdaptiveURL ?? before.AdaptiveURL;
  const port = values.AdaptivePort ?? before.AdaptivePort;
  const minPercent = values.MinPercent ?? before.MinPercent;
  const { adaptive: _before, ...rest } = shared;
  const isDefault =
    intervalSeconds === adaptiveDefaults.AdaptiveInterval &&
    url === adaptiveDefaults.AdaptiveURL &&
    port === adaptiveDefaults.AdaptivePort &&
    minPercent === adaptiveDefaults.MinPercent;
  return ok({ ...rest, ...(isDefault ? {} : { adaptive: { intervalSeconds, url, port, minPercent } }) });
}

/** Beyond this a server takes no new connections: 101 it is down, 102 it was disabled. */
export const loadMax = 100;
export const loadLast = 102;

/** HAProxy's weights end here. */
const weightMax = 256;

/**
 * The weight of each server, in the order given: 0 to 256. One whose load is not known counts as overloaded, as on
 * LoadMasters; it still gets a little, so that a service without agents works.
 */
export function adaptiveWeights(
  servers: readonly Pick<StoredServer, "weight" | "address">[],
  loadOf: (address: string) => number | undefined,
  minPercent: number,
): number[] {
  const greatest = Math.max(...servers.map(({ weight }) => weight));
  const known = servers.map(({ address }) => loadOf(address)).filter((load) => load !== undefined);
  const working = known.filter((load) => load <= loadMax);
  const mean = working.reduce((sum, load) => sum + load, 0) / working.length;
  return servers.map(({ address, weight }) => {
    const load = loadOf(address) ?? loadMax;
    if (load > loadMax) return 0;
    const still = (weight * weightMax) / greatest;
    const isIdle = loadOf(address) !== undefined && mean < minPercent;
    const share = isIdle ? 1 : Math.max(1, loadMax - load) / loadMax;
    return Math.max(1, Math.round(still * share));
  });
}
