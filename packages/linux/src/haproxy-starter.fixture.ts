/** A process that starts HAProxy with the configuration it is sent, says so, and waits to be killed. */
import { HaproxyProcess } from "./haproxy-process.ts";

const [directory = ""] = process.argv.slice(2);
process.on("message", (configuration) => {
  const haproxy = new HaproxyProcess({ directory, observe: () => {} });
  void haproxy
    .apply(configuration as Parameters<typeof haproxy.apply>[0])
    .then((applied) => process.send?.(applied));
});
