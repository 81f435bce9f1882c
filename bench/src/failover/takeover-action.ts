/**
 * How long the action takes with which a standby becomes active: the advertisement, fifty addresses, and a gratuitous
 * ARP for each. Runs in a unit's namespace, with the engine and the kernel as carpd has them; the clock alone is set
 * forward. `takeover-action.ts <rounds>` prints the times in milliseconds as JSON.
 */
import { randomBytes } from "node:crypto";
import { chooseMessageReader } from "@tandem/linux/message-socket";
import { CarpEngine } from "@tandem/loadmaster/ha/carpd-engine";
import { LinuxCarpKernel } from "@tandem/loadmaster/ha/carpd-kernel";

const addresses = 50;
const masterDownMs = 4_000;

const reader = await chooseMessageReader();
const times: number[] = [];
for (let round = 0; round < Number(process.argv[2]); round += 1) {
  let wake: () => void = () => undefined;
  let now = 0;
  const engine = new CarpEngine({
    kernel: new LinuxCarpKernel(reader),
    monotonic: () => now,
    wall: () => 0,
    entropy: () => randomBytes(8).readBigUInt64BE(),
    timer: (_, tick) => {
      wake = tick;
      return () => undefined;
    },
    onEvent: () => undefined,
    onStatus: () => undefined,
    pid: process.pid,
  });
  engine.configure(
    {
      vhid: 9,
      advbase: 1,
      advskew: 0,
      preempt: false,
      password: "measured",
      device: "eth0",
      ownAddress: "10.77.0.1",
      sharedAddresses: Array.from({ length: addresses }, (_, index) => `10.77.0.${150 + index}/24`),
      serviceAddresses: [],
    },
    [],
  );
  now = masterDownMs;
  const begun = performance.now();
  wake();
  times.push(performance.now() - begun);
  const { role, addresses: held } = engine.status();
  if (role !== "master" || held.length !== addresses)
    throw new Error(`${role} with ${held.length} addresses, where it should have taken over ${addresses}`);
  engine.stop();
}
console.log(JSON.stringify(times));
process.exit(0);
