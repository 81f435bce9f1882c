import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { ProxyModel, VirtualService } from "./model.ts";
import {
  exampleModel,
  examplePeers,
  exampleProcess,
  exampleServer,
  exampleService,
  exampleTiming,
} from "./model-examples.ts";
import { proxyWeight, renderConfiguration } from "./render.ts";

const goldens: Record<string, ProxyModel> = {
  empty: exampleModel([]),
  "http-round-robin": exampleModel([
    exampleService(1, {
      nickname: "web shop",
      check: { kind: "http", timing: exampleTiming, method: "HEAD", path: "/", codes: [] },
    }),
  ]),
  "http-check-in-full": exampleModel([
    exampleService(1, {
      header: { forwardedFor: true, clientSide: true, via: true },
      check: {
        kind: "http",
        timing: { intervalSeconds: 5, timeoutSeconds: 2, retries: 3, port: 8081 },
        method: "GET",
        path: "/health?deep=100%&who='me'",
        host: "www.example.org",
        codes: [404, 503],
      },
    }),
  ]),
  "tcp-weighted": exampleModel([
    exampleService(2, {
      port: 5432,
      mode: "tcp",
      schedule: "wlc",
      header: { forwardedFor: false, clientSide: false, via: false },
      servers: [
        exampleServer(1, { weight: 65_535 }),
        exampleServer(4, { weight: 100, connectionLimit: 50 }),
        exampleServer(5, { weight: 1, enabled: false }),
      ],
    }),
  ]),
  "persistence-by-source-in-a-pair": {
    process: { ...exampleProcess, peers: examplePeers },
    services: [
      exampleService(1, { persistence: { kind: "source", timeoutSeconds: 360 } }),
      exampleService(2, {
        port: 5432,
        mode: "tcp",
        header: { forwardedFor: false, clientSide: false, via: false },
        persistence: { kind: "source", timeoutSeconds: 86_400 },
      }),
    ],
  },
  "persistence-on-a-single-unit": {
    process: { ...exampleProcess, peers: { own: { name: "unit", address: "10.213.0.21", port: 6975 } } },
    services: [
      exampleService(1, { persistence: { kind: "source", timeoutSeconds: 60 } }),
      exampleService(2, {
        persistence: { kind: "cookie", name: "LBSESSION", timeoutSeconds: 3_600 },
        servers: [exampleServer(1), exampleServer(2, { enabled: false })],
      }),
    ],
  },
  "ipv6-service-and-servers": {
    process: { ...exampleProcess, peers: examplePeers },
    services: [
      exampleService(1, {
        address: "2001:db8::20",
        persistence: { kind: "source", timeoutSeconds: 360 },
        check: {
          kind: "http",
          timing: exampleTiming,
          method: "GET",
          path: "/",
          host: "[2001:db8::20]",
          codes: [],
        },
        servers: [exampleServer(1, { address: "2001:db8::31" }), exampleServer(2)],
      }),
    ],
  },
  "source-hash-unchecked-and-disabled": exampleModel([
    exampleService(1, { schedule: "sh", check: { kind: "none" } }),
    exampleService(2, { enabled: false }),
    exampleService(3, { servers: [] }),
  ]),
};

const render = (model: ProxyModel) => {
  const rendered = renderConfiguration(model);
  assert.ok(rendered.ok, rendered.ok ? "" : rendered.error.message);
  return rendered.value;
};

