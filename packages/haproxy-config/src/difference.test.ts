import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commandsMax, difference, isComplaint, needsCheck } from "./difference.ts";
import type { RealServer, VirtualService } from "./model.ts";
import { exampleModel, exampleServer, exampleService } from "./model-examples.ts";
import { renderConfiguration } from "./render.ts";

const partsOf = (...services: VirtualService[]): readonly string[] => {
  const rendered = renderConfiguration(exampleModel(services));
  assert.ok(rendered.ok, rendered.ok ? "" : rendered.error.message);
  return rendered.value.parts;
};

const weighted = (...servers: RealServer[]): VirtualService =>
  exampleService(1, { schedule: "wrr", check: { kind: "none" }, servers });

/** What the worker of `before` is told; undefined when it has to be another one. */
const told = (before: VirtualService, after: VirtualService): readonly string[] | undefined => {
  const [present, next] = [partsOf(before, exampleService(2)), partsOf(after, exampleService(2))];
  const found = difference(present, next);
  assert.deepEqual(difference([present.join("\n")], next), found, "the same for a file that was read");
  return found.kind === "told" ? found.commands : undefined;
};

describe("[LM1] what a worker is told instead of a reload", () => {
  const one = exampleServer(1);
  const two = exampleServer(2);

  test("nothing, when nothing differs", () => {
    assert.deepEqual(told(weighted(one, two), weighted(one, two)), []);
  });

  test("weights, as the file would have them", () => {
    assert.deepEqual(told(weighted(one, two), weighted(one, { ...two, weight: 500 })), [
      "set server vs1/rs1 weight 2",
    ]);
  });

  test("nothing of a weight that the schedule disregards", () => {
    const of = (weight: number) => exampleService(1, { servers: [{ ...one, weight }] });
    assert.deepEqual(told(of(5), of(7)), []);
  });

  test("limits, states and addresses", () => {
    const changed = { ...two, connectionLimit: 7, enabled: false, address: "10.213.0.99", port: 81 };
    assert.deepEqual(told(weighted(one, two), weighted(one, changed)), [
      "set maxconn server vs1/rs2 7",
      "set server vs1/rs2 addr 10.213.0.99 port 81",
      "set server vs1/rs2 state maint",
    ]);
    assert.deepEqual(told(weighted(one, changed), weighted(one, two)), [
      "set maxconn server vs1/rs2 0",
      "set server vs1/rs2 addr 10.213.0.32 port 80",
      "set server vs1/rs2 state ready",
    ]);
  });

  test("that a server at another address is up until a check says otherwise", () => {
    const of = (port: number) => exampleService(1, { servers: [{ ...one, port }] });
    assert.deepEqual(told(of(80), of(81)), [
      "set server vs1/rs1 addr 10.213.0.31 port 81",
      "set server vs1/rs1 health up",
    ]);
  });

  test("servers that come and go", () => {
    const checked = (...servers: RealServer[]) => exampleService(1, { servers });
    assert.deepEqual(told(checked(one), checked(two, exampleServer(3, { enabled: false }))), [
      "set server vs1/rs1 state maint",
      "del server vs1/rs1",
      "add server vs1/rs2 10.213.0.32:80 check inter 9s fastinter 1s fall 2 rise 1 pool-max-conn -1 pool-purge-delay 5s",
      "enable health vs1/rs2",
      "set server vs1/rs2 state ready",
      "add server vs1/rs3 10.213.0.33:80 check inter 9s fastinter 1s fall 2 rise 1 pool-max-conn -1 pool-purge-delay 5s",
      "enable health vs1/rs3",
    ]);
    assert.deepEqual(told(weighted(), weighted(one))?.length, 2);
  });

  test("and an IPv6 server as any other", () => {
    const six = exampleServer(3, { address: "2001:db8::1" });
    assert.deepEqual(told(weighted(six), weighted({ ...six, port: 81 })), [
      "set server vs1/rs3 addr 2001:db8::1 port 81",
    ]);
  });
});

