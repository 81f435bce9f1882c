/**
 * What a device's syslog settings become when it is added, when the Centrals' addresses change, and when it is
 * removed (SPEC CH2, CE1). Pure. What was there before stays: undoing takes away exactly what was added.
 */
import { err, ok, type Result } from "@tandem/base/result";
import { type SyslogSettings, syslogHostsMax } from "@tandem/loadmaster-api/syslog-levels";

/** What Central changed on a device, and what was there before. */
export type Adopted = {
  readonly added: readonly string[];
  readonly port: { readonly before: number; readonly set: number } | null;
};
export const nothingAdopted: Adopted = { added: [], port: null };

export type Wanted = { readonly hosts: readonly string[]; readonly port: number };

/** Everything a device has to say. */
const level = "info" as const;

/** The settings that make the device send to what is wanted, and what has then been changed; a problem in words otherwise. */
export function adopt(
  present: SyslogSettings,
  wanted: Wanted,
  before: Adopted,
): Result<{ readonly settings: SyslogSettings; readonly adopted: Adopted }, string> {
  const isOld = (host: string): boolean => before.added.includes(host) && !wanted.hosts.includes(host);
  const staying = present.hosts.filter(({ host }) => !isOld(host));
  const missing = wanted.hosts.filter((host) => !staying.some((one) => one.host === host));
  const hosts = [...staying, ...missing.map((host) => ({ host, level }))];
  if (hosts.length > syslogHostsMax)
    return err(
      `it has ${staying.length} syslog hosts and takes ${syslogHostsMax}: take some out at the device, so that ${missing.join(" and ")} can be added`,
    );
  const others = staying.filter(({ host }) => !wanted.hosts.includes(host)).map(({ host }) => host);
  if (present.port !== wanted.port && others.length > 0)
    return err(
      `it sends syslog to port ${present.port}, where ${others.join(" and ")} may listen, and this Central listens on ${wanted.port}: set syslog/port of both Centrals to ${present.port}, or the device's syslog port to ${wanted.port}`,
    );
  const added = [...before.added.filter((host) => wanted.hosts.includes(host)), ...missing];
  const port =
    present.port === wanted.port
      ? before.port
      : { before: before.port?.before ?? present.port, set: wanted.port };
  return ok({
    settings: { ...present, hosts, port: wanted.port },
    adopted: { added: [...new Set(added)], port },
  });
}

/** The settings without what was added. A port that somebody has changed since is left. */
export function undo(present: SyslogSettings, adopted: Adopted): SyslogSettings {
  const hosts = present.hosts.filter(({ host }) => !adopted.added.includes(host));
  const port =
    adopted.port !== null && adopted.port.set === present.port ? adopted.port.before : present.port;
  return { ...present, hosts, port };
}

/** The order of hosts says nothing. */
export const sameSettings = (a: SyslogSettings, b: SyslogSettings): boolean => {
  const text = ({ hosts, port }: SyslogSettings): string =>
    JSON.stringify([port, ...hosts.map(({ host, level: of }) => `${of} ${host}`).sort()]);
  return text(a) === text(b);
};
