import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@tandem/base/canonical-json";
import { sha256Hex } from "@tandem/base/digest";
import { Prng } from "@tandem/base/prng";
import { diskReserveBytes, type FileStore } from "@tandem/storage/file-store";
import { emptyMemoryFileDisk, openMemoryFileStore } from "@tandem/storage/memory-file-store";
import fc from "fast-check";
import { answerWaitMs, FileTransfer, type FileTrouble, retryMaxMs, transfersMax } from "./file-transfer.ts";
import { pieceMaxBytes } from "./transfer-messages.ts";
import { VirtualWorld, virtualChannels } from "./virtual-pair.ts";

type Unit = {
  disk: ReturnType<typeof emptyMemoryFileDisk>;
  store: FileStore;
  transfer: FileTransfer;
  readonly troubles: FileTrouble[];
};

/** Two units that share one list of named files. */
function pair() {
  const world = new VirtualWorld();
  let channels = virtualChannels(world);
  const named = new Map<string, number>();
  const start = (index: 0 | 1, disk = emptyMemoryFileDisk(), troubles: FileTrouble[] = []): Unit => {
    const store = openMemoryFileStore(disk);
    const transfer = new FileTransfer({
      world,
      store,
      openChannel: (ports) => channels.units[index].add("files", ports),
      named: () => new Map(named),
      observe: (event) => troubles.push(event),
    });
    return { disk, store, transfer, troubles };
  };
  const units: [Unit, Unit] = [start(0), start(1)];
  return {
    world,
    units,
    get channels() {
      return channels;
    },
    /** Stores a file on a unit and names it, as a row that both units have does. */
    add(index: 0 | 1, content: Uint8Array): string {
      const stored = units[index].store.put(content);
      assert.ok(stored.ok);
      named.set(stored.value.digest, stored.value.size);
      for (const { transfer } of units) transfer.follow();
      return stored.value.digest;
    },
    name(digest: string, size: number) {
      named.set(digest, size);
      for (const { transfer } of units) transfer.follow();
    },
    unname(digest: string) {
      named.delete(digest);
      for (const { transfer } of units) transfer.follow();
    },
    /** Both processes end and start again on what they have on disk. */
    restart() {
      for (const { transfer, store } of units) {
        transfer.stop();
        store.close();
      }
      channels = virtualChannels(world);
      for (const index of [0, 1] as const)
        units[index] = start(index, units[index].disk, units[index].troubles);
    },
  };
}

const content = (seed: number, bytes: number): Uint8Array => {
  const random = new Prng(seed);
  return Uint8Array.from({ length: bytes }, () => random.below(256));
};

test("[CH5] files follow their rows to the unit that lacks them, whichever unit that is", () => {
  const { world, units, add, channels } = pair();
  channels.setOpen(true);
  const digests = [add(0, content(1, 300_000)), add(1, content(2, 10)), add(0, new Uint8Array())];
  assert.equal(units[1].transfer.status().missing, 0, "a burst of rows is looked at once");
  world.advance(500);
  for (const { store, transfer } of units) {
    for (const digest of digests) assert.ok(store.has(digest));
    assert.deepEqual([transfer.status().missing, transfer.status().error], [0, null]);
  }
  assert.deepEqual(units[1].store.read(digests[0] as string, 0, 300_000), content(1, 300_000));
});

test("[CH5] a broken transfer resumes at its offset: after the break, and after a restart of both, only the rest is sent", () => {
  const here = pair();
  const { world, units } = here;
  here.channels.setOpen(true);
  const size = 20 * pieceMaxBytes + 17;
  const file = content(3, size);
  const digest = here.add(0, file);
  const breakAfter = (pieces: number): void => {
    let left = pieces;
    here.channels.setWire(0, (body) => (left-- > 0 ? [body] : []));
    world.advance(400);
    here.channels.setOpen(false);
    here.channels.setWire(0, (body) => [body]);
  };
  breakAfter(5);
  const first = units[1].store.partial(digest);
  assert.equal(first, 5 * pieceMaxBytes);
  assert.equal(units[1].transfer.status().missingBytes, size - first);

  const sentBefore = units[0].transfer.status().sentBytes;
  here.channels.setOpen(true);
  breakAfter(6);
  assert.equal(units[1].store.partial(digest), 11 * pieceMaxBytes);
  assert.ok(
    units[0].transfer.status().sentBytes - sentBefore <= 10 * pieceMaxBytes,
    "the window bounds what is lost",
  );

  here.restart();
  here.channels.setOpen(true);
  world.advance(500);
  assert.ok(units[1].store.has(digest));
  assert.deepEqual(units[1].store.read(digest, 0, size), file);
  assert.equal(units[0].transfer.status().sentBytes, size - 11 * pieceMaxBytes);
  assert.equal(units[1].transfer.status().receivedBytes, size - 11 * pieceMaxBytes);
});

