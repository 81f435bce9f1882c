import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Database, DatabaseUnusable } from "./database.ts";
import { DocumentStore, documentMigrations } from "./document-store.ts";
import { openSecretBox, SecretUnreadable } from "./secret-box.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { anyVersion } from "./store-contract-suite.ts";

const temporaryDirectory = (t: TestContext): string => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};
/** A file of the right name with the wrong content. */
const copyOfGarbage = (path: string): string => {
  writeFileSync(path, "no database ".repeat(1_000));
  return path;
};
const secretText = "correct horse battery staple";

test("a secret is not to be found in any file but sealed, and comes back with the unit's key alone", (t) => {
  const directory = temporaryDirectory(t);
  const open = (key: string) =>
    openSqliteStore(
      join(directory, "config.db"),
      openSecretBox(join(directory, key)),
      ({ field }) => field === "credentials",
    );
  const store = open("secret.key");
  const versions = [
    anyVersion({ table: "devices", field: "credentials", value: { user: "bal", password: secretText } }),
    anyVersion({ table: "devices", field: "name", value: "lm1 of the office" }),
  ];
  store.commit([{ kind: "versions", persist: { versions, vector: { "00000000000000aa": 2 }, clock: 1 } }]);
  const allBytes = (): string =>
    readdirSync(directory)
      .map((file) => readFileSync(join(directory, file), "latin1"))
      .join();
  assert.ok(allBytes().includes("lm1 of the office"), "what is no secret can be found this way");
  assert.ok(!allBytes().includes(secretText));
  for (const file of readdirSync(directory))
    assert.equal(statSync(join(directory, file)).mode & 0o077, 0, file);
  store.close();
  assert.ok(!allBytes().includes(secretText));

  const again = open("secret.key");
  assert.deepEqual([...again.stored().versions].find((version) => version.field === "credentials")?.value, {
    user: "bal",
    password: secretText,
  });
  again.close();
  const otherKey = open("other.key");
  assert.throws(() => [...otherKey.stored().versions], SecretUnreadable);
  otherKey.close();
});

test("a sealed text opens only in the place it was sealed for, and only unchanged", (t) => {
  const box = openSecretBox(join(temporaryDirectory(t), "secret.key"));
  const sealed = box.seal("devices/1", secretText);
  assert.equal(box.open("devices/1", sealed), secretText);
  assert.notEqual(box.seal("devices/1", secretText), sealed);
  assert.throws(() => box.open("devices/2", sealed), SecretUnreadable);
  const bytes = Buffer.from(sealed, "base64");
  for (const at of [0, 12, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    assert.throws(() => box.open("devices/1", changed.toString("base64")), SecretUnreadable);
  }
  for (const short of ["", "AAAA"]) assert.throws(() => box.open("devices/1", short), SecretUnreadable);
});

test("a file in use, of a newer format, or no database at all is refused with a remedy", (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "local.db");
  const first = new Database(path, documentMigrations);
  new DocumentStore(first).set("users/admin", { name: "admin" });
  assert.throws(
    () => new Database(path, documentMigrations),
    (error) => error instanceof DatabaseUnusable && /in use/.test(error.message),
  );
  first.run("PRAGMA user_version=7");
  first.close();
  assert.throws(
    () => new Database(path, documentMigrations),
    (error) => error instanceof DatabaseUnusable && /newer version/.test(error.message),
  );
  const damaged = join(directory, "damaged.db");
  assert.throws(() => new Database(copyOfGarbage(damaged), documentMigrations), DatabaseUnusable);
});

test("documents are listed by prefix, and replaced whole", (t) => {
  const database = new Database(join(temporaryDirectory(t), "local.db"), documentMigrations);
  const documents = new DocumentStore(database);
  documents.set("users/b", 1);
  documents.set("users/a", { x: 1 });
  documents.set("users%", 2);
  documents.set("users/a", { y: 2 });
  assert.deepEqual(documents.list("users/"), [
    { name: "users/a", value: { y: 2 } },
    { name: "users/b", value: 1 },
  ]);
  documents.set("users/b", null);
  assert.equal(documents.get("users/b"), undefined);
  database.close();
});
