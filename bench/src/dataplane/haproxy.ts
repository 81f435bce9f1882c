/** What a unit is compared with: HAProxy with a file written by hand, and the web server behind both. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export type Place = { readonly address: string; readonly port: number };

/** Answers everything itself, 1 KiB each. */
export const originFile = (places: readonly Place[]): string => `global
    maxconn 9000
defaults
    mode http
    timeout client 660s
    timeout http-keep-alive 60s
frontend origin
${places.map(({ address, port }) => `    bind ${address}:${port}\n`).join("")}    http-request return status 200 content-type text/plain string "${"x".repeat(1_024)}"
`;

/** The least that does what the unit's service does: the same schedule, check, header and limits of time. */
export const plainFile = (
  { http, https, pem }: { readonly http: Place; readonly https: Place; readonly pem: string },
  servers: readonly Place[],
): string => {
  const backend = (name: string): string => `backend ${name}
    balance roundrobin
    timeout server 660s
    timeout connect 5s
    timeout check 4s
${servers.map(({ address, port }, at) => `    server s${at + 1} ${address}:${port} check inter 9s fall 2 rise 1\n`).join("")}`;
  return `global
    maxconn 9000
defaults
    mode http
    timeout client 660s
    timeout http-keep-alive 60s
    option forwardfor
frontend http
    bind ${http.address}:${http.port}
    default_backend http
${backend("http")}frontend https
    bind ${https.address}:${https.port} ssl crt ${pem} ssl-min-ver TLSv1.2
    default_backend https
${backend("https")}`;
};

export type Running = { readonly pid: number; end(): Promise<void> };

export async function startHaproxy(directory: string, name: string, file: string): Promise<Running> {
  const path = join(directory, `${name}.cfg`);
  writeFileSync(path, file, { mode: 0o600 });
  const child = spawn("haproxy", ["-db", "-f", path], {
    // In a session of its own, as a unit's: the kernel's scheduler shares the processor out among sessions.
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (part) => {
    said += String(part);
  });
  const ended = once(child, "exit");
  const gone = await Promise.race([ended, new Promise<undefined>((resolve) => setTimeout(resolve, 500))]);
  if (gone !== undefined || child.pid === undefined) throw new Error(`HAProxy ${name}: ${said}`);
  return {
    pid: child.pid,
    async end() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
