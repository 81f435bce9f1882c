/** What who is signed in may not do, so that pages show it as it is and say why it cannot be changed. */
import { type CommandName, commands } from "@tandem/loadmaster-api/commands";
import { lackOf } from "@tandem/loadmaster-api/permissions";
import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries.ts";

/** In words; null where the command is permitted, or nothing is known yet: the unit has the last word. */
export function useLack(command: CommandName): string | null {
  const { data } = useQuery({ ...sessionQuery, enabled: false });
  if (data?.permissions === undefined) return null;
  const lack = lackOf(
    { name: data.user, permissions: data.permissions },
    command,
    commands[command],
    {},
    false,
  );
  return lack?.message ?? null;
}
