import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { hour } from "@tandem/base/time";
import { day } from "@tandem/licensing/central-licence";
import { keyIdOf } from "@tandem/signed-documents/keys";
import { signDocument } from "@tandem/signed-documents/signed-document";
import { VirtualWorld } from "../files/virtual-pair.ts";
import type { NotedEvent } from "../ha/timeline.ts";
import { licenceFor, newIssuer, notLocal, signed } from "./issued-licence.ts";
import { OwnLicence } from "./own-licence.ts";

const unit = "a".repeat(16);
const author = "admin";

/** The wall clock of this one can be set. */
class SettableWorld extends VirtualWorld {
  aheadMs = 0;
  override wall(): number {
    return super.wall() + this.aheadMs;
  }
}

function place(t: TestContext) {
  const stateDir = mkdtempSync(join(tmpdir(), "tandem-licence-test-"));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  const world = new SettableWorld();
  const notes: NotedEvent[] = [];
  let running: OwnLicence | undefined;
  t.after(() => running?.stop());
  const start = async (): Promise<OwnLicence> => {
    await running?.stop();
    running = await OwnLicence.open({
      stateDir,
      unit,
      name: "central1",
      world,
      note: (event) => notes.push(event),
    });
    running.start();
    return running;
  };
  return { stateDir, world, notes, start, file: (name: string) => join(stateDir, "licensing", name) };
}
const codes = (notes: readonly NotedEvent[]): string[] => notes.map(({ code }) => code);
const none = () => null;

test("at its first start a unit has a trial of its own: four local licences for 30 days, and its key is 0600", async (t) => {
  const { start, world, file, notes } = place(t);
  // The key's file says when the trial began, by the machine's clock.
  world.aheadMs = Date.now() - world.wall();
  const own = await start();
  const current = own.current();
  assert.ok(current.state === "valid" && current.licence.isTrial);
  assert.deepEqual(current.licence.local, { allowance: 4 });
  assert.deepEqual(own.flags(), { local: true, metered: false });
  assert.equal(statSync(file("key.pem")).mode & 0o777, 0o600);
  assert.deepEqual(codes(notes), []);
  world.advance(24 * day);
  assert.deepEqual(codes(notes), ["licence-ends"]);
  world.advance(7 * day);
  assert.deepEqual(codes(notes), ["licence-ends", "licence-ended"]);
  assert.equal(own.current().state, "expired");
  assert.deepEqual(
    own.flags(),
    { local: true, metered: false },
    "what was licensed is compared all the same",
  );
});

test("a trial does not begin again by removing its licence, nor what is remembered, nor by setting the clock back", async (t) => {
  const { start, world, file, notes } = place(t);
  // Later than the key's file will be: it began when that was made, by what is remembered and without it.
  world.aheadMs = Date.now() + hour - world.wall();
  const began = (await start()).current().licence?.notBefore;
  world.advance(40 * day);
  rmSync(file("licence.jws"));
  const second = await start();
  assert.equal(second.current().state, "expired");
  assert.equal(second.current().licence?.notBefore, began);
  rmSync(file("licence.jws"));
  rmSync(file("seen.json"));
  assert.equal((await start()).current().licence?.notBefore, began);
  world.aheadMs -= 39 * day;
  const back = await start();
  assert.equal(back.current().state, "expired");
  assert.match(back.alarm() ?? "", /set back/);
  assert.equal(codes(notes).filter((code) => code === "licence-clock").length, 1);
});

