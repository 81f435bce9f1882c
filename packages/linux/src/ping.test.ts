import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Pinger } from "./ping.ts";

const skip = process.getuid?.() === 0 ? false : "raw sockets need root";

describe("pinging", { skip }, () => {
  const pinger = new Pinger();
  after(() => pinger.close());

  test("[LM1] an address that is there answers, many at a time, over IPv4", async () => {
    const addresses = Array.from({ length: 50 }, (_, at) => `127.77.0.${at + 1}`);
    const answers = await Promise.all(addresses.map((each) => pinger.ping(each, 2_000)));
    assert.deepEqual(new Set(answers), new Set([true]));
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
    each?.some(({ address }) => address === "::1"),
  );
  test("[LM1] and over IPv6", { skip: hasIpv6 ? false : "there is no ::1 here" }, async () => {
    assert.equal(await pinger.ping("::1", 2_000), true);
  });

  test("[LM1] one without a way to it does not, nor one that is silent", () => {
    // A network of its own, with a device at whose other end nobody is.
    const script = [
      "ip link set lo up && ip link add d0 type veth peer name d1 && ip link set d1 up",
      "ip address add 10.9.9.1/24 dev d0 && ip link set d0 up",
      `exec ${process.execPath} ${fileURLToPath(new URL("./ping.fixture.ts", import.meta.url))} 10.9.9.1 10.9.9.2 10.9.8.1`,
    ].join(" && ");
    const said = execFileSync("unshare", ["--net", "sh", "-c", script], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(said), [true, false, false]);
  });
});
