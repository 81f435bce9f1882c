import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { dropsIn, tableOf } from "./kernel-drops.ts";

const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  101: 1F00007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 7001 2 0 17
  102: 00000000:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 7002 2 0 4
`;

test("the count of dropped datagrams is that of the socket with this address and port", () => {
  assert.equal(dropsIn(table, "127.0.0.31", 514), 17);
  assert.equal(dropsIn(table, "0.0.0.0", 514), 4);
  assert.equal(dropsIn(table, "127.0.0.31", 515), undefined);
  assert.equal(dropsIn("", "127.0.0.31", 514), undefined);
});

test("the kernel's own table says what was dropped", {
  skip: existsSync(tableOf("127.0.0.31")) ? false : "this system has no such table",
}, async () => {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4_096 });
  await new Promise<void>((resolve) => socket.bind({ address: "127.0.0.31" }, resolve));
  const { port } = socket.address();
  const drops = () => dropsIn(readFileSync(tableOf("127.0.0.31"), "latin1"), "127.0.0.31", port);
  assert.equal(drops(), 0);
  socket.close();
});
