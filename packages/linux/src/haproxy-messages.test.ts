import assert from "node:assert/strict";
import { test } from "node:test";
import { complaintsIn, refusalFrom } from "./haproxy-messages.ts";

const down = "[ALERT]    (4711) : backend 'vs1' has no server available!";
const refused = "[ALERT]    (4712) : parsing [/run/haproxy.cfg:2]: unknown keyword 'balanec'";

test("[LM1] a service whose servers are all down is no complaint about the file", () => {
  const warned = "[WARNING]  (4711) : Server vs1/rs1 is DOWN, reason: Layer4 connection problem";
  assert.deepEqual(complaintsIn(`${warned}\n${down}\n`), []);
  assert.deepEqual(complaintsIn(`${down}\n${refused}\n`), [
    "parsing [/run/haproxy.cfg:2]: unknown keyword 'balanec'",
  ]);
});

test("[LM1] the refusal is about what the file says, although servers went down meanwhile", () => {
  const refusal = refusalFrom(`${down}\n${refused}\n`, [undefined, { service: 3, parameter: "Schedule" }]);
  assert.equal(refusal.field, "Schedule");
  assert.match(refusal.message, /virtual service 3, parameter Schedule: parsing/);
});
