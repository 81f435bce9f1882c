/** The units of a drill: LoadMasters of ours, each asked over its API at its own address. */
import { err, ok, type Result } from "@tandem/base/result";
import { second } from "@tandem/base/time";
import type { Fence } from "@tandem/fencing/fence";
import type { CallError, LoadMasterClient } from "@tandem/loadmaster-api/client";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import { monotonicMs } from "@tandem/probe/monotonic";
import { startProbe } from "@tandem/probe/probe";
import type { DeviceTarget } from "../fleet/device-contact.ts";
import { targetOf } from "../fleet/devices.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { devices } from "../fleet/tables.ts";
import type { UnitView } from "./fitness.ts";
import type { DrilledUnits, HandedOver, ProbedService, ProbePort } from "./ports.ts";

/** The unit answers once the role has moved, for which it gives itself 5 s, beside what its ledger needs before. */
const handOverTimeoutMs = 20 * second;
/** A unit that was asked for the role's whereabouts is asked again soon. */
const roleTimeoutMs = 2 * second;

/** Of `LoadMasterClient`. */
export type DrilledDevice = Pick<LoadMasterClient, "call" | "get" | "listVirtualServices">;

export class LoadMasterPairs implements DrilledUnits {
  readonly #shared: Pick<SharedRows, "row">;
  readonly #client: (target: DeviceTarget) => DrilledDevice;
  readonly #asked: (device: string) => void;

  /** `asked`: the unit was told to give its role away, so that what is known of it is old. */
  constructor(
    shared: Pick<SharedRows, "row">,
    client: (target: DeviceTarget) => DrilledDevice,
    asked: (device: string) => void,
  ) {
    this.#shared = shared;
    this.#client = client;
    this.#asked = asked;
  }

  async look(device: string): Promise<Result<UnitView, string>> {
    const client = this.#clientOf(device);
    if (client === undefined) return err(gone);
    const view = await client.call("haview");
    if (!view.ok) return err(notOurs(view.error));
    const preferred = await client.get("haprefered");
    if (!preferred.ok) return err(preferred.error.message);
    const { squares, sharedAddress } = view.value as unknown as HaView;
    // The role by its own parameter: in this API the status of the view is that of the answer.
    const isActive = (await this.isActive(device)) === true;
    return ok({ isActive, squares, sharedAddress, preferred: Number(preferred.value) });
  }

  async services(device: string): Promise<Result<readonly ProbedService[], string>> {
    const client = this.#clientOf(device);
    if (client === undefined) return err(gone);
    const services = await client.listVirtualServices();
    if (!services.ok) return err(services.error.message);
    return ok(
      services.value.map((each) => ({
        address: each.VSAddress,
        port: Number(each.VSPort),
        protocol: each.Protocol,
      })),
    );
  }

  async isActive(device: string): Promise<boolean | null> {
    const answer = await this.#clientOf(device)?.call("get", { param: "hastatus" }, undefined, roleTimeoutMs);
    return answer?.ok ? answer.value.hastatus === "Active" : null;
  }

  async handOver(device: string, fence: Fence): Promise<HandedOver> {
    const client = this.#clientOf(device);
    if (client === undefined) return { kind: "refused", message: gone };
    const answer = await client.call("hahandover", {}, fence, handOverTimeoutMs);
    this.#asked(device);
    if (answer.ok) return { kind: "moved" };
    const { message } = answer.error;
    return { kind: isCertainlyRefused(answer.error) ? "refused" : "unknown", message };
  }

  #clientOf(device: string): DrilledDevice | undefined {
    const row = this.#shared.row(devices, device);
    return row && this.#client(targetOf(row));
  }
}

/** The prober in a thread of this process, with the clock that it measures by. */
export const threadProbe: ProbePort = (options) => {
  const probe = startProbe(options);
  return probe.ok ? ok({ ...probe.value, now: monotonicMs }) : probe;
};

const gone = "the device is no longer in the tree";

const notOurs = (error: CallError): string =>
  error.kind === "refused"
    ? `it does not answer haview, which units of ours do: ${error.message}`
    : error.message;

/** A unit that answers 503 has given the role up, and does not know more. */
function isCertainlyRefused(error: CallError): boolean {
  switch (error.kind) {
    case "refused":
      return error.code < 500 && error.known !== false;
    case "fenced":
    case "too-old":
    case "moved-on":
    case "unauthorised":
    case "wrong-certificate":
    case "busy":
      return true;
    case "unreachable":
    case "timeout":
    case "malformed":
    case "in-progress":
      return false;
  }
}
