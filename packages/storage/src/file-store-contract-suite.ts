/** What every file store must do, whatever it keeps files on. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { sha256Hex } from "@tandem/base/digest";
import fc from "fast-check";
import { diskReserveBytes, type FileStore, putStream, uploadsMax } from "./file-store.ts";

export type FileStorePlace = {
  /** Again after `close` it finds what was there. */
  readonly open: () => FileStore;
  /** What the disk has left from now on, the reserve included. */
  readonly setFree: (bytes: number) => void;
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (read: Uint8Array | undefined): string | undefined => read && new TextDecoder().decode(read);
const hello = bytes("hello, other unit");
const digest = sha256Hex(hello);

export function fileStoreContractSuite(title: string, place: (t: TestContext) => FileStorePlace): void {
  test(`[CH5] ${title}: a file is found by its digest, before and after opening anew`, (t) => {
    const { open } = place(t);
    const store = open();
    assert.deepEqual(store.put(hello), { ok: true, value: { digest, size: hello.length } });
    assert.deepEqual(store.put(hello), { ok: true, value: { digest, size: hello.length } });
    store.close();
    const again = open();
    assert.ok(again.has(digest));
    assert.equal(again.size(digest), hello.length);
    assert.equal(text(again.read(digest, 0, 5)), "hello");
    assert.equal(text(again.read(digest, 7, 1_000)), "other unit");
    assert.equal(text(again.read(digest, 1_000, 5)), "");
    assert.deepEqual([...again.files()], [{ digest, size: hello.length }]);
    again.close();
  });

  test(`${title}: what is not there is not there, and an empty file is a file`, (t) => {
    const store = place(t).open();
    assert.equal(store.has(digest), false);
    assert.equal(store.size(digest), undefined);
    assert.equal(store.read(digest, 0, 1), undefined);
    assert.equal(store.partial(digest), 0);
    assert.deepEqual([...store.files(), ...store.partials()], []);
    const empty = store.put(new Uint8Array());
    assert.ok(empty.ok && store.size(empty.value.digest) === 0);
    store.close();
  });

  test(`${title}: a stream is stored whole, or not at all`, async (t) => {
    const store = place(t).open();
    const whole = await putStream(
      store,
      (async function* () {
        yield hello.subarray(0, 3);
        yield hello.subarray(3);
      })(),
    );
    assert.deepEqual(whole, { ok: true, value: { digest, size: hello.length } });
    await assert.rejects(
      putStream(
        store,
        (async function* () {
          yield bytes("half a");
          throw new Error("the client went away");
        })(),
      ),
    );
    assert.deepEqual([...store.files()], [{ digest, size: hello.length }]);
    for (let upload = 1; upload <= uploadsMax; upload += 1) assert.ok(store.upload().ok);
    const refused = store.upload();
    assert.ok(!refused.ok && refused.error.code === "too-many-uploads");
    store.close();
  });

  test(`[CH5] ${title}: a transfer goes on where it stopped, also after opening anew`, (t) => {
    const { open } = place(t);
    const store = open();
    assert.deepEqual(store.append(digest, 0, hello.subarray(0, 4)), { ok: true, value: 4 });
    assert.equal(store.has(digest), false, "a part is not present");
    store.close();
    const again = open();
    assert.equal(again.partial(digest), 4);
    assert.deepEqual([...again.partials()], [digest]);
    for (const offset of [0, 3, 5]) {
      const refused = again.append(digest, offset, hello.subarray(offset));
      assert.ok(!refused.ok && refused.error.code === "offset-wrong");
    }
    assert.deepEqual(again.append(digest, 4, hello.subarray(4)), { ok: true, value: hello.length });
    assert.deepEqual(again.finish(digest), { ok: true, value: { digest, size: hello.length } });
    assert.equal(text(again.read(digest, 0, 100)), "hello, other unit");
    assert.equal(again.partial(digest), 0);
    assert.deepEqual(again.finish(digest), { ok: true, value: { digest, size: hello.length } });
    again.close();
  });

  test(`[CH5] ${title}: wrong content is discarded and counted, and the file can be fetched again`, (t) => {
    const store = place(t).open();
    assert.ok(store.append(digest, 0, bytes("hello, other one!")).ok);
    const finished = store.finish(digest);
    assert.ok(!finished.ok && finished.error.code === "digest-wrong");
    assert.equal(store.counters.broken, 1);
    assert.equal(store.partial(digest), 0);
    assert.ok(store.append(digest, 0, hello).ok);
    assert.ok(store.finish(digest).ok);
    store.close();
  });

  test(`${title}: a full disk is an error with a remedy; what is stored stays, and what was begun goes on later`, (t) => {
    const { open, setFree } = place(t);
    const store = open();
    const kept = store.put(bytes("kept"));
    assert.ok(kept.ok);
    assert.ok(store.append(digest, 0, hello.subarray(0, 4)).ok);
    setFree(diskReserveBytes + 3);
    const upload = store.upload();
    assert.ok(upload.ok);
    for (const refused of [
      store.put(hello),
      store.append(digest, 4, hello.subarray(4)),
      upload.value.write(hello),
    ]) {
      assert.ok(!refused.ok && refused.error.code === "disk-full");
      assert.match(refused.error.remedy, /free space/);
    }
    assert.equal(store.counters.refused, 3);
    assert.ok(store.has(kept.value.digest));
    assert.equal(store.partial(digest), 4);
    setFree(10 * diskReserveBytes);
    assert.ok(store.append(digest, 4, hello.subarray(4)).ok);
    assert.ok(store.finish(digest).ok);
    store.close();
  });

  test(`${title}: removed is gone, present or partial`, (t) => {
    const { open } = place(t);
    const store = open();
    const other = store.put(bytes("other"));
    assert.ok(other.ok);
    assert.ok(store.append(digest, 0, hello).ok);
    store.remove(digest);
    store.remove(other.value.digest);
    store.remove(other.value.digest);
    store.close();
    const again = open();
    assert.deepEqual([...again.files(), ...again.partials()], []);
    again.close();
  });

  test(`[CH5] ${title}: however a file is cut into pieces and interrupted, it arrives`, (t) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2_000 }),
        fc.array(fc.nat(400), { maxLength: 8 }),
        fc.array(fc.boolean(), { maxLength: 8 }),
        (content, cuts, restarts) => {
          const { open } = place(t);
          let store = open();
          const name = sha256Hex(content);
          for (const [index, cut] of [...cuts, 2_000].entries()) {
            const at = store.partial(name);
            const appended = store.append(name, at, content.subarray(at, at + cut));
            assert.ok(appended.ok && appended.value === Math.min(content.length, at + cut));
            if (restarts[index]) {
              store.close();
              store = open();
            }
          }
          assert.ok(store.finish(name).ok);
          assert.deepEqual(store.read(name, 0, 2_000), content);
          store.close();
        },
      ),
      { numRuns: 40 },
    );
  });
}
