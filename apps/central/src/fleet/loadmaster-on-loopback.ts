/** What answers like a LoadMaster's API v2, as far as Central asks; for tests that must not need a whole unit. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { assert } from "@tandem/base/assert";
import type { Fence } from "@tandem/fencing/fence";
import { admit, begin, emptyLedger, finish, hear, type Ledger } from "@tandem/fencing/ledger";
import { type Envelope, failure, success } from "@tandem/loadmaster-api/envelope";
import { readFence } from "@tandem/loadmaster-api/fence-parameters";
import type { Fields } from "@tandem/loadmaster-api/parameters";
import { type Identity, loadOrCreateIdentity } from "@tandem/peer-link/identity";

export const loadMasterUser = "bal";
export const loadMasterPassword = "the unit's own password";

export type LoopbackLoadMaster = {
  readonly address: string;
  readonly port: number;
  readonly fingerprint: string;
  hastatus: "Active" | "Standby" | "Passive" | "HA not configured";
  /** What it says of its pair; undefined: it knows no interfaces. */
  pair: { hamode: 1 | 2; havhid: number; own: string; partner: string; shared: string } | undefined;
  /** Seconds since 1970. */
  activetime: number;
  /** Its syslog hosts and port, by parameter; what is absent is empty. */
  readonly syslog: Map<string, string>;
  /** Commands answered since it was started. */
  calls: number;
  /** Of these `stats`, which are not counted there. Connections are counted one for each millisecond that it runs. */
  statsCalls: number;
  /** Backups and reboots that took effect: the command of each. */
  readonly effects: string[];
  /** False: it knows nothing of runs, as a unit that is not ours. */
  isOurs: boolean;
  /** The next action takes effect, and the connection breaks before it is answered. */
  losesNextAnswer: boolean;
  /** What took effect is answered only once this is kept; null: at once. */
  holdsAnswers: Promise<void> | null;
  ledger: Ledger;
  /** What each backup and reboot carried, in order; and how many carried none. */
  readonly fences: Fence[];
  unfenced: number;
  /** The port refuses from then on. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Another key, as after a new installation. */
  replaceCertificate(): Promise<void>;
};

