import assert from "node:assert/strict";
import { test } from "node:test";
import { backendsIn, parseInformation, parseProcesses, parseStatistics, serverStatus } from "./statistics.ts";

test("show stat is read by column name", () => {
  const rows = parseStatistics(
    '# pxname,svname,scur,stot,bin,bout,status,check_status,desc,\nvs1,rs2,3,40,500,6000,UP 1/2,* L4OK,"a, ""b""",\n\n',
  );
  assert.deepEqual(rows, [
    {
      proxy: "vs1",
      server: "rs2",
      status: "UP 1/2",
      currentSessions: 3,
      totalSessions: 40,
      bytesIn: 500,
      bytesOut: 6000,
      requests: 0,
      check: "L4OK",
    },
  ]);
  assert.deepEqual(parseStatistics("nonsense"), []);
  const [frontend, server] = parseStatistics(
    "# pxname,svname,req_tot,hrsp_1xx,hrsp_2xx,hrsp_other\nvs1,FRONTEND,9,0,7,1\nvs1,rs2,,0,7,1\n",
  );
  assert.deepEqual([frontend?.requests, server?.requests], [9, 8]);
});

test("show proc tells the master from workers new and old", () => {
  const text = `#<PID>          <type>          <reloads>       <uptime>        <version>
100             master          2               0d00h00m10s     2.6.12
# workers
130             worker          0               0d00h00m01s     2.6.12
# old workers
120             worker          1               0d00h00m05s     2.6.12
# programs
`;
  assert.deepEqual(parseProcesses(text), [
    { pid: 100, type: "master", reloads: 2 },
    { pid: 130, type: "worker", reloads: 0 },
    { pid: 120, type: "worker", reloads: 1 },
  ]);
});

test("show info is read by name, whatever the case", () => {
  assert.equal(parseInformation("Name: HAProxy\ndescription: 0123\n").get("description"), "0123");
});

test("server states become the four words of the API", () => {
  assert.deepEqual(
    ["UP", "UP 1/3", "DOWN", "DOWN 1/2", "no check", "MAINT", "NOLB", "DRAIN"].map(serverStatus),
    ["Up", "Up", "Down", "Down", "Unchecked", "Disabled", "Down", "Disabled"],
  );
});

test("the number of each backend is read from the figures, whatever its name", () => {
  const csv =
    "# pxname,svname,qcur,iid,sid\nvs1,FRONTEND,,2,0\nvs1,rs1,0,3,1\nvs1,BACKEND,0,3,0\nvs1.g1,BACKEND,0,4,0\n";
  assert.deepEqual(
    [...backendsIn(csv)],
    [
      ["vs1", 3],
      ["vs1.g1", 4],
    ],
  );
  assert.deepEqual([...backendsIn("")], []);
});
