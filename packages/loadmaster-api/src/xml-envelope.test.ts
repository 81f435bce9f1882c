import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, success } from "./envelope.ts";
import { xmlOf } from "./xml-envelope.ts";

const head = '<?xml version="1.0" encoding="ISO-8859-1"?>\n';

test("[LM2] a refusal, a command without an answer and data have the forms of v1", () => {
  assert.equal(
    xmlOf(failure({ code: 422, message: "Unknown VS" })),
    `${head}<Response stat="422" code="fail"><Error>Unknown VS</Error></Response>\n`,
  );
  assert.equal(
    xmlOf(success()),
    `${head}<Response stat="200" code="ok"><Success>Command completed ok</Success></Response>\n`,
  );
  assert.equal(
    xmlOf(success({ message: "done", revision: "1-a" })),
    `${head}<Response stat="200" code="ok"><Success>done</Success></Response>\n`,
  );
  assert.equal(
    xmlOf(
      success({
        VS: [{ Index: 1, Enable: true, InterceptOpts: ["a", "b"], Rs: [{ Port: 80 }, { Port: 81 }] }],
      }),
    ),
    `${head}<Response stat="200" code="ok"><Success><Data><VS><Index>1</Index><Enable>Y</Enable>` +
      "<InterceptOpts><Opt>a</Opt><Opt>b</Opt></InterceptOpts><Rs><Port>80</Port></Rs><Rs><Port>81</Port></Rs></VS></Data></Success></Response>\n",
  );
});

test("[LM2] API keys stand together as key, where scripts look for them", () => {
  assert.equal(
    xmlOf(success({ apikeys: ["one", "two"] })),
    `${head}<Response stat="200" code="ok"><Success><Data><apikeys><key>one</key><key>two</key></apikeys></Data></Success></Response>\n`,
  );
});

test("[LM2] names that are hostile to XML, or in no encoding of one byte, arrive as they are", () => {
  const text = xmlOf(success({ NickName: `<b>&"'é\u0000\ud800😀]]>` }));
  assert.match(
    text,
    /<NickName>&lt;b&gt;&amp;&quot;&apos;&#233;&#65533;&#65533;&#128512;\]\]&gt;<\/NickName>/,
  );
  assert.ok([...text].every((each) => (each.codePointAt(0) ?? 0) < 127));
});

test("[LM2] what is not set is left out, and an empty list too", () => {
  assert.equal(
    xmlOf(success({ a: null, b: undefined, VS: [], c: 0 })),
    `${head}<Response stat="200" code="ok"><Success><Data><c>0</c></Data></Success></Response>\n`,
  );
});

test("[LM2] processors and interfaces of statistics are named by their elements", () => {
  const text = xmlOf(
    success({
      CPU: { total: { User: 1 }, cpu: [{ cpu: 0, User: 2 }] },
      Network: {
        Interface: [
          { Name: "eth0", in: 0.1 },
          { Name: "7@x", in: 0 },
        ],
      },
      Interface: [{ Id: 0 }],
    }),
  );
  assert.match(text, /<CPU><total><User>1<\/User><\/total><cpu0><User>2<\/User><\/cpu0><\/CPU>/);
  assert.match(text, /<Network><eth0><in>0\.1<\/in><\/eth0><Interface><Name>7@x<\/Name>/);
  assert.match(text, /<Interface><Id>0<\/Id><\/Interface>/);
});
