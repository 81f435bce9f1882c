/** A unit as a process of its own, as `tandem loadmaster` runs it. */
import { runLoadMaster } from "./main.ts";

await runLoadMaster(process.argv[2] ?? "").catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
