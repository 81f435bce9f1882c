/** What an operator fills in to begin a drill, and what is sent. Pure. */
import type { DeviceService } from "@tandem/central-api/device-services";
import { type DrillNew, drillBudgetDefaultMs } from "@tandem/central-api/drills";

export type DrillDraft = {
  /** `ADDRESS:PORT` of a virtual service, an IPv6 address in brackets. */
  readonly service: string;
  readonly asks: "http" | "https" | "tcp";
  readonly path: string;
  readonly budgetMs: string;
  readonly andBack: boolean;
};

/** Services that a prober can ask, as they are named in the form. */
export const probedServices = (services: readonly DeviceService[]): readonly string[] =>
  services
    .filter(({ protocol }) => protocol === "tcp")
    .map(({ address, port }) => `${address.includes(":") ? `[${address}]` : address}:${port}`);

const httpPorts = [80, 8_080];
const httpsPorts = [443, 8_443];

/** What a service is likely to speak, by its port; another choice is the operator's. */
export function asksOf(service: string): DrillDraft["asks"] {
  const port = Number(service.slice(service.lastIndexOf(":") + 1));
  return httpPorts.includes(port) ? "http" : httpsPorts.includes(port) ? "https" : "tcp";
}

export const emptyDraft = (services: readonly string[]): DrillDraft => ({
  service: services[0] ?? "",
  asks: asksOf(services[0] ?? ""),
  path: "/",
  budgetMs: String(drillBudgetDefaultMs),
  andBack: false,
});

/** What is sent; a budget that is no number is left to the server to refuse, which names the field. */
export const drillOf = ({ service, asks, path, budgetMs, andBack }: DrillDraft): DrillNew => ({
  target: asks === "tcp" ? service : `${asks}://${service}${path.startsWith("/") ? path : `/${path}`}`,
  budgetMs: Number(budgetMs),
  andBack,
});
