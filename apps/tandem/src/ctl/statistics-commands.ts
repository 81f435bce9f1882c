/** The commands that show statistics. */
import { routes } from "@tandem/central-api/routes";
import type { StatisticsSeries, StatisticsStatus } from "@tandem/central-api/statistics";
import { type Command, given } from "./command.ts";
import { moment } from "./moment.ts";
import { deviceOrGroupId } from "./named-device.ts";
import { facts, table } from "./print.ts";

const show: Command["run"] = async (context) => {
  const { client, line } = context;
  const device = line.text("device");
  const query = given({
    device: device === undefined ? undefined : await deviceOrGroupId(context, device),
    network: line.text("network"),
    service: line.text("service"),
    server: line.text("real-server"),
    from: moment("since", line.text("since")),
    to: moment("until", line.text("until")),
    step: line.text("step"),
  });
  const value = await client.call(routes.statistics, { query });
  return { value, text: printSeries(value) };
};

const cell = (value: number | null | undefined): string =>
  value === null || value === undefined ? "-" : String(Number(value.toPrecision(6)));

function printSeries(series: StatisticsSeries): string {
  const rows = series.atUnixSeconds.map((at, index) => [
    new Date(at * 1_000).toISOString(),
    cell(series.activeConnections[index]),
    cell(series.connectionsPerSecond[index]),
    cell(series.requestsPerSecond[index]),
    cell(series.bytesInPerSecond[index]),
    cell(series.bytesOutPerSecond[index]),
  ]);
  const { connections, requests, bytesIn, bytesOut } = series.totals;
  const total = ["in all", "", connections, requests, bytesIn, bytesOut].map(String);
  return table(
    ["AT", "ACTIVE", "CONNECTIONS/S", "REQUESTS/S", "BYTES IN/S", "BYTES OUT/S"],
    [...rows, total],
  );
}

function printStatus({ isPolling, lastRound, samplesKept, samplesDropped, peer }: StatisticsStatus): string {
  const round =
    lastRound === null
      ? "none"
      : `${lastRound.at}: ${lastRound.answered} of ${lastRound.devices} devices answered, ${lastRound.failed} failed, ${lastRound.left} left`;
  return facts([
    ["Polling", isPolling ? "on this unit" : "not on this unit"],
    ["Last round", round],
    ["Samples", `${samplesKept} kept, ${samplesDropped} dropped`],
    [
      "Peer",
      peer.isConnected
        ? `connected, ${peer.waiting} samples waiting, ${peer.lagSeconds ?? 0} s behind`
        : "not connected",
    ],
    ["Shipped", `${peer.shipped}, acknowledged ${peer.acknowledged}`],
    ["Fetched", `${peer.fetched}, last compared ${peer.lastCompared ?? "never"}`],
  ]);
}

export const statisticsCommands: { readonly [words: string]: Command } = {
  "statistics show": {
    words: 0,
    options: ["device", "network", "service", "real-server", "since", "until", "step"],
    run: show,
  },
  "statistics status": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.statisticsStatus);
      return { value, text: printStatus(value) };
    },
  },
};
