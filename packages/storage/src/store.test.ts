import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyMemoryDisk, openMemoryStore } from "./memory-store.ts";
import { openSecretBox } from "./secret-box.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { storeContractSuite } from "./store-contract-suite.ts";

storeContractSuite("store in memory", () => {
  const disk = emptyMemoryDisk();
  return { open: () => openMemoryStore(disk) };
});

storeContractSuite("store in SQLite", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tandem-test-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const box = openSecretBox(join(directory, "secret.key"));
  return {
    open: () => openSqliteStore(join(directory, "config.db"), box, ({ field }) => field === "password"),
  };
});
