import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { RelayConfiguration } from "./relay.ts";
import { notYet, seen, waitUntil } from "./wait-until.ts";

test("a relay carries both directions and the half close, and hangs up where nothing listens", async () => {
  const folder = mkdtempSync("/tmp/tandem-relay-");
  const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const { port } = echo.address() as AddressInfo;
  const configuration: RelayConfiguration = {
    routes: [
      { listen: { path: `${folder}/echo.sock` }, target: { host: "127.0.0.1", port } },
      { listen: { path: `${folder}/nowhere.sock` }, target: { path: `${folder}/absent.sock` } },
    ],
  };
  writeFileSync(`${folder}/relay.json`, JSON.stringify(configuration));
  const source = fileURLToPath(new URL("relay.ts", import.meta.url));
  const relay = spawn(process.execPath, [source, `${folder}/relay.json`], { stdio: "ignore" });
  try {
    await waitUntil({ what: "the relay's sockets", deadlineMs: 10_000, everyMs: 20 }, () =>
      existsSync(`${folder}/nowhere.sock`) ? seen(true) : notYet("none"),
    );
    const socket = connect({ path: `${folder}/echo.sock`, allowHalfOpen: true });
    socket.end("there and back");
    assert.equal(await text(socket), "there and back");
    const nowhere = connect(`${folder}/nowhere.sock`);
    assert.equal(await text(nowhere), "");
  } finally {
    const ended = once(relay, "exit");
    relay.kill("SIGKILL");
    await ended;
    echo.close();
    rmSync(folder, { recursive: true });
  }
});
