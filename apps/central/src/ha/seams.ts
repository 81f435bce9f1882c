/**
 * Everything outside itself that one Central's side of its pair touches, so that the simulator can put a
 * virtual world in its place and drive the very same code. `seamsOnDisk` are the real ones.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "@tandem/base/canonical-json";
import type { WallMillis } from "@tandem/base/time";
import type { World } from "@tandem/base/world";
import type { ApplyAnswer, HaSettings, PeerSettings } from "@tandem/pair/state";
import type { Identity } from "@tandem/peer-link/identity";
import { PeerLink, type PeerLinkEvent } from "@tandem/peer-link/link";
import type { Replica } from "@tandem/replica/replica";
import type { Table } from "@tandem/replica/schema";
import { openSecretBox } from "@tandem/storage/secret-box";
import { openSqliteStore } from "@tandem/storage/sqlite-store";
import type { Store } from "@tandem/storage/store";
import { realWorld } from "../real-world.ts";
import { StateUnreadable } from "../state-unreadable.ts";
import { dropUnfinishedBackups, saveBackup, type Writer } from "./backup.ts";
import { askPeer, ownAddresses } from "./ha-form.ts";
import { loadSettings, saveSettings } from "./settings-file.ts";
import { isSecretIn } from "./shared-state.ts";
import { StallWatch } from "./stall-watch.ts";

/** The link to the peer; `PeerLink` says what its methods mean. */
export type Link = Pick<PeerLink, "start" | "setPeer" | "isUp" | "send" | "connectNow" | "close">;
export type LinkPorts = {
  readonly onEvent: (event: PeerLinkEvent) => void;
  /** What this unit answers to the question behind the other unit's Apply. */
  readonly answer: () => Json;
};

/** Tells that this process stood still; see `stall-watch.ts`. */
export type Stalls = Pick<StallWatch, "check" | "stop">;

export type HaSeams = {
  readonly world: World;
  readonly store: Store;
  /** The HA settings: outside the store, hence outside its backups. `save` is on disk when it returns. */
  readonly settings: { load(): HaSettings; save(settings: HaSettings): void };
  /** Saves a replica's whole state before it is overwritten (CH13, ML5); returns the name under which it is found. */
  readonly saveBackup: (name: string, replica: Replica, at: WallMillis, writer: Writer) => string;
  readonly openLink: (ports: LinkPorts) => Link;
  /** CH14: asks the unit that the operator named; nothing changes there or here. */
  readonly askPeer: (peer: PeerSettings) => Promise<ApplyAnswer>;
  /** The addresses at which the peer would reach this very unit. */
  readonly ownAddresses: () => readonly string[];
  readonly watchStalls: (onStall: () => void) => Stalls;
};

export type OnDisk = {
  readonly stateDir: string;
  readonly identity: Identity;
  /** Where the peer link listens. Port 0 takes a free one. */
  readonly listen: { readonly address: string; readonly port: number };
  readonly tables: readonly Table[];
  /** For tests: instead of SQLite in `stateDir`. */
  readonly store?: Store;
};

/** The machine's own: SQLite and files in `stateDir`, TLS to the peer. Throws when what is kept cannot be opened. */
export function seamsOnDisk({ stateDir, identity, listen, tables, store }: OnDisk): HaSeams {
  const settingsPath = join(stateDir, "ha-settings.json");
  const keyPath = join(stateDir, "secret.key");
  const databasePath = join(stateDir, "config.db");
  // The key is always made first: without it the secrets in the database could never be read again.
  if (!existsSync(keyPath) && existsSync(databasePath))
    throw new StateUnreadable(
      `${keyPath} is missing, and ${databasePath} holds secrets that only it opens; nothing was changed: put it back from a copy of this unit's folder`,
    );
  const box = openSecretBox(keyPath);
  const backups = join(stateDir, "backups");
  dropUnfinishedBackups(backups);
  return {
    world: realWorld,
    store: store ?? openSqliteStore(databasePath, box, isSecretIn(tables)),
    settings: {
      load: () => loadSettings(settingsPath),
      save: (settings) => saveSettings(settingsPath, settings),
    },
    saveBackup: (name, replica, at, writer) => saveBackup(backups, name, replica, box, at, writer),
    openLink: (ports) => new PeerLink({ identity, listen, ...ports }),
    askPeer: (peer) => askPeer(identity, peer),
    ownAddresses: () => ownAddresses(listen.address),
    watchStalls: (onStall) => new StallWatch(onStall),
  };
}
