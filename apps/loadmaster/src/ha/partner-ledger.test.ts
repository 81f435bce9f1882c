/** The ledger of actions on the partner link: two real links on loopback, whose units are made up. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import { admit, emptyLedger, type Ledger, type Run } from "@tandem/fencing/ledger";
import { encodeFrame } from "@tandem/peer-link/frames";
import { loadOrCreateIdentity } from "@tandem/peer-link/identity";
import type { LedgerAnswer } from "../fencing/action-fence.ts";
import { digestOf, emptyShared, type SharedContent } from "../state/document.ts";
import { loopback, portFor, waitFor } from "../unit.fixture.ts";
import { PartnerLink, type PartnerSide } from "./partner-link.ts";
import { linkVersion, linkVersionWithIpv6 } from "./partner-messages.ts";

const directory = mkdtempSync(join(tmpdir(), "tandem-partner-"));
const key = new Uint8Array(32).fill(7);

type Side = PartnerSide & { readonly taken: (Run | null)[]; answer: () => Promise<LedgerAnswer> };

function side(version: number, hamode: number, shared: SharedContent): Side {
  const taken: (Run | null)[] = [];
  const made: Side = {
    taken,
    answer: async () => ({ accepted: true, ledger: emptyLedger }),
    status: () => ({
      type: "status",
      version,
      name: `HA${hamode}`,
      hamode,
      vhid: 1,
      timeout: 3,
      sharedAddress: loopback(240),
      role: hamode === 1 ? "master" : "backup",
      revision: 0,
      digest: hamode === 1 ? digestOf(shared) : "",
    }),
    shared: () => shared,
    receive: async () => ({ accepted: true }),
    agreed: () => {},
    changed: () => {},
    observe: () => {},
    ledgerParts: () => [emptyLedger],
    takeLedger: (claim) => {
      taken.push(claim);
      return made.answer();
    },
    learnLedger: () => {},
  };
  return made;
}

async function linked(
  versions: readonly [number, number],
  act: (a: PartnerLink, sideOfB: Side) => Promise<void>,
  shared: SharedContent = emptyShared,
) {
  const sides = [side(versions[0], 1, shared), side(versions[1], 2, emptyShared)] as const;
  const hosts = [241, 242] as const;
  const links: PartnerLink[] = [];
  for (const at of [0, 1] as const) {
    const identity = await loadOrCreateIdentity(join(directory, `${hosts[at]}`), {
      commonName: `HA${at + 1}`,
      addresses: [loopback(hosts[at])],
    });
    links.push(new PartnerLink(identity, portFor(1), sides[at]));
  }
  const [a, b] = links;
  assert.ok(a && b);
  try {
    await a.configure({ ownAddress: loopback(241), partner: loopback(242), key });
    await b.configure({ ownAddress: loopback(242), partner: loopback(241), key });
    await waitFor("both are connected", () => a.state.kind === "up" && b.state.kind === "up");
    await act(a, sides[1]);
  } finally {
    await a.close();
    await b.close();
  }
}

const claim = (): Run => {
  const runId = "c".repeat(64);
  const verdict = admit(
    emptyLedger,
    { runId, epoch: null, dueAt: 1 },
    { command: "backup", unit: "HA1", wall: 2 },
  );
  assert.ok(verdict.verdict === "perform");
  return verdict.run;
};
const partOf = (run: Run): Ledger => ({ ...emptyLedger, runs: [run] });

test("[CH22] a claim is answered by the partner, whose silence is waited for no longer than it should be", async () => {
  await linked([2, 2], async (a, b) => {
    const run = claim();
    b.answer = async () => ({ accepted: false, ledger: partOf(run) });
    const answer = await a.tellLedger(run, partOf(run), 5_000);
    assert.deepEqual(answer, { accepted: false, ledger: partOf(run) });
    assert.deepEqual(b.taken.at(-1), run);
    b.answer = () => new Promise(() => {});
    const from = performance.now();
    assert.equal(await a.tellLedger(run, partOf(run), 100), undefined);
    assert.ok(performance.now() - from < 2_000);
    b.answer = () => Promise.reject(new Error("no space left"));
    assert.equal(await a.tellLedger(run, partOf(run), 100), undefined, "a disk that fails is no consent");
  });
});

test("a partner of the version before is sent no ledger, and stays a partner", async () => {
  await linked([2, 1], async (a, b) => {
    assert.equal(await a.tellLedger(claim(), emptyLedger, 5_000), undefined);
    assert.deepEqual(b.taken, []);
    assert.equal(a.state.kind, "up");
  });
});

test("who has not proved to know the secret is not heard", async () => {
  await linked([2, 2], async (_a, b) => {
    await waitFor("the whole was told", () => b.taken.length > 0);
    const before = b.taken.length;
    const identity = await loadOrCreateIdentity(join(directory, "stranger"), {
      commonName: "stranger",
      addresses: [loopback(243)],
    });
    const socket = connect({
      host: loopback(242),
      port: portFor(1),
      cert: identity.certificatePem,
      key: identity.privateKeyPem,
      rejectUnauthorized: false,
    });
    socket.on("error", () => {});
    let closed = false;
    socket.on("close", () => {
      closed = true;
    });
    await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
    const frame = encodeFrame({ type: "ledger", id: 1, claim: null, ledger: emptyLedger as never }, 10_000);
    assert.ok(frame.ok);
    socket.write(frame.value);
    socket.resume();
    await waitFor("it is shown out", () => closed);
    assert.equal(b.taken.length, before);
  });
});

test.after(() => rmSync(directory, { recursive: true, force: true }));

test("[LH4] [LH11] a partner of the version before is not given a document with addresses of IPv6, and is told apart", async () => {
  const shared = { ...emptyShared, sharedAddresses6: { "0": "2001:db8::20" } };
  for (const [version, taken, reason] of [
    [
      linkVersionWithIpv6 - 1,
      [],
      "the partner's program is older and does not know shared addresses of IPv6; update it",
    ],
    [linkVersionWithIpv6, [shared], undefined],
  ] as const)
    await linked(
      [linkVersion, version],
      async (a, b) => {
        const received: SharedContent[] = [];
        b.receive = async (_revision, _digest, content) => {
          received.push(content);
          return { accepted: true };
        };
        const outcome = await a.forceUpdate();
        assert.equal(outcome.taken ? undefined : outcome.reason, reason);
        // It may be sent more than once: the partner of this test never says that it has it.
        assert.deepEqual(received.slice(0, 1), taken);
        for (const each of received) assert.deepEqual(each, shared);
      },
      shared,
    );
});
