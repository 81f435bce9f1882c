/**
 * What the suite makes on a unit before its cases, and takes away afterwards. Cases name it by `$` and the name.
 *
 * Nearly every service is disabled: the API treats it like any other one, and a change of it needs no traffic to move.
 */

import { issue } from "@tandem/loadmaster/certificates/issue.fixture";
import { read } from "./answer.ts";
import type { Command, Parameters, Value } from "./case.ts";
import { type Connection, requestOf } from "./target.ts";

/** Ports that the suite uses, from the first on. */
export const portsUsed = 40;

export class Stage {
  readonly #connection: Connection;
  readonly #names = new Map<string, string>();

  constructor(connection: Connection) {
    this.#connection = connection;
    const { target } = connection;
    const { user, password, services, servers, firstPort } = target;
    this.name("user", user);
    this.name("password", password);
    this.name("service", services);
    this.name("server", servers);
    this.name("authority", `${target.host}:${target.port}`);
    for (const [at, name] of ["port", "barePort", "livePort", "fullPort"].entries())
      this.name(name, String(firstPort + at));
    // No service stands on these between two cases.
    for (let free = 1; free <= 9; free += 1) this.name(`free${free}`, String(firstPort + 10 + free));
    for (let rs = 1; rs <= 9; rs += 1) this.name(`rsPort${rs}`, String(firstPort + 20 + rs));
  }

  name(name: string, value: string): void {
    this.#names.set(name, value);
  }

  /** Certificates as they are uploaded: with its key, without it, with that of another one, and an authority's. */
  async issue(): Promise<void> {
    const authority = await issue("conformance authority", { authority: true });
    const site = await issue("conformance.example", { by: authority });
    const next = await issue("conformance.example", { by: authority, kind: "rsa" });
    const files = {
      site: site.pem,
      nextSite: next.pem,
      keyless: site.certificate,
      mismatched: `${site.certificate}${next.key}`,
      authority: authority.certificate,
      noPem: "not a certificate at all",
    };
    for (const [name, text] of Object.entries(files)) {
      this.name(`${name}Pem`, text);
      this.name(`${name}64`, Buffer.from(text).toString("base64"));
    }
  }

  /** A text with what its names stand for. */
  filled(text: string): string {
    return text.replace(/\$(\w+)/g, (whole, name: string) => this.#names.get(name) ?? whole);
  }

  fill(parameters: Parameters = {}): Parameters {
    return Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, this.#fillValue(value)]),
    );
  }

  #fillValue(value: Value): Value {
    return typeof value === "string" ? this.filled(value) : value;
  }

  /** Carries a command out in v2; throws when it is refused. */
  async carryOut({ command, with: parameters, keep }: Command): Promise<void> {
    const { target } = this.#connection;
    const answer = await this.#connection.send(requestOf(2, command, this.fill(parameters), target));
    const shown = read(2, answer);
    if (!shown.ok) throw new Error(`${command} ${JSON.stringify(this.fill(parameters))}: ${shown.words}`);
    for (const [name, path] of Object.entries(keep ?? {})) this.name(name, String(shown.at(path)));
  }

  async set(): Promise<void> {
    await this.clear();
    for (const command of scenery) await this.carryOut(command);
  }

  /** Takes away what stands on the suite's ports: also what an earlier run has left. */
  async clear(): Promise<void> {
    const { target } = this.#connection;
    const listed = read(2, await this.#connection.send(requestOf(2, "listvs", {}, target)));
    if (!listed.ok) throw new Error(`listvs: ${listed.words}`);
    const services = (listed.at("VS") ?? []) as readonly {
      readonly VSAddress: string;
      readonly VSPort: string;
      readonly Index: number;
    }[];
    const ours = services.filter(
      ({ VSAddress, VSPort }) =>
        VSAddress === target.services &&
        Number(VSPort) >= target.firstPort &&
        Number(VSPort) < target.firstPort + portsUsed,
    );
    for (const { Index } of ours) await this.carryOut({ command: "delvs", with: { vs: Index } });
    if (!this.#names.has("key")) return;
    await this.carryOut({ command: "delapikey", with: { key: "$key" } });
    this.#names.delete("key");
  }
}

const at = (port: string): Parameters => ({ vs: "$service", port, prot: "tcp" });

const scenery: readonly Command[] = [
  // `$index`: a service with two servers, `$rs` and `$rs2`.
  { command: "addvs", with: { ...at("$port"), Enable: "N" }, keep: { index: "Index" } },
  {
    command: "addrs",
    with: { vs: "$index", rs: "$server", rsport: "$rsPort1" },
    keep: { rs: "Rs.0.RsIndex" },
  },
  {
    command: "addrs",
    with: { vs: "$index", rs: "$server", rsport: "$rsPort2" },
    keep: { rs2: "Rs.0.RsIndex" },
  },
  // `$bare`: nothing but where it stands.
  { command: "addvs", with: { ...at("$barePort"), Enable: "N" }, keep: { bare: "Index" } },
  // `$live`: enabled, with one server that nobody answers at.
  { command: "addvs", with: { ...at("$livePort"), CheckType: "tcp" }, keep: { live: "Index" } },
  {
    command: "addrs",
    with: { vs: "$live", rs: "$server", rsport: "$rsPort1" },
    keep: { liveRs: "Rs.0.RsIndex" },
  },
  // `$full`: every text that can be set is.
  {
    command: "addvs",
    with: {
      ...at("$fullPort"),
      Enable: "N",
      NickName: "conformance full",
      VStype: "http",
      CheckType: "http",
      CheckUrl: "/health?deep=1",
      "CheckUse1.1": "Y",
      CheckHost: "health.example",
      CheckCodes: "301 404",
      Persist: "active-cookie",
      Cookie: "SHOP",
      PersistTimeout: 600,
    },
    keep: { full: "Index" },
  },
  { command: "addapikey", keep: { key: "apikey" } },
];
