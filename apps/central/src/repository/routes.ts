import type { Readable } from "node:stream";
import type { Profile, TargetEnvironment } from "@tandem/central-api/repository";
import { routes } from "@tandem/central-api/routes";
import { createRow, updateRow } from "@tandem/replica/edits";
import type { RowView } from "@tandem/replica/rows";
import type { RouteRegistry } from "../api/route-registry.ts";
import { written } from "../refusal.ts";
import {
  addRepositoryFile,
  changeRepositoryFile,
  downloadRepositoryFile,
  knownEntry,
  listRepositoryFiles,
  newId,
  type RepositoryParts,
  refuseMoreThanMax,
  removeEntry,
  uploadRepositoryFile,
} from "./repository.ts";
import { profiles, repositoryFiles, targetEnvironments } from "./tables.ts";

export function registerRepositoryRoutes(registry: RouteRegistry, parts: RepositoryParts): void {
  const { rows } = parts;
  const { route } = registry;
  route(routes.listRepositoryFiles, () => ({
    files: [...listRepositoryFiles(parts)],
    synchronised: rows.isShared(repositoryFiles),
  }));
  route(routes.addRepositoryFile, ({ body }, { caller }) => addRepositoryFile(parts, body, caller.author));
  route(routes.changeRepositoryFile, ({ params, body, tag }, { caller }) =>
    changeRepositoryFile(parts, params.id, body, tag, caller.author),
  );
  route(routes.removeRepositoryFile, ({ params, tag }, { caller }) =>
    removeEntry(rows, repositoryFiles, "repository entry", params.id, tag, caller.author),
  );
  route(routes.uploadRepositoryFile, ({ params, tag }, { caller, request }) => {
    const length = request.headers["content-length"];
    const declaredBytes = length === undefined ? undefined : Number(length);
    const content = { stream: request.body as Readable, declaredBytes };
    return uploadRepositoryFile(parts, params.id, content, tag, caller.author);
  });
  route(routes.downloadRepositoryFile, ({ params }, { reply }) => {
    const { stream, size, digest } = downloadRepositoryFile(parts, params.id);
    reply.header("content-length", size).header("content-disposition", "attachment");
    reply.header("etag", `"${digest}"`);
    return stream;
  });
  registerProfiles(registry, parts);
  registerTargetEnvironments(registry, parts);
}

function registerProfiles({ route }: RouteRegistry, { rows, world }: RepositoryParts): void {
  const noun = "profile";
  const shown = ({ values, tag }: RowView<(typeof profiles)["columns"]>): Profile => {
    const { id, name, settings } = values;
    return { id, name, settings, tag };
  };
  const known = (id: string): Profile => shown(knownEntry(rows, profiles, noun, id));
  route(routes.listProfiles, () => ({
    profiles: rows.rows(profiles).map(shown),
    synchronised: rows.isShared(profiles),
  }));
  route(routes.addProfile, async ({ body }, { caller }) => {
    refuseMoreThanMax(rows, profiles, noun);
    const id = newId(world);
    const edit = createRow(profiles, { ...body, id });
    const acknowledged = written(await rows.write([edit], caller.author, `${noun} ${body.name} added`));
    return { ...known(id), acknowledged };
  });
  route(routes.changeProfile, async ({ params: { id }, body, tag }, { caller }) => {
    known(id);
    const edit = updateRow(profiles, id, body, tag);
    const acknowledged = written(await rows.write([edit], caller.author, `${noun} ${id} changed`));
    return { ...known(id), acknowledged };
  });
  route(routes.removeProfile, ({ params, tag }, { caller }) =>
    removeEntry(rows, profiles, noun, params.id, tag, caller.author),
  );
}

function registerTargetEnvironments({ route }: RouteRegistry, { rows, world }: RepositoryParts): void {
  const noun = "target environment";
  const shown = ({ values, tag }: RowView<(typeof targetEnvironments)["columns"]>): TargetEnvironment => {
    const { id, name, description, variables } = values;
    return { id, name, description, variables, tag };
  };
  const known = (id: string): TargetEnvironment => shown(knownEntry(rows, targetEnvironments, noun, id));
  route(routes.listTargetEnvironments, () => ({
    targetEnvironments: rows.rows(targetEnvironments).map(shown),
    synchronised: rows.isShared(targetEnvironments),
  }));
  route(routes.addTargetEnvironment, async ({ body }, { caller }) => {
    refuseMoreThanMax(rows, targetEnvironments, noun);
    const id = newId(world);
    const edit = createRow(targetEnvironments, { ...body, id });
    const acknowledged = written(await rows.write([edit], caller.author, `${noun} ${body.name} added`));
    return { ...known(id), acknowledged };
  });
  route(routes.changeTargetEnvironment, async ({ params: { id }, body, tag }, { caller }) => {
    known(id);
    const edit = updateRow(targetEnvironments, id, body, tag);
    const acknowledged = written(await rows.write([edit], caller.author, `${noun} ${id} changed`));
    return { ...known(id), acknowledged };
  });
  route(routes.removeTargetEnvironment, ({ params, tag }, { caller }) =>
    removeEntry(rows, targetEnvironments, noun, params.id, tag, caller.author),
  );
}