export async function startLoadMaster(
  t: TestContext,
  address: string,
  hostname: string,
): Promise<LoopbackLoadMaster> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-loadmaster-test-"));
  let server: Server | undefined;
  let port = 0;
  const identityNumber = { next: 0 };
  const makeIdentity = (): Promise<Identity> => {
    identityNumber.next += 1;
    return loadOrCreateIdentity(join(folder, String(identityNumber.next)), {
      commonName: hostname,
      addresses: [address],
    });
  };
  let identity = await makeIdentity();
  const begun = { at: performance.now(), since: Date.now() };
  const statistics = (): { readonly [field: string]: unknown } => {
    const connections = Math.floor(performance.now() - begun.at);
    const counted = { BytesRead: 10 * connections, BytesWritten: 100 * connections, Requests: connections };
    return {
      VStotals: { TotalConns: connections, ...counted },
      Vs: [
        {
          VSAddress: "10.9.0.1",
          VSPort: 80,
          VSProt: "tcp",
          Index: 1,
          TotalConns: connections,
          ActiveConns: 3,
          ...counted,
        },
      ],
      Rs: [
        {
          VSIndex: 1,
          RSIndex: 1,
          Addr: "10.9.1.1",
          Port: 8080,
          Conns: connections,
          ActivConns: 3,
          ...counted,
        },
      ],
      Counters: { Epoch: "the only one", Since: begun.since },
    };
  };
  const hearTerm = (fields: Fields): void => {
    const carried = readFence(fields, true);
    if (carried.ok && carried.value.heard !== undefined && loadMaster.isOurs)
      loadMaster.ledger = hear(loadMaster.ledger, carried.value.heard, Date.now());
  };
  const answer = (text: string): object => {
    const call = JSON.parse(text) as {
      cmd?: string;
      param?: string;
      value?: unknown;
      apiuser?: string;
      apipass?: string;
    };
    if (call.apiuser !== loadMasterUser || call.apipass !== loadMasterPassword)
      return failure({ code: 401, message: "Unauthorized" });
    if (call.cmd === "stats" || call.cmd === "get") hearTerm(call);
    if (call.cmd === "stats") {
      loadMaster.statsCalls += 1;
      return success(statistics());
    }
    loadMaster.calls += 1;
    if (call.cmd === "backup" || call.cmd === "reboot") return act(call.cmd, call);
    const parameters: { readonly [name: string]: unknown } = {
      hamode: loadMaster.hastatus === "HA not configured" ? 0 : (loadMaster.pair?.hamode ?? 1),
      havhid: loadMaster.pair?.havhid ?? 1,
      hastatus: loadMaster.hastatus,
      activetime: loadMaster.hastatus === "Active" ? loadMaster.activetime : 0,
      version: "7.2.54.0.1",
      hostname,
      ...(loadMaster.isOurs && { revision: "1" }),
    };
    const name = call.param ?? "";
    if (call.cmd === "showiface" && loadMaster.pair !== undefined) {
      const { own, partner, shared } = loadMaster.pair;
      return success({
        Interface: [{ Id: 0, IPAddress: `${own}/24`, SharedIPAddress: shared, PartnerIPAddress: partner }],
      });
    }
    if (call.cmd === "getall") return success({ ...parameters, ...Object.fromEntries(loadMaster.syslog) });
    if (call.cmd === "set" && name.startsWith("syslog")) {
      loadMaster.syslog.set(name, String(call.value));
      return success({});
    }
    return call.cmd === "get" && name in parameters
      ? success({ [name]: parameters[name] })
      : failure({ code: 405, message: "Unknown command" });
  };
  const act = (command: "backup" | "reboot", fields: Fields): Envelope => {
    const carried = readFence(fields, false);
    if (!carried.ok) return failure(carried.error);
    const { fence } = carried.value;
    if (fence === undefined) loadMaster.unfenced += 1;
    else loadMaster.fences.push(fence);
    const data = Buffer.from(`configuration of ${hostname}`).toString("base64");
    if (fence === undefined && command === "backup") return success({ data });
    const perform = (): Envelope => {
      loadMaster.effects.push(command);
      return success(command === "backup" ? { data } : {});
    };
    if (fence === undefined || !loadMaster.isOurs) return perform();
    const asked = { command, unit: hostname, wall: Date.now() };
    const verdict = admit(loadMaster.ledger, fence, asked);
    loadMaster.ledger = verdict.ledger;
    const refused = (refusal: object): Envelope => ({
      ...failure({ code: 409, message: "refused" }),
      fence: refusal,
    });
    switch (verdict.verdict) {
      case "answer":
        return { ...success({}), repeated: true };
      case "fenced":
        return refused({
          reason: "older-epoch",
          holder: verdict.holder,
          lastHeardMs: verdict.lastHeardMs,
        });
      case "too-old":
        return refused({ reason: "too-old", oldest: verdict.oldest });
      case "in-progress":
        return refused({ reason: "in-progress" });
      case "perform": {
        const begun = begin(verdict.ledger, fence.runId, hostname);
        assert(begun, "what was admitted begins");
        loadMaster.ledger = finish(begun, fence.runId, { ok: true, known: true, message: "", answer: {} });
        return perform();
      }
    }
  };
  const start = async (): Promise<void> => {
    const made = createServer(
      { key: identity.privateKeyPem, cert: identity.certificatePem },
      (request, response) => {
        let text = "";
        request.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        request.on("end", () => {
          const before = loadMaster.effects.length;
          const body = answer(text) as { code: number };
          if (loadMaster.losesNextAnswer && loadMaster.effects.length > before) {
            loadMaster.losesNextAnswer = false;
            request.socket.destroy();
            return;
          }
          const say = () =>
            response.writeHead(body.code, { "content-type": "application/json" }).end(JSON.stringify(body));
          if (loadMaster.effects.length > before && loadMaster.holdsAnswers !== null)
            void loadMaster.holdsAnswers.then(say);
          else say();
        });
      },
    );
    await new Promise<void>((resolve) => made.listen(port, address, resolve));
    port = (made.address() as { port: number }).port;
    server = made;
  };
  const stop = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    if (stopping === undefined) return;
    stopping.closeAllConnections();
    await new Promise((resolve) => stopping.close(resolve));
  };
  const loadMaster: LoopbackLoadMaster = {
    address,
    get port() {
      return port;
    },
    get fingerprint() {
      return identity.fingerprint;
    },
    hastatus: "HA not configured",
    pair: undefined,
    activetime: 1,
    syslog: new Map(),
    calls: 0,
    statsCalls: 0,
    effects: [],
    isOurs: true,
    losesNextAnswer: false,
    holdsAnswers: null,
    ledger: emptyLedger,
    fences: [],
    unfenced: 0,
    stop,
    start,
    replaceCertificate: async () => {
      await stop();
      identity = await makeIdentity();
      await start();
    },
  };
  t.after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return loadMaster;
}
