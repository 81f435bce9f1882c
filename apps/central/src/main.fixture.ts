/** A Central as a process of its own, as `tandem central` runs it. */
import { runCentral } from "./main.ts";

await runCentral(process.argv[2] ?? "").catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
