import { unreachable } from "@tandem/base/assert";
import type { Json } from "@tandem/base/canonical-json";
import type { Stored } from "@tandem/replica/version";
import { Database } from "./database.ts";
import { DocumentStore, documentTables } from "./document-store.ts";
import { EventLog, eventTables, numberedEventTables } from "./event-log.ts";
import { ReplicaStore, replicaTables } from "./replica-store.ts";
import type { SecretBox } from "./secret-box.ts";
import { type Change, type IsSecret, ownEvents, type Store } from "./store.ts";

const migrations: readonly string[] = [
  `${replicaTables}; ${documentTables}; ${eventTables}`,
  numberedEventTables,
];

/** The store in one SQLite file (`config.db`). Throws `DatabaseUnusable` when the file cannot be used. */
export function openSqliteStore(path: string, box: SecretBox, isSecret: IsSecret): Store {
  const database = new Database(path, migrations);
  const replica = new ReplicaStore(database, box, isSecret);
  const documents = new DocumentStore(database);
  const events = new EventLog(database);
  const make = (change: Change): void => {
    switch (change.kind) {
      case "versions":
        replica.persist(change.persist);
        break;
      case "replace":
        replica.replace(change.stored);
        break;
      case "document":
        documents.set(change.name, change.value);
        break;
      case "event":
        events.append(change.event);
        break;
      case "foreignEvents":
        events.take(change.source, change.events);
        break;
      default:
        unreachable(change);
    }
  };
  return {
    stored: (): Stored => replica.load(),
    document: (name: string): Json | undefined => documents.get(name),
    events: (limit: number) =>
      events.before(ownEvents, Number.MAX_SAFE_INTEGER, limit).map(({ event }) => event),
    foreignLogs: () => events.foreignLogs(),
    eventsBefore: (source, before, limit) => events.before(source, before, limit),
    eventsAfter: (source, after, limit) => events.after(source, after, limit),
    commit(changes) {
      try {
        database.transaction(() => changes.forEach(make));
      } catch (error) {
        replica.forgetContexts();
        throw error;
      }
    },
    close: () => database.close(),
  };
}
