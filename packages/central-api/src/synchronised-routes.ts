/** The routes of what is and is not synchronised; part of the one table in `routes.ts`. */
import type { Route } from "./routes.ts";
import { HaFiles, HaSynchronised, HaSynchronisedChange, HaSynchronisedWritten } from "./synchronised.ts";

export const synchronisedRoutes = {
  haSynchronised: {
    method: "GET",
    path: "/ha/synchronised",
    access: "user",
    tags: ["ha"],
    summary: "What the pair synchronises and what it does not",
    status: 200,
    answer: HaSynchronised,
  },
  changeSynchronised: {
    method: "PATCH",
    path: "/ha/synchronised",
    access: "user",
    tags: ["ha"],
    summary: "Turn what is synchronised only on demand on or off, on both units",
    status: 200,
    body: HaSynchronisedChange,
    answer: HaSynchronisedWritten,
    matches: true,
  },
  haFiles: {
    method: "GET",
    path: "/ha/files",
    access: "user",
    tags: ["ha"],
    summary: "Files that are on their way to this unit, or missing",
    status: 200,
    answer: HaFiles,
  },
} as const satisfies { readonly [name: string]: Route };