test("[CH5] a damaged piece is noticed by its sum and asked for again", () => {
  const { world, units, add, channels } = pair();
  channels.setOpen(true);
  let damaged = 0;
  channels.setWire(0, (body) => {
    const piece = body as { [member: string]: Json };
    if (piece.type !== "piece" || damaged > 0 || piece.offset !== pieceMaxBytes) return [body];
    damaged += 1;
    return [{ ...piece, base64: `AAAA${(piece.base64 as string).slice(4)}` }];
  });
  const digest = add(0, content(4, 6 * pieceMaxBytes));
  world.advance(500);
  assert.equal(damaged, 1);
  assert.ok(units[1].store.has(digest));
  assert.equal(units[1].transfer.status().damagedPieces, 1);
});

test("[CH5] wrong content is discarded, reported and asked for again, at growing distances", () => {
  const { world, units, name, channels } = pair();
  channels.setOpen(true);
  const file = content(5, 1_000);
  const digest = sha256Hex(file);
  // As a disk that rots in silence would have it.
  units[0].disk.files.set(digest, content(6, 1_000));
  let asked = 0;
  channels.setWire(1, (body) => {
    asked += 1;
    return [body];
  });
  name(digest, file.length);
  world.advance(10_000);
  const { transfer, store, troubles } = units[1];
  assert.ok(!store.has(digest));
  assert.equal(store.partial(digest), 0);
  assert.ok(asked >= 3 && asked <= 5, `${asked} tries in ten seconds`);
  assert.equal(transfer.status().broken, asked);
  assert.match(transfer.status().error ?? "", /upload that file again/);
  assert.equal(troubles[0]?.code, "file-broken");
  units[0].disk.files.set(digest, file);
  world.advance(retryMaxMs);
  assert.ok(store.has(digest));
  assert.equal(transfer.status().error, null);
});

test("[CH5] a file that neither unit has is said so, and comes once the peer has it", () => {
  const { world, units, name, channels } = pair();
  channels.setOpen(true);
  const file = content(7, 5_000);
  name(sha256Hex(file), file.length);
  world.advance(5_000);
  const { transfer, store } = units[1];
  assert.deepEqual(
    [transfer.status().missing, transfer.status().missingBytes, transfer.status().notOnPeer],
    [1, 5_000, 1],
  );
  assert.match(transfer.status().error ?? "", /on neither unit/);
  assert.ok(units[0].store.put(file).ok);
  world.advance(retryMaxMs);
  assert.ok(store.has(sha256Hex(file)));
});

test("[CH5] a full disk is said with its remedy, keeps what has come, and goes on when there is space", () => {
  const { world, units, add, channels } = pair();
  channels.setOpen(true);
  const [, there] = units;
  there.disk.freeBytes = diskReserveBytes + 2 * pieceMaxBytes;
  const digest = add(0, content(8, 5 * pieceMaxBytes));
  world.advance(20_000);
  assert.equal(there.store.partial(digest), 2 * pieceMaxBytes);
  assert.match(there.transfer.status().error ?? "", /free space/);
  assert.deepEqual(
    there.troubles.map(({ code }) => code),
    ["file-refused"],
    "said once, not at every try",
  );
  there.disk.freeBytes = Number.POSITIVE_INFINITY;
  world.advance(retryMaxMs);
  assert.ok(there.store.has(digest));
});

test("[CH5] few files at once, and a file whose row is gone is asked for no more", () => {
  const { world, units, add, unname, channels } = pair();
  const digests = Array.from({ length: 6 }, (_, seed) => add(0, content(seed + 10, 10 * pieceMaxBytes)));
  const inTransfer = new Set<string>();
  let atOnce = 0;
  channels.setWire(1, (body) => {
    const { digest } = body as { digest: string };
    inTransfer.add(digest);
    for (const each of inTransfer) if (units[1].store.has(each)) inTransfer.delete(each);
    atOnce = Math.max(atOnce, inTransfer.size);
    return digest === digests[5] ? [] : [body];
  });
  channels.setOpen(true);
  world.advance(5_000);
  assert.equal(atOnce, transfersMax);
  assert.equal(units[1].transfer.status().missing, 1);
  channels.setWire(1, (body) => [body]);
  unname(digests[5] as string);
  world.advance(retryMaxMs);
  for (const digest of digests.slice(0, 5)) assert.ok(units[1].store.has(digest));
  assert.ok(!units[1].store.has(digests[5] as string));
  assert.equal(units[1].transfer.status().missing, 0);
});

