/**
 * What a worker says: `show stat` as CSV (management.txt §9.1), `show info` and the master's `show proc` (§9.4).
 * The texts come from a process of ours, but nothing here throws on a line it does not know.
 */

/** One row of `show stat`; numbers that HAProxy leaves empty are 0. */
export type StatRow = {
  readonly proxy: string;
  /** FRONTEND, BACKEND, or the server's name. */
  readonly server: string;
  readonly status: string;
  readonly currentSessions: number;
  readonly totalSessions: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Layer 4 only: HAProxy sees no packets. */
  readonly packets?: number;
  /** HTTP requests: those that came to a proxy, those that a server answered; 0 where no HTTP is spoken. */
  readonly requests: number;
  /** Connections and requests that a limit or a rule has refused; of frontends. */
  readonly refusedConnections?: number;
  readonly refusedRequests?: number;
  /** The last check in a few letters (L4OK, L7STS, …), empty without checks. */
  readonly check: string;
};

export function parseStatistics(csv: string): StatRow[] {
  const [header, ...lines] = csv.split("\n");
  if (header === undefined || !header.startsWith("# ")) return [];
  const columns = header.slice(2).split(",");
  const column = (name: string): number => columns.indexOf(name);
  const at = {
    proxy: column("pxname"),
    server: column("svname"),
    status: column("status"),
    current: column("scur"),
    total: column("stot"),
    bytesIn: column("bin"),
    bytesOut: column("bout"),
    requests: column("req_tot"),
    refusedConnections: column("dcon"),
    refusedRequests: column("dreq"),
    check: column("check_status"),
  };
  // A server counts no requests, but its answers by class of status.
  const responses = columns.flatMap((name, index) => (/^hrsp_(\dxx|other)$/.test(name) ? [index] : []));
  const cellsWanted = 1 + Math.max(...Object.values(at), ...responses);
  const rows: StatRow[] = [];
  for (const line of lines) {
    if (line.length === 0) continue;
    const cells = line.includes('"') ? splitCsv(line) : line.split(",", cellsWanted);
    const number = (index: number): number => Number(cells[index] ?? 0) || 0;
    rows.push({
      proxy: cells[at.proxy] ?? "",
      server: cells[at.server] ?? "",
      status: cells[at.status] ?? "",
      currentSessions: number(at.current),
      totalSessions: number(at.total),
      bytesIn: number(at.bytesIn),
      bytesOut: number(at.bytesOut),
      requests: number(at.requests) || responses.reduce((sum, index) => sum + number(index), 0),
      ...(cells[at.server] === "FRONTEND"
        ? { refusedConnections: number(at.refusedConnections), refusedRequests: number(at.refusedRequests) }
        : {}),
      check: (cells[at.check] ?? "").replace(/^\* /, ""),
    });
  }
  return withoutGroups(rows);
}

/** A service's servers stand in further backends, `vs1.g1`, where rules choose among them: what they do there counts for the service. */
function withoutGroups(rows: readonly StatRow[]): StatRow[] {
  const isOfGroup = ({ proxy }: StatRow): boolean => proxy.includes(".");
  const extra = new Map<string, StatRow[]>();
  for (const row of rows)
    if (isOfGroup(row)) {
      const key = `${row.proxy.slice(0, row.proxy.indexOf("."))}/${row.server}`;
      extra.set(key, [...(extra.get(key) ?? []), row]);
    }
  if (extra.size === 0) return [...rows];
  return rows
    .filter((row) => !isOfGroup(row))
    .map((row) => {
      const all = [row, ...(extra.get(`${row.proxy}/${row.server}`) ?? [])];
      const sum = (of: (each: StatRow) => number): number => all.reduce((so, each) => so + of(each), 0);
      return {
        ...row,
        currentSessions: sum((each) => each.currentSessions),
        totalSessions: sum((each) => each.totalSessions),
        bytesIn: sum((each) => each.bytesIn),
        bytesOut: sum((each) => each.bytesOut),
        requests: sum((each) => each.requests),
      };
    });
}

/** The numbers (`iid`) of the backends, by name. */
export function backendsIn(csv: string): ReadonlyMap<string, number> {
  const [header = "", ...lines] = csv.split("\n");
  const at = header.replace(/^# /, "").split(",").indexOf("iid");
  return new Map(
    lines.flatMap((line) => {
      const [name = "", row, ...cells] = line.split(",", at + 1);
      return row === "BACKEND" ? [[name, Number(cells[at - 2])] as const] : [];
    }),
  );
}

/** Cells of one line; HAProxy quotes those that hold a comma or a quote, and doubles quotes within (RFC 4180). */
function splitCsv(line: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let within = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index];
    if (within && character === '"' && line[index + 1] === '"') {
      cell += '"';
      index += 1;
    } else if (character === '"') within = !within;
    else if (character === "," && !within) {
      cells.push(cell);
      cell = "";
    } else cell += character;
  }
  cells.push(cell);
  return cells;
}

/** `Name: value` lines of `show info`. */
export function parseInformation(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) values.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return values;
}

export type ProcessRow = {
  readonly pid: number;
  readonly type: "master" | "worker";
  readonly reloads: number;
};

/** The master and its workers, those that a reload has replaced included (they show more reloads). */
export function parseProcesses(text: string): ProcessRow[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+)\s+(master|worker)\s+(\d+)/.exec(line);
    return match === null
      ? []
      : [
          {
            pid: Number(match[1]),
            type: match[2] === "master" ? "master" : "worker",
            reloads: Number(match[3]),
          } as const,
        ];
  });
}

/** Up, Down, Unchecked (no health check) or Disabled, from a server's status such as `UP 1/3` or `MAINT`. */
export function serverStatus(status: string): "Up" | "Down" | "Unchecked" | "Disabled" {
  if (status.startsWith("UP")) return "Up";
  if (status.startsWith("no check")) return "Unchecked";
  if (status.startsWith("MAINT") || status.startsWith("DRAIN")) return "Disabled";
  return "Down";
}
