/** Run as a process of its own by `file-crash.test.ts`: stores files and transfers without end, and says so, until it is killed. */
import { sha256Hex } from "@tandem/base/digest";
import { openDiskFileStore } from "./disk-file-store.ts";

const [directory, round] = process.argv.slice(2) as [string, string];
const store = openDiskFileStore(directory);
for (let count = 1; ; count += 1) {
  const whole = new Uint8Array(50_000 + count).fill(count).fill(Number(round), 0, 10);
  const put = store.put(whole);
  if (!put.ok) throw new Error(put.error.message);
  const transferred = new Uint8Array(70_000 + count).fill(255 - (count % 255)).fill(Number(round), 0, 10);
  const digest = sha256Hex(transferred);
  for (let offset = 0; offset < transferred.length; offset += 20_000)
    store.append(digest, offset, transferred.subarray(offset, offset + 20_000));
  const finished = store.finish(digest);
  if (!finished.ok) throw new Error(finished.error.message);
  process.stdout.write(`${put.value.digest} ${digest}\n`);
}
