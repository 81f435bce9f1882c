/** The routes of HA beside HA Configuration and HA Status themselves; part of the one table in `routes.ts`. */
import { HaRemove, HaRemoved } from "./ha.ts";
import { ConflictList, ConflictParams, ConflictQuery, ConflictResolved } from "./ha-conflicts.ts";
import type { Route } from "./routes.ts";

export const haRoutes = {
  listConflicts: {
    method: "GET",
    path: "/conflicts",
    access: "user",
    tags: ["ha"],
    summary: "Changes that lost to concurrent ones, with the value that lost and the one that stands",
    status: 200,
    query: ConflictQuery,
    answer: ConflictList,
  },
  restoreConflict: {
    method: "POST",
    path: "/conflicts/:id/restore",
    access: "user",
    tags: ["ha"],
    summary: "Put the value that lost back",
    status: 200,
    params: ConflictParams,
    answer: ConflictResolved,
    matches: true,
  },
  dismissConflict: {
    method: "POST",
    path: "/conflicts/:id/dismiss",
    access: "user",
    tags: ["ha"],
    summary: "Leave what stands, and close the conflict",
    status: 200,
    params: ConflictParams,
    answer: ConflictResolved,
    matches: true,
  },
  removeHa: {
    method: "POST",
    path: "/ha/remove",
    access: "user",
    tags: ["ha"],
    summary: "Remove this or the other unit from the pair",
    status: 200,
    body: HaRemove,
    answer: HaRemoved,
  },
} as const satisfies { readonly [name: string]: Route };
