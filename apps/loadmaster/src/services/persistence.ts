/** How a client is kept on its server: what the parameters Persist, PersistTimeout, Cookie and QueryTag say together. */
import { err, ok, type Result } from "@tandem/base/result";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { StoredService } from "../state/document.ts";
import type { ValuesOf } from "./edit.ts";

/** Seconds, when persistence is asked for without saying how long. */
const persistTimeoutDefault = 360;

type Stored = NonNullable<StoredService["persist"]>;
const modes: readonly Stored["mode"][] = ["src", "active-cookie", "url", "query-hash", "host"];

const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** The parameters that belong to one mode each, and what they are without. */
const companions = {
  Cookie: { mode: "active-cookie", needs: "the name of the cookie; give one, such as LMSESSION" },
  QueryTag: { mode: "query-hash", needs: "the name of the parameter of the URL; give one, such as id" },
} as const;

/** The service's persistence with what the parameters say, or why it cannot be. `service` has its new type already. */
export function persistenceOf(
  service: StoredService,
  values: ValuesOf<"addvs">,
): Result<StoredService["persist"], Failure> {
  const before = service.persist;
  const { Persist, PersistTimeout } = values;
  const asked = Persist === undefined ? before?.mode : Persist.toLowerCase();
  const mode = modes.find((each) => each === asked);
  const seconds = PersistTimeout ?? before?.timeoutSeconds ?? persistTimeoutDefault;
  const timeoutSeconds = seconds - (seconds % 60);
  if (mode === undefined && PersistTimeout !== undefined && timeoutSeconds > 0)
    return refuse(`PersistTimeout: ${PersistTimeout} needs a kind of persistence; set Persist as well`);
  for (const name of ["Cookie", "QueryTag"] as const) {
    const given = values[name] ?? "";
    if (given === "" || mode === companions[name].mode) continue;
    return refuse(
      mode === undefined
        ? `${name}: "${given}" needs a persistence by it; set Persist to ${companions[name].mode} as well`
        : `${name}: "${given}" is not used with Persist ${mode}; leave it out or set it empty`,
    );
  }
  if (mode === undefined || timeoutSeconds === 0) return ok(undefined);
  if (mode === "src") return ok({ mode, timeoutSeconds });
  if (service.type !== "http")
    return refuse(
      `Persist: ${mode} reads HTTP, and the service's VStype is ${service.type}; use VStype http, or Persist src`,
    );
  const cookie = values.Cookie ?? before?.cookie ?? "";
  const queryTag = values.QueryTag ?? before?.queryTag ?? "";
  if (mode === "active-cookie" && cookie === "")
    return refuse(`Cookie: ${mode} needs ${companions.Cookie.needs}`);
  if (mode === "query-hash" && queryTag === "")
    return refuse(`QueryTag: ${mode} needs ${companions.QueryTag.needs}`);
  return ok({
    mode,
    timeoutSeconds,
    ...(mode === "active-cookie" ? { cookie } : {}),
    ...(mode === "query-hash" ? { queryTag } : {}),
  });
}
