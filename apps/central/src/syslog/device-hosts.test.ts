import assert from "node:assert/strict";
import { test } from "node:test";
import { type SyslogHost, type SyslogSettings, syslogHostsMax } from "@tandem/loadmaster-api/syslog-levels";
import fc from "fast-check";
import { adopt, nothingAdopted, sameSettings, undo } from "./device-hosts.ts";

const [central1, central2, central3] = ["192.0.2.11", "192.0.2.12", "192.0.2.13"] as const;
const other: SyslogHost = { host: "198.51.100.1", level: "error" };
const settings = (hosts: readonly SyslogHost[], port = 514): SyslogSettings => ({
  hosts,
  port,
  protocol: "udp",
  framing: "newline",
});
const both = { hosts: [central1, central2], port: 514 };
const adopted = (...parts: Parameters<typeof adopt>) => {
  const result = adopt(...parts);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};

test("[CH2] both Centrals are added for everything a device says, beside what is there; doing it again changes nothing", () => {
  const first = adopted(settings([other]), both, nothingAdopted);
  assert.deepEqual(first.settings.hosts, [
    other,
    { host: central1, level: "info" },
    { host: central2, level: "info" },
  ]);
  assert.deepEqual(first.adopted, { added: [central1, central2], port: null });
  assert.deepEqual(adopted(first.settings, both, first.adopted), first);
});

test("[CH2] a peer's new address takes the place of the old one", () => {
  const first = adopted(settings([other]), both, nothingAdopted);
  const second = adopted(first.settings, { hosts: [central1, central3], port: 514 }, first.adopted);
  assert.deepEqual(
    second.settings.hosts.map(({ host }) => host),
    [other.host, central1, central3],
  );
  assert.deepEqual(second.adopted.added, [central1, central3]);
});

test("[CE1] a host that was there before is not Central's to take away", () => {
  const present = settings([{ host: central1, level: "warn" }]);
  const first = adopted(present, both, nothingAdopted);
  assert.deepEqual(first.adopted.added, [central2]);
  assert.deepEqual(undo(first.settings, first.adopted), present);
});

test("another port is set where nobody else is sent to, and told of otherwise", () => {
  const elsewhere = { hosts: [central1], port: 1_514 };
  const alone = adopted(settings([]), elsewhere, nothingAdopted);
  assert.deepEqual(alone.adopted, { added: [central1], port: { before: 514, set: 1_514 } });
  assert.deepEqual(undo(alone.settings, alone.adopted), settings([]));
  assert.equal(
    undo({ ...alone.settings, port: 5_514 }, alone.adopted).port,
    5_514,
    "somebody's later choice",
  );
  const shared = adopt(settings([other]), elsewhere, nothingAdopted);
  assert.match(shared.ok ? "" : shared.error, /port 514, where 198\.51\.100\.1 may listen.*set syslog\/port/);
});

test("a device whose hosts are all taken is told of, and nothing is pushed out", () => {
  const full = Array.from({ length: syslogHostsMax - 1 }, (_, n) => ({
    host: `203.0.113.${n}`,
    level: "info" as const,
  }));
  const result = adopt(settings(full), both, nothingAdopted);
  assert.match(result.ok ? "" : result.error, /has 9 syslog hosts and takes 10/);
});

test("[CE1] whatever was there, and however the Centrals' addresses changed, removing restores it", () => {
  const address = fc.integer({ min: 1, max: 6 }).map((n) => `192.0.2.${n}`);
  const hosts = fc
    .uniqueArray(address, { maxLength: 4 })
    .map((all) => all.map((host, n): SyslogHost => ({ host, level: n % 2 === 0 ? "info" : "error" })));
  fc.assert(
    fc.property(
      fc.tuple(hosts, fc.constantFrom(514, 1_514)).map(([of, port]) => settings(of, port)),
      fc.array(
        fc.record({
          hosts: fc.uniqueArray(address, { minLength: 1, maxLength: 2 }),
          port: fc.constantFrom(514, 1_514),
        }),
      ),
      (before, changes) => {
        let now = { settings: before, adopted: nothingAdopted };
        for (const wanted of changes) {
          const result = adopt(now.settings, wanted, now.adopted);
          if (!result.ok) continue;
          now = result.value;
          for (const host of wanted.hosts) assert.ok(now.settings.hosts.some((one) => one.host === host));
        }
        assert.ok(sameSettings(undo(now.settings, now.adopted), before));
      },
    ),
  );
});
