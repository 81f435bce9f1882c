/** `stats`: names and types, which differ between the versions and from those of `listvs`. */
import { type Area, type Case, data, type Expected } from "../case.ts";

type Type = "number" | "string";

const service: readonly (readonly [name: string, type: Type])[] = [
  ["VSAddress", "string"],
  ["VSPort", "number"],
  ["VSProt", "string"],
  ["Index", "number"],
  ["Status", "string"],
  ["ErrorCode", "number"],
  ["Enable", "number"],
  ["TotalConns", "number"],
  ["TotalPkts", "number"],
  ["TotalBytes", "number"],
  ["TotalBits", "number"],
  ["ActiveConns", "number"],
  ["BytesRead", "number"],
  ["BytesWritten", "number"],
  ["ConnsPerSec", "number"],
  ["ConnsRateBlocked", "number"],
  ["RequestsRateBlocked", "number"],
  ["MaxConnsBlocked", "number"],
  ["WafEnable", "number"],
  ["InterceptMode", "number"],
];

const server: readonly (readonly [name: string, type: Type])[] = [
  ["VSIndex", "number"],
  ["RSIndex", "number"],
  ["Addr", "string"],
  ["Port", "number"],
  ["Enable", "number"],
  ["Weight", "number"],
  ["ActivConns", "number"],
  ["Conns", "number"],
  ["Pkts", "number"],
  ["Bytes", "number"],
  ["Bits", "number"],
  ["BytesRead", "number"],
  ["BytesWritten", "number"],
  ["ConnsPerSec", "number"],
  ["Persist", "number"],
];

const totals = [
  "ConnsPerSec",
  "TotalConns",
  "BitsPerSec",
  "TotalBits",
  "BytesPerSec",
  "TotalBytes",
  "PktsPerSec",
  "TotalPackets",
];

const shows = (name: string, expect: Expected, more: Partial<Case> = {}): Case => ({
  name,
  from: "API 3.8",
  ask: { command: "stats" },
  expect,
  ...more,
});

const unlimited = "clients are neither limited nor told apart by country yet";

export const statistics: Area = {
  name: "statistics",
  cases: [
    ...service.map(([name, type]) =>
      shows(`a service's ${name} is a ${type}`, data({ [`Vs.0.${name}`]: { type } })),
    ),
    ...server.map(([name, type]) =>
      shows(`a server's ${name} is a ${type}`, data({ [`Rs.0.${name}`]: { type } })),
    ),
    ...totals.map((name) =>
      shows(`VStotals has ${name}, a number`, data({ [`VStotals.${name}`]: { type: "number" } })),
    ),
    shows("the fields of a service come in their order", {
      is: "data",
      orderIn: { "Vs.0": service.map(([name]) => name) },
    }),
    shows("a state is in small letters", data({ "Vs.0.Status": /^[a-z]+$/ })),
    shows("Enable is 1 or 0, not a boolean", data({ "Vs.0.Enable": /^[01]$/, "Rs.0.Enable": /^[01]$/ })),
    shows("every port is a number", data({ "Vs.0.VSPort": /^\d+$/, "Rs.0.Port": /^\d+$/ })),
    shows("VSProt is tcp or udp", data({ "Vs.0.VSProt": /^(tcp|udp)$/ })),
    ...["Sec", "Usec", "Period"].map((name) =>
      shows(`Timestamp has ${name}, a number`, data({ [`Timestamp.${name}`]: { type: "number" } })),
    ),
    shows("ChangeTime is a time in seconds", data({ ChangeTime: /^\d{10}$/ })),
    shows("a parameter that stats does not know is disregarded", data({ ChangeTime: { type: "number" } }), {
      ask: { command: "stats", with: { vs: 1, totals: 1 } },
    }),
    ...["CPU.total.User", "Memory.MBtotal", "TPS.Total", "TPS.SSL"].map((path) =>
      shows(`there is ${path}`, data({ [path]: /./ })),
    ),
    ...["ClientLimits.Totals", "CountryCounts.DifferentCountries"].map((path) =>
      shows(`there is ${path}`, data({ [path]: /./ }), { notYet: unlimited }),
    ),
    shows("v1: there is DiskUsage", data({ "DiskUsage.partition.0.name": /./ }), { versions: [1] }),
    shows("v1: processors are named", data({ "CPU.cpu0.HWInterrupts": /./ }), { versions: [1] }),
    shows("v2: processors stand in a list", data({ "CPU.cpu.0.cpu": { type: "number" } }), { versions: [2] }),
    shows("v2: interfaces stand in a list", data({ "Network.Interface.0.ifaceID": { type: "number" } }), {
      versions: [2],
    }),
  ],
};
