/** Says of each address whether it answers within 200 ms. */
import { Pinger } from "./ping.ts";

const pinger = new Pinger();
console.log(JSON.stringify(await Promise.all(process.argv.slice(2).map((each) => pinger.ping(each, 200)))));
pinger.close();
