/** Stands in for the unit in the CARP tests: a CarpdClient with a handle for orders on standard input. */
import { createInterface } from "node:readline";
import { CarpdClient } from "@tandem/loadmaster/ha/carpd-client";

const [mode, stateDir, configPath, configuration] = process.argv.slice(2) as [string, string, string, string];
const say = (event: string, details: object = {}): void => console.log(JSON.stringify({ event, ...details }));

const client = new CarpdClient({
  stateDir,
  configPath,
  log: (_level, event, details) => say(event, details),
});
let role: string | undefined;
client.onStatus((status) => {
  if (status?.role !== role) say(`role-${status?.role}`, { pid: status?.pid });
  role = status?.role;
});
const configured = client.configure(JSON.parse(configuration));
if (!configured.ok) say("configuration-refused", { errors: configured.error });

createInterface({ input: process.stdin }).on("line", async (line) => {
  const [order, amount] = line.split(" ");
  switch (order) {
    case "block": {
      const end = performance.now() + Number(amount);
      while (performance.now() < end);
      say("blocked");
      return;
    }
    case "stop":
      await client.stop();
      say("stopped");
      process.exit(0);
      break;
    default:
      say("unknown-order", { order });
  }
});

if (mode === "spawn") await client.spawn();
else client.start();
say("begun");
