import assert from "node:assert/strict";
import { test } from "node:test";
import { newDocument } from "../state/document.ts";
import { hashPassword, newPassword, passwordMatches } from "./passwords.ts";
import { failuresMax, failuresWindowMs, hashOfKey, newKey, SignIn } from "./sign-in.ts";

test("a password is kept as argon2id and matches only itself", async () => {
  const hash = await hashPassword("a good password");
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await passwordMatches("a good password", hash), true);
  assert.equal(await passwordMatches("a good passwore", hash), false);
  assert.equal(await passwordMatches("x", "not a hash"), false);
  assert.notEqual(await hashPassword("a good password"), hash);
});

test("first passwords differ and are long enough", () => {
  const one = newPassword();
  assert.match(one, /^[a-z2-9]{20}$/);
  assert.notEqual(newPassword(), one);
});

test("an API key wins over a password, and a wrong one is refused beside a right password", async () => {
  const key = newKey();
  const { unit } = newDocument("lm1", await hashPassword("right password"));
  const content = {
    ...unit,
    apiKeys: [{ hash: hashOfKey(key), start: key.slice(0, 8), user: "bal", createdAt: 0 }],
  };
  const access = new SignIn();
  assert.deepEqual(await access.check({ ApiKey: key }, content, "a", 0), {
    kind: "user",
    user: "bal",
    by: "apikey",
  });
  assert.deepEqual(
    await access.check({ apikey: "wrong", apiuser: "bal", apipass: "right password" }, content, "a", 0),
    { kind: "refused" },
  );
  assert.deepEqual(await access.check({ apiuser: "bal", apipass: "right password" }, content, "a", 0), {
    kind: "user",
    user: "bal",
    by: "password",
  });
});

test("after ten failures in a minute a client has to wait, others not, and who signed in before neither", async () => {
  const { unit } = newDocument("lm1", await hashPassword("right password"));
  const access = new SignIn();
  const right = { apiuser: "bal", apipass: "right password" };
  await access.check(right, unit, "known", 0);
  for (let index = 0; index < failuresMax; index += 1)
    await access.check({ apikey: "wrong" }, unit, "bad", index);
  assert.deepEqual(await access.check({ apiuser: "bal", apipass: "guess" }, unit, "bad", 100), {
    kind: "too-many-failures",
  });
  assert.equal(
    (await access.check({ apiuser: "bal", apipass: "guess" }, unit, "other", 100)).kind,
    "refused",
  );
  assert.equal((await access.check(right, unit, "bad", 100)).kind, "user");
  assert.equal(
    (await access.check({ apikey: "wrong" }, unit, "bad", failuresWindowMs + 200)).kind,
    "refused",
  );
});
