import { useQuery } from "@tanstack/react-query";
import { haQuery } from "../api/queries.ts";

/** Our state in the pair, kept fresh; undefined until it is known. */
export const useOurState = () => useQuery(haQuery).data?.status.ourState;