for (const [name, model] of Object.entries(goldens)) {
  test(`[LM1] the file for "${name}" is the golden one`, () => {
    const path = join(import.meta.dirname, "../goldens", `${name}.golden`);
    const { text } = render(model);
    if (process.env.UPDATE_GOLDENS === "1") writeFileSync(path, text);
    assert.equal(
      text,
      readFileSync(path, "utf8"),
      "run again with UPDATE_GOLDENS=1 when the change is meant",
    );
  });

  test(`[LM1] HAProxy accepts the file for "${name}" without a warning`, {
    skip: existsSync("/usr/sbin/haproxy") ? false : "HAProxy is not installed",
  }, () => {
    const directory = mkdtempSync(join(tmpdir(), "tandem-render-"));
    try {
      const path = join(directory, "haproxy.cfg");
      writeFileSync(path, render(model).text);
      const said = execFileSync("/usr/sbin/haproxy", ["-c", "-f", path], { encoding: "utf8", stdio: "pipe" });
      assert.doesNotMatch(said, /WARNING|ALERT/);
      assert.match(said, /Configuration file is valid/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test("a line of the file tells which service and parameter it comes from", () => {
  const { text, origins } = render(goldens["tcp-weighted"] as ProxyModel);
  const lines = text.split("\n");
  const at = (start: string) => origins[lines.findIndex((line) => line.trim().startsWith(start))];
  assert.deepEqual(at("server rs4"), { service: 2, server: 4, parameter: "rs" });
  assert.deepEqual(at("bind "), { service: 2, parameter: "vs" });
  assert.deepEqual(at("timeout check"), { service: 2, parameter: "CheckType" });
  assert.equal(at("maxconn 9000"), undefined);
});

test("the digest is in the file and changes with it", () => {
  const one = render(exampleModel([exampleService(1)]));
  const other = render(exampleModel([exampleService(1, { nickname: "other" })]));
  assert.match(one.text, new RegExp(`^ {4}description ${one.digest}$`, "m"));
  assert.notEqual(one.digest, other.digest);
  assert.equal(render(exampleModel([exampleService(1)])).digest, one.digest);
});

test("weights keep their ratio within HAProxy's 256 steps and none becomes 0", () => {
  const weights = (...values: number[]) => {
    const servers = values.map((weight, index) => exampleServer(index + 1, { weight }));
    return servers.map((server) => proxyWeight(server, servers));
  };
  assert.deepEqual(weights(1_000, 1_000, 1_000), [1, 1, 1]);
  assert.deepEqual(weights(1_000, 500), [2, 1]);
  assert.deepEqual(weights(65_535, 32_768, 1), [256, 128, 1]);
  assert.deepEqual(weights(300, 1), [256, 1]);
});

const refusals: [string, VirtualService, RegExp][] = [
  ["a line end in a name", exampleService(1, { nickname: "a\n    server evil 6.6.6.6:80" }), /NickName/],
  ["a carriage return in a name", exampleService(1, { nickname: "a\rb" }), /NickName/],
  ["an address with a space", exampleService(1, { address: "1.2.3.4 " }), /address/],
  ["a port of 0", exampleService(1, { port: 0 }), /port/],
  ["a port that is not whole", exampleService(1, { port: 80.5 }), /port/],
  [
    "a check path with a space",
    exampleService(1, {
      check: { kind: "http", timing: exampleTiming, method: "GET", path: "/a b", codes: [] },
    }),
    /CheckUrl/,
  ],
  [
    "a check host with a line end",
    exampleService(1, {
      check: { kind: "http", timing: exampleTiming, method: "GET", path: "/", host: "a\r\nX: y", codes: [] },
    }),
    /CheckHost/,
  ],
  ["a weight of 0", exampleService(1, { servers: [exampleServer(1, { weight: 0 })] }), /Weight/],
];

for (const [title, service, field] of refusals)
  test(`${title} is refused with field, value and remedy`, () => {
    const rendered = renderConfiguration(exampleModel([service]));
    assert.ok(!rendered.ok);
    assert.match(rendered.error.field, field);
    assert.ok(rendered.error.remedy.length > 0);
    assert.notEqual(rendered.error.value, undefined);
  });

test("two services on one address and port are refused, unless one is disabled", () => {
  const clash = [exampleService(1, { port: 80 }), exampleService(2, { port: 80 })];
  assert.ok(!renderConfiguration(exampleModel(clash)).ok);
  assert.ok(renderConfiguration(exampleModel([clash[0]!, { ...clash[1]!, enabled: false }])).ok);
});

test("more connections than the file descriptors allow are refused", () => {
  assert.ok(
    !renderConfiguration({ process: { ...exampleProcess, maxConnections: 20_000 }, services: [] }).ok,
  );
});

/** Texts that would do harm if they were not quoted: keywords, quotes, line ends, expansions, comments. */
const hostile = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        "\n",
        "\r",
        "\\",
        "'",
        '"',
        " ",
        "\t",
        "#",
        "$",
        ["$", "{HOME}"].join(""),
        "%[src]",
        "server x 6.6.6.6:1",
        "\u2028",
        "\0",
        "a",
        "é",
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

test("whatever the model's texts hold, no line of the file is one they injected", () => {
  const shape = (text: string) =>
    text.split("\n").map((line) =>
      line
        .trim()
        .split(" ")
        .slice(0, 2)
        .join(" ")
        .replace(/^description .*/, "description"),
    );
  const model = (nickname: string, path: string, host: string) =>
    exampleModel([
      exampleService(1, {
        nickname,
        check: { kind: "http", timing: exampleTiming, method: "GET", path, host, codes: [] },
      }),
    ]);
  const expected = shape(render(model("x", "/", "h")).text);
  let rendered = 0;
  fc.assert(
    fc.property(hostile, hostile, hostile, (nickname, path, host) => {
      for (const each of [model(nickname, "/", "h"), model("x", `/${path}`, "h"), model("x", "/", host)]) {
        const result = renderConfiguration(each);
        if (!result.ok) continue;
        rendered += 1;
        assert.deepEqual(shape(result.value.text), expected);
        assert.equal(result.value.origins.length, result.value.text.split("\n").length - 1);
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(rendered > 100, `only ${rendered} of the models could be rendered`);
});