test("a licence of a trusted issuer is taken, and the former one is kept beside it", async (t) => {
  const { start, world, file, notes } = place(t);
  const issuer = newIssuer();
  const text = await signed(licenceFor([unit], world.wall()), issuer);
  const own = await start();
  const trial = readFileSync(file("licence.jws"), "utf8");
  let changes = 0;
  own.onChange(() => {
    changes += 1;
  });
  const early = await own.import(text, none, { author });
  assert.ok(!early.ok);
  assert.equal(early.error.code, "licence-issuer-not-trusted");
  assert.match(early.error.message, new RegExp(keyIdOf(issuer.publicKey)));
  assert.match(early.error.remedy, new RegExp(`license trust ${issuer.publicKey}`));
  assert.ok((await own.trust({ key: issuer.publicKey, name: "Example Sales" }, author)).ok);
  assert.ok((await own.import(`${text}\n`, none, { author })).ok);
  assert.deepEqual(own.flags(), { local: true, metered: true });
  assert.equal(readFileSync(file("licence.jws.before"), "utf8"), trial);
  assert.equal(changes, 2);
  assert.deepEqual(codes(notes), ["licence-issuer-trusted", "licence-imported"]);
  assert.ok((await own.import(text, none, { author })).ok, "the same again");
  assert.equal(readFileSync(file("licence.jws.before"), "utf8"), trial, "changes nothing");
  assert.equal(changes, 2);
  const again = await start();
  assert.equal(again.current().state, "valid");
  assert.equal(again.issuers.length, 1);
  rmSync(file("licence.jws"));
  const gone = (await start()).current();
  assert.ok(gone.state === "none" && /licence.jws is gone.*licence.jws.before/.test(gone.message));
});

test("what is cut short, forged, of another kind or unit, ended, older or refused by the activations is not taken", async (t) => {
  const { start, world, file } = place(t);
  const issuer = newIssuer();
  const now = world.wall();
  const own = await start();
  await own.trust({ key: issuer.publicKey, name: "Example Sales" }, author);
  const good = licenceFor([unit], now);
  const text = await signed(good, issuer);
  assert.ok((await own.import(text, none, { author })).ok);
  const [header = "", payload = "", signature = ""] = text.split(".");
  const richer = { ...good, local: { allowance: 99 }, units: [{ unit, local: 99, poolMbps: 0 }] };
  const forged = [header, Buffer.from(JSON.stringify(richer)).toString("base64url"), signature].join(".");
  const wrong: readonly [string, string][] = [
    [text.slice(0, -20), "licence-signature-wrong"],
    [text.slice(0, 100), "licence-not-a-document"],
    [`${header}.${payload}`, "licence-not-a-document"],
    ["", "licence-not-a-document"],
    [forged, "licence-signature-wrong"],
    [await signDocument("tandem-licence-grant", good, issuer), "licence-wrong-type"],
    [await signDocument("tandem-central-licence", { ...good, units: [] }, issuer), "licence-claims-wrong"],
    [await signed({ ...good, expiresAt: Number.MAX_SAFE_INTEGER }, issuer), "licence-claims-wrong"],
    [await signed({ ...good, local: { allowance: 5 } }, issuer), "licence-contradicts-itself"],
    [await signed(licenceFor(["b".repeat(16)], now), issuer), "licence-foreign"],
    [await signed({ ...good, expiresAt: now }, issuer), "licence-expired"],
    [await signed({ ...good, notBefore: now + 1 }, issuer), "licence-not-yet"],
    [await signed({ ...good, issuedAt: now - 1 }, issuer), "licence-older"],
    [await signed(good, own.key), "licence-own-key"],
    [await signed(good, newIssuer()), "licence-issuer-not-trusted"],
  ];
  for (const [bad, code] of wrong) {
    const taken = await own.import(bad, none, { author });
    assert.equal(taken.ok ? "ok" : taken.error.code, code);
    if (!taken.ok) assert.ok(taken.error.message !== "" && taken.error.remedy !== "");
  }
  const fault = { code: "share-too-small", field: "units", message: "3 are issued", remedy: "recover one" };
  const refused = await own.import(await signed(notLocal(good), issuer), () => fault, { author });
  assert.deepEqual(refused, { ok: false, error: fault });
  assert.equal(readFileSync(file("licence.jws"), "utf8"), text, "and the present one stays");
  assert.equal(own.current().state, "valid");
  const older = await signed({ ...good, issuedAt: now - 1 }, issuer);
  assert.ok((await own.import(older, none, { author, replaceNewer: true })).ok);
});

