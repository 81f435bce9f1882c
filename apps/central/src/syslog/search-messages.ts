/** What the main thread and the searching thread say to each other. */
import type { LogPage, LogQuery } from "@tandem/storage/log-store";

export type SearchOrder = { readonly id: number; readonly query: LogQuery };
export type SearchReport =
  | { readonly type: "page"; readonly id: number; readonly page: LogPage }
  | { readonly type: "failed"; readonly id: number; readonly message: string }
  | { readonly type: "damaged"; readonly day: string; readonly reason: string };
