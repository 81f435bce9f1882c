/** Where a Central keeps its statistics, and what it says when something is wrong with that place. */
import { type Keeping, type StatisticsStore, statisticsKeeping } from "@tandem/storage/statistics-store";
import { emptyStatisticsMemory, openStatisticsMemory } from "@tandem/storage/statistics-store-memory";
import { openStatisticsFile } from "@tandem/storage/statistics-store-sqlite";
import type { NotedEvent } from "../ha/timeline.ts";
import type { StatisticsEvent } from "./shell.ts";

/**
 * Opens `path`. Statistics must never stop the pair: a damaged file is set aside, and where none can be had they are
 * kept in memory, until the next start.
 */
export function openStatistics(
  path: string,
  observe: (event: StatisticsEvent) => void,
  keeping: Keeping = statisticsKeeping,
): StatisticsStore {
  try {
    return openStatisticsFile(path, (file) => observe({ code: "statistics-set-aside", file }), { keeping });
  } catch (error) {
    observe({ code: "statistics-in-memory", message: (error as Error).message });
    return openStatisticsMemory(emptyStatisticsMemory(), keeping);
  }
}

/** `what`: how these samples are called, in codes and to people. */
export function statisticsNote(
  event: StatisticsEvent,
  what: { readonly code: string; readonly name: string } = { code: "statistics", name: "statistics" },
): NotedEvent {
  const { name } = what;
  const code = event.code.replace("statistics", what.code);
  switch (event.code) {
    case "statistics-set-aside":
      return {
        severity: "error",
        code,
        message: `the ${name} were damaged: they are set aside as ${event.file} and begun anew; what the peer has is fetched from it`,
      };
    case "statistics-in-memory":
      return {
        severity: "error",
        code,
        message: `${name} cannot be kept on the disk (${event.message}) and are lost when this unit stops; mend that and start it again`,
      };
    case "statistics-dropped":
      return {
        severity: "warning",
        code,
        message: `${name} are not kept at present: ${event.message}; polling goes on, make room on the disk`,
      };
    case "statistics-kept-again":
      return {
        severity: "info",
        code,
        message: `${name} are kept again; ${event.dropped} samples were not kept meanwhile, those that the peer has are fetched from it`,
      };
  }
}