test("[CH5] what no row names is not given out, and what is no message of this exchange does no harm", () => {
  const { world, units, channels } = pair();
  const stored = units[0].store.put(content(9, 10));
  assert.ok(stored.ok);
  const heard: Json[] = [];
  channels.setOpen(true);
  channels.setWire(0, (body) => {
    heard.push(body);
    return [body];
  });
  const { digest } = stored.value;
  for (const body of [
    { type: "get", digest, offset: 0, length: 10 },
    { type: "get", digest: "../../identity", offset: 0, length: 10 },
    { type: "get", digest, offset: -1, length: 10 },
    { type: "get", digest, offset: 0, length: 10 * pieceMaxBytes },
    { type: "piece", digest, offset: 0, size: 3, base64: "AAAA", sum: digest },
    { type: "absent", digest },
    { type: "later" },
    null,
    7,
  ])
    channels.units[0].received("files", body as Json);
  world.advance(100);
  assert.deepEqual(heard, [{ type: "absent", digest }]);
  assert.deepEqual([...units[0].store.partials()], []);
});

test("[CH5] messages lost, doubled, late and damaged: every file arrives once the link is sound, and none is wrong", () => {
  for (let seed = 1; seed <= 15; seed += 1) {
    const random = new Prng(seed);
    const here = pair();
    const { world, units } = here;
    const files = Array.from({ length: 4 }, (_, index) =>
      content(seed * 10 + index, random.below(6 * pieceMaxBytes)),
    );
    const digests = files.map((file, index) => here.add((index % 2) as 0 | 1, file));
    here.channels.setOpen(true);
    for (let turn = 0; turn < 12; turn += 1) {
      const held: Json[] = [];
      for (const from of [0, 1] as const)
        here.channels.setWire(from, (body) => {
          switch (random.below(12)) {
            case 0:
              return [];
            case 1:
              return [body, body];
            case 2:
              held.push(body);
              return [];
            case 3:
              return [body, ...held.splice(0)];
            case 4: {
              const piece = body as { readonly [member: string]: Json };
              return piece.type === "piece" ? [{ ...piece, base64: "AAAA" }] : [body];
            }
            default:
              return [body];
          }
        });
      world.advance(random.below(2 * answerWaitMs));
      if (random.below(4) === 0) {
        here.channels.setOpen(false);
        if (random.below(2) === 0) here.restart();
        world.advance(random.below(1_000));
        here.channels.setOpen(true);
      }
    }
    for (const from of [0, 1] as const) here.channels.setWire(from, (body) => [body]);
    world.advance(2 * retryMaxMs);
    for (const { store, transfer } of units) {
      for (const [index, digest] of digests.entries())
        assert.deepEqual(store.read(digest, 0, files[index]!.length), files[index], `seed ${seed}`);
      assert.equal(transfer.status().missing, 0, `seed ${seed}`);
      assert.equal(store.counters.broken, 0, `seed ${seed}: damage is found piece by piece`);
    }
  }
});

test("whatever arrives on the channel is a message of this exchange or nothing, and never an exception", () => {
  const { world, units, channels } = pair();
  channels.setOpen(true);
  const digest = fc.constantFrom("0".repeat(64), "0".repeat(63), "../x");
  const like = fc.record(
    {
      type: fc.constantFrom("get", "piece", "absent", "later"),
      digest,
      offset: fc.oneof(fc.integer(), fc.double(), fc.string()),
      length: fc.oneof(fc.integer(), fc.constant(pieceMaxBytes + 1)),
      size: fc.oneof(fc.integer(), fc.constant(Number.MAX_SAFE_INTEGER)),
      base64: fc.oneof(fc.base64String(), fc.string(), fc.jsonValue()),
      sum: digest,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(like, fc.jsonValue()), (body) => {
      channels.units[0].received("files", JSON.parse(JSON.stringify(body)) as Json);
      world.advance(10);
    }),
    { numRuns: 500 },
  );
  assert.deepEqual([...units[0].store.partials()], []);
});
