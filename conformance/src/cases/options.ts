/** Limits, sorry server, redirects, further ports, compression and headers of services. */
import { type Area, type Case, data, type Parameters, refused } from "../case.ts";

const remove = { command: "delvs", with: { vs: "$service", port: "$free6", prot: "tcp" } } as const;

/** Set at a service that reads HTTP, and shown by both commands. */
const shows = (name: string, from: string, parameters: Parameters, shown: Parameters = parameters): Case => ({
  name,
  from,
  ask: {
    command: "addvs",
    with: { vs: "$service", port: "$free6", prot: "tcp", VStype: "http", Enable: "N", ...parameters },
    keep: { made: "Index" },
  },
  expect: data(shown),
  next: [{ ask: { command: "showvs", with: { vs: "$made" } }, expect: data(shown) }],
  after: [remove],
});

/** Set, and taken back by an empty or zero value. */
const unset = (set: Parameters, taken: Parameters, absent: readonly string[]): Case => ({
  name: `${Object.keys(taken).join(", ")} is taken back`,
  from: "API 3.6.1.5",
  given: [
    {
      command: "addvs",
      with: { vs: "$service", port: "$free6", prot: "tcp", VStype: "http", Enable: "N", ...set },
      keep: { made: "Index" },
    },
  ],
  ask: { command: "modvs", with: { vs: "$made", ...taken } },
  expect: data({}, { absent }),
  after: [remove],
});

const refuses = (parameters: Parameters): Case => ({
  name: `${JSON.stringify(parameters)} is refused`,
  from: "API 3.6.1.5",
  ask: { command: "modvs", with: { vs: "$bare", ...parameters } },
  expect: refused(422),
});

const limits = ["MaxConnsLimit", "ConnsPerSecLimit", "RequestsPerSecLimit"] as const;

export const options: Area = {
  name: "options of services",
  cases: [
    ...limits.map((name) => shows(`${name} of 100`, "API 3.6.1", { [name]: 100 })),
    ...limits.flatMap((name) => [refuses({ [name]: -1 }), refuses({ [name]: "many" })]),
    shows("an error code", "API 3.6.1.5", { ErrorCode: "503" }),
    shows("an error code as a number", "API 3.6.1.5", { ErrorCode: 404 }, { ErrorCode: "404" }),
    shows("a redirect", "API 3.6.1.5", { ErrorCode: "302", ErrorUrl: "https://%h%s" }),
    shows(
      "a redirect is one of 302 when only its place is given",
      "API 3.6.1.5",
      { ErrorUrl: "https://a/" },
      {
        ErrorCode: "302",
        ErrorUrl: "https://a/",
      },
    ),
    unset({ ErrorCode: 302, ErrorUrl: "https://a/" }, { ErrorUrl: "" }, ["ErrorUrl"]),
    ...([{ ErrorCode: 199 }, { ErrorCode: 506 }, { ErrorUrl: "a b" }] as Parameters[]).map(refuses),
    shows("a sorry server", "API 3.6.1.5", { StandbyAddr: "$server", StandbyPort: "8080" }),
    shows(
      "a sorry server that is not on a local network",
      "API 3.6.1.5",
      {
        StandbyAddr: "$server",
        StandbyPort: 80,
        NonLocalSorryServer: 1,
      },
      { StandbyAddr: "$server", StandbyPort: "80" },
    ),
    unset({ StandbyAddr: "$server", StandbyPort: 80 }, { StandbyAddr: "", StandbyPort: "" }, [
      "StandbyAddr",
      "StandbyPort",
    ]),
    ...(
      [
        { StandbyAddr: "$server" },
        { StandbyAddr: "nowhere", StandbyPort: 80 },
        { StandbyPort: 80 },
        { StandbyAddr: "$server", StandbyPort: 65_536 },
      ] as Parameters[]
    ).map(refuses),
    shows("further ports", "API 3.6.1.1", { ExtraPorts: "18081 18090-18099" }),
    shows("a further port", "API 3.6.1.1", { ExtraPorts: 18_081 }, { ExtraPorts: "18081" }),
    unset({ ExtraPorts: "18081" }, { ExtraPorts: "" }, ["ExtraPorts"]),
    ...["0", "65536", "20-10", "web", "1-1000"].map((ExtraPorts) => refuses({ ExtraPorts })),
    shows("compression", "API 3.6.1.5", { Compress: true }),
    refuses({ Compress: true }),
    ...(["MultiConnect", "HTTPReschedule", "RefreshPersist"] as const).flatMap((name) => [
      shows(`${name} on`, "API 3.6.1", { [name]: 1 }, { [name]: true }),
      shows(`${name} off`, "API 3.6.1", { [name]: "N" }, { [name]: false }),
      refuses({ [name]: "maybe" }),
    ]),
    ...[0, 1, 2, 3, 4, 5, 6].map((ServerInit) =>
      shows(`ServerInit = ${ServerInit}`, "API 3.6.1.3", { VStype: "gen", ServerInit }),
    ),
    ...[-1, 7, "smtp"].map((ServerInit) => refuses({ ServerInit })),
    ...[0, 1, 2, 4, 8].map((QoS) => shows(`QoS = ${QoS}`, "API 3.6.1.3", { QoS })),
    ...[-1, 3, 17, "fast"].map((QoS) => refuses({ QoS })),
    shows("a service of type http2", "API 3.6.1.2", { VStype: "http2" }),
    shows("a header that is copied", "API 3.6.1.5", { CopyHdrFrom: "User-Agent", CopyHdrTo: "X-Agent" }),
    shows("a header that is written", "API 3.6.1.2", { ExtraHdrKey: "X-Site", ExtraHdrValue: "one" }),
    unset({ ExtraHdrKey: "X-Site", ExtraHdrValue: "one" }, { ExtraHdrKey: "", ExtraHdrValue: "" }, [
      "ExtraHdrKey",
      "ExtraHdrValue",
    ]),
    ...([{ ExtraHdrKey: "X Site" }, { CopyHdrTo: "a\nb" }] as Parameters[]).map(refuses),
  ],
};
