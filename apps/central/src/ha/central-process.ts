/** One unit's HA as a process of its own, for `kill.test.ts`: says its key and port, then takes one HA form from its input. */
import { createInterface } from "node:readline";
import { loadOrCreateIdentity } from "@tandem/peer-link/identity";
import { createRow } from "@tandem/replica/edits";
import type { HaForm } from "./ha-form.ts";
import { networks } from "./pair-on-loopback.ts";
import { seamsOnDisk } from "./seams.ts";
import { HighAvailability } from "./shell.ts";

const [stateDir, address] = process.argv.slice(2) as [string, string];
const identity = await loadOrCreateIdentity(`${stateDir}/identity`, {
  commonName: "killed",
  addresses: [address],
});
const ha = await HighAvailability.start({
  seams: seamsOnDisk({ stateDir, identity, listen: { address, port: 0 }, tables: [networks] }),
  name: "killed",
  identity,
  centralVersion: "0.1.0",
  tables: [networks],
  networks,
  onFatal: (error) => {
    throw error;
  },
});
await ha.write([createRow(networks, { cidr: "10.1.0.0/16" })], "admin", "network");
const say = (value: object): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
say({ haKey: ha.haKey, port: ha.listening.port });
let said = "";
ha.onChange(() => {
  const { ourState } = ha.status();
  if (ourState !== said) say({ ourState });
  said = ourState;
});
for await (const line of createInterface({ input: process.stdin })) {
  const applied = await ha.apply(JSON.parse(line) as HaForm);
  if (!applied.ok) say({ errors: applied.error });
}
