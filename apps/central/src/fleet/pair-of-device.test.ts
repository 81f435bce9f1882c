import assert from "node:assert/strict";
import { test } from "node:test";
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import { pairIn, roleIn } from "./pair-of-device.ts";

const eth0 = {
  Id: 0,
  IPAddress: "10.0.0.2/24",
  IPv6Address: "fd00::2/64",
  SharedIPAddress: "10.0.0.10",
  SharedIPv6Address: "fd00::10",
  PartnerIPAddress: "10.0.0.1",
} as InterfaceView;
const eth1 = { Id: 1, IPAddress: "10.1.0.2/24", SharedIPAddress: "" } as InterfaceView;

test("[CH19] what a unit says of its pair: types as text or numbers, addresses without prefix, what is empty left out", () => {
  const said = {
    hamode: "2",
    havhid: "7",
    hastatus: "Active",
    activetime: "1700000000",
    hareport: "eth1 is down",
  };
  assert.deepEqual(pairIn(said, [eth0, eth1]), {
    unit: "HA2",
    virtualId: 7,
    ownAddresses: ["10.0.0.2", "10.1.0.2", "fd00::2"],
    partnerAddresses: ["10.0.0.1"],
    sharedAddresses: ["10.0.0.10", "fd00::10"],
    activeSince: "2023-11-14T22:13:20.000Z",
    report: "eth1 is down",
  });
  assert.equal(pairIn({ ...said, activetime: 0, hamode: 1 }, [eth0])?.activeSince, null);
  assert.equal(pairIn({ hamode: 0 }, [eth0]), null, "a single unit");
  assert.equal(pairIn(said, null), undefined, "nothing is said without its interfaces");
  assert.deepEqual(
    ["Active", "Standby", "Passive"].map((hastatus) => roleIn({ ...said, hastatus })),
    ["active", "standby", "unknown"],
  );
  assert.equal(roleIn({ hamode: "0", hastatus: "HA not configured" }), "single");
});
