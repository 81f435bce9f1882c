import { routes } from "@tandem/central-api/routes";
import { type Snapshot, type SnapshotList, snapshotsListedMax } from "@tandem/central-api/snapshots";
import type { FileStore } from "@tandem/storage/file-store";
import type { RouteRegistry } from "../api/route-registry.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import { Refusal } from "../refusal.ts";
import { streamOf } from "./file-stream.ts";
import { snapshots } from "./tables.ts";

export function registerSnapshotRoutes({ route }: RouteRegistry, shared: SharedRows, store: FileStore): void {
  route(routes.listSnapshots, ({ query }) => listSnapshots(shared, store, query?.device));
  route(routes.downloadSnapshot, ({ params: { id } }, { reply }) => {
    const values = shared.row(snapshots, id)?.values;
    if (values === undefined)
      throw new Refusal(404, {
        code: "snapshot-unknown",
        field: "id",
        value: id,
        message: `there is no snapshot "${id}"`,
        remedy: "read the list of snapshots; it may have been removed",
      });
    const size = store.size(values.digest);
    if (size === undefined)
      throw new Refusal(404, {
        code: "content-elsewhere",
        field: "content",
        message: `the file of snapshot "${id}" is not on this unit yet`,
        remedy: "download it from the other unit, or wait: it comes here while the units are connected",
      });
    reply.header("content-length", size).header("content-disposition", "attachment");
    reply.header("etag", `"${values.digest}"`);
    return streamOf(store, values.digest, size);
  });
}

function listSnapshots(shared: SharedRows, store: FileStore, device: string | undefined): SnapshotList {
  const found = shared
    .rows(snapshots)
    .map(({ values }) => values)
    .filter((values) => device === undefined || values.device === device)
    .sort((a, b) => b.at - a.at);
  const shown = found.slice(0, snapshotsListedMax).map(
    (values): Snapshot => ({
      ...values,
      at: new Date(values.at).toISOString(),
      here: store.has(values.digest),
    }),
  );
  return { snapshots: shown, more: found.length > shown.length };
}
