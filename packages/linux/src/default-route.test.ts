import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defaultRouteDevices } from "./default-route.ts";

test("the devices of default routes, each once", () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-route-"));
  try {
    const path = join(folder, "route");
    writeFileSync(
      path,
      [
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
        "eth1\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
        "eth1\t00000000\t0201A8C0\t0003\t0\t0\t9\t00000000\t0\t0\t0",
        "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
        "",
      ].join("\n"),
    );
    assert.deepEqual(defaultRouteDevices(path), ["eth1"]);
    assert.deepEqual(defaultRouteDevices(join(folder, "none")), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