test("a damaged licence file is no licence and no crash, and importing mends it without losing what was there", async (t) => {
  const { start, world, file } = place(t);
  const issuer = newIssuer();
  const first = await start();
  await first.trust({ key: issuer.publicKey, name: "Example Sales" }, author);
  const text = await signed(licenceFor([unit], world.wall()), issuer);
  await first.import(text, none, { author });
  for (const damaged of [text.slice(0, -5), "", "\0\0\0", text.replace(".", ".x")]) {
    writeFileSync(file("licence.jws"), damaged);
    const own = await start();
    const current = own.current();
    assert.ok(current.state === "invalid", damaged);
    assert.match(current.message, /does not hold/);
    assert.deepEqual(own.flags(), { local: false, metered: false });
    assert.ok((await own.import(text, none, { author })).ok);
    assert.equal(readFileSync(file("licence.jws.before"), "utf8"), damaged);
    assert.equal(own.current().state, "valid");
  }
});

test("whoever is not trusted any more has licensed nothing", async (t) => {
  const { start, world, notes } = place(t);
  const issuer = newIssuer();
  const own = await start();
  const id = keyIdOf(issuer.publicKey);
  await own.trust({ key: issuer.publicKey, name: "Example Sales" }, author);
  await own.import(await signed(licenceFor([unit], world.wall()), issuer), none, { author });
  const unknown = await own.distrust("0".repeat(16), author);
  assert.ok(!unknown.ok && unknown.error.code === "issuer-unknown");
  assert.ok((await own.distrust(id, author)).ok);
  assert.equal(own.current().state, "invalid");
  assert.deepEqual(own.flags(), { local: false, metered: false });
  assert.ok((await own.trust({ key: issuer.publicKey, name: "Example Sales" }, author)).ok);
  assert.equal(own.current().state, "valid", "trusted again, the licence holds again");
  assert.equal(codes(notes).at(-2), "licence-issuer-removed");
  for (const key of ["", "x", issuer.publicKey.slice(1), `${issuer.publicKey}x`]) {
    const trusted = await own.trust({ key, name: "x" }, author);
    assert.ok(!trusted.ok && trusted.error.field === "key", key);
  }
});

test("the end is told once each, also over restarts, and after a long downtime only the latest that is due", async (t) => {
  const { start, world, notes } = place(t);
  const issuer = newIssuer();
  const first = await start();
  await first.trust({ key: issuer.publicKey, name: "Example Sales" }, author);
  await first.import(await signed(licenceFor([unit], world.wall()), issuer), none, { author });
  const ends = () => codes(notes).filter((code) => code.startsWith("licence-end"));
  world.advance(365 * day - 90 * day + hour);
  assert.equal(ends().length, 1);
  await start();
  world.advance(hour);
  assert.equal(ends().length, 1, "not again after a restart");
  await (await start()).stop();
  world.advance(80 * day);
  await start();
  assert.equal(ends().length, 2, "of three that fell due only the last");
  assert.match(notes.at(-1)?.message ?? "", /ends in 10 day/);
  world.advance(20 * day);
  assert.deepEqual(ends(), ["licence-ends", "licence-ends", "licence-ends", "licence-ended"]);
  assert.deepEqual(notes.at(-1)?.severity, "error");
});

test("an ended licence does not hold again by removing it, setting the clock back and importing it", async (t) => {
  const { start, world, file } = place(t);
  const issuer = newIssuer();
  const first = await start();
  await first.trust({ key: issuer.publicKey, name: "Example Sales" }, author);
  const licence = licenceFor([unit], world.wall());
  const text = await signed(licence, issuer);
  assert.ok((await first.import(text, none, { author })).ok);
  world.advance(400 * day);
  rmSync(file("licence.jws"));
  world.aheadMs -= 399 * day;
  const own = await start();
  const again = await own.import(text, none, { author });
  assert.equal(again.ok ? "ok" : again.error.code, "licence-expired");
  const renewal = { ...licence, id: "3".repeat(16), issuedAt: world.wall() };
  assert.ok((await own.import(await signed(renewal, issuer), none, { author })).ok);
  assert.deepEqual(
    [own.current().state, own.alarm()],
    ["valid", null],
    "one issued anew says what time it is",
  );
});

test("a key whose file was touched dates no trial into the future", async (t) => {
  const { start, world, file } = place(t);
  await start();
  rmSync(file("licence.jws"));
  rmSync(file("seen.json"));
  const ahead = (world.wall() + 3_650 * day) / 1_000;
  utimesSync(file("key.pem"), ahead, ahead);
  const own = await start();
  assert.ok((own.current().licence?.notBefore ?? Number.POSITIVE_INFINITY) <= world.wall());
});