describe("[LM1] everything else is a reload", () => {
  const cases: Record<string, [VirtualService, VirtualService]> = {
    "a parameter of the service": [exampleService(1), exampleService(1, { idleSeconds: 5 })],
    "a server's check": [
      exampleService(1),
      exampleService(1, {
        check: { kind: "tcp", timing: { intervalSeconds: 9, timeoutSeconds: 4, retries: 3 } },
      }),
    ],
    "weights that begin to count": [
      exampleService(1, { servers: [exampleServer(1)] }),
      exampleService(1, { schedule: "wrr", servers: [exampleServer(1)] }),
    ],
    "a server of the other family": [
      weighted(exampleServer(1)),
      weighted(exampleServer(1, { address: "2001:db8::1" })),
    ],
    "servers in another order": [
      weighted(exampleServer(1), exampleServer(2)),
      weighted(exampleServer(2), exampleServer(1)),
    ],
    "a server before another one": [weighted(exampleServer(2)), weighted(exampleServer(1), exampleServer(2))],
    "a server that is named in a cookie": [
      exampleService(1, { persistence: { kind: "cookie", name: "LM", timeoutSeconds: 60 }, servers: [] }),
      exampleService(1, { persistence: { kind: "cookie", name: "LM", timeoutSeconds: 60 } }),
    ],
    "a service that is switched off": [exampleService(1), exampleService(1, { enabled: false })],
  };
  for (const [what, [before, after]] of Object.entries(cases))
    test(what, () => {
      assert.equal(told(before, after), undefined);
    });

  test("a SubVS whose nickname looks like a digest", () => {
    const named = (nickname: string): VirtualService => {
      const { port: _port, ...sub } = exampleService(5, { servers: [exampleServer(9)], nickname });
      const { nickname: _nickname, ...service } = exampleService(1, { servers: [] });
      return { ...service, subServices: [{ ...sub, weight: 1 }] };
    };
    assert.equal(told(named("0123456789abcdef"), named("abcdef0123456789")), undefined);
  });

  test("another service", () => {
    assert.equal(
      difference(partsOf(exampleService(1)), partsOf(exampleService(1), exampleService(2))).kind,
      "reload",
    );
  });

  test("a word of a server's line that is not known here", () => {
    const before = partsOf(weighted(exampleServer(1))).join("\n");
    for (const line of [
      "    server rs1 10.213.0.31:80 weight 1 backup",
      "    server rs1 10.213.0.31:80 weight 'a b'",
    ]) {
      const after = before.replace(/^ {4}server rs1 .*$/m, line);
      assert.notEqual(after, before);
      assert.equal(difference([before], [after]).kind, "reload");
      const added = before.replace(/^ {4}server rs1 .*$/m, `$&\n${line.replace("rs1", "rs2")}`);
      assert.equal(difference([before], [added]).kind, "reload");
    }
  });

  test("more than is told faster than it is loaded", () => {
    const many = (weight: number) =>
      weighted(
        exampleServer(1, { weight }),
        ...Array.from({ length: 200 }, (_, at) =>
          exampleServer(at + 2, { weight: at % 2 === 0 ? weight : 7 }),
        ),
      );
    const services = (weight: number) =>
      Array.from({ length: Math.ceil(commandsMax / 100) + 1 }, (_, at) => ({
        ...many(weight),
        index: at + 1,
        port: 1_000 + at,
      }));
    assert.equal(difference(partsOf(...services(8)), partsOf(...services(9))).kind, "reload");
  });
});

test("[LM1] only what cannot spoil a file is told without HAProxy reading it first", () => {
  const of = (...commands: string[]) => needsCheck({ kind: "told", commands });
  assert.equal(of("set server vs1/rs1 weight 3", "set maxconn server vs1/rs1 3"), false);
  assert.equal(of("add server vs1/rs1 10.0.0.1:80"), true);
  assert.equal(needsCheck({ kind: "reload" }), true);
});

test("[LM1] what HAProxy says of a command that it has not carried out is a complaint", () => {
  for (const line of [
    "New server registered.",
    "Server deleted.",
    "IP changed from '10.0.0.1' to '10.0.0.2', no need to change the port by 'stats socket command'",
  ])
    assert.equal(isComplaint(line), false, line);
  for (const line of ["No such server.", "Server still has connections attached to it, cannot remove it."])
    assert.equal(isComplaint(line), true, line);
});
