/** Backups and certificates that are kept elsewhere and brought back. */
import { type Area, type Case, type Command, data, type Expected, refused } from "../case.ts";

const restoredWords: Expected = { is: "done", words: /^Command completed ok/ };
const file: Expected = { is: "file" };
const notice = "conformance kept";

const renamed = (NickName: string): Command => ({ command: "modvs", with: { vs: "$bare", NickName } });
const saved = (more: Command["with"] = {}): Command => ({
  command: "backup",
  with: more,
  keep: { backup64: "data" },
});
const restore = (type: number | string, more: Command["with"] = {}): Command => ({
  command: "restore",
  with: { type, data: "$backup64", ...more },
});

const addedSite: Command = { command: "addcert", with: { cert: "conformance-a", data: "$site64" } };
const goneSite: Command = { command: "delcert", with: { cert: "conformance-a" } };
const addedAbove: Command = {
  command: "addintermediate",
  with: { cert: "conformance-ca", data: "$authority64" },
};
const goneAbove: Command = { command: "delintermediate", with: { cert: "conformance-ca" } };
const savedCertificates: Command = {
  command: "backupcert",
  with: { password: "Conformance1" },
  keep: { certificates64: "data" },
};
const restorecert = (type: string, more: Command["with"] = {}): Command => ({
  command: "restorecert",
  with: { password: "Conformance1", type, data: "$certificates64", ...more },
});

const refusesRestore = (name: string, ask: Command, code = 422, message?: RegExp): Case => ({
  name,
  from: "API 3.19.5",
  given: [saved()],
  ask,
  expect: refused(code, message),
});

const refusesCertificates = (name: string, ask: Command, code = 422, message?: RegExp): Case => ({
  name,
  from: "API 3.12.1",
  given: [savedCertificates],
  ask,
  expect: refused(code, message),
});

const isNamed = (NickName: string): Pick<Case, "next"> => ({
  next: [{ ask: { command: "showvs", with: { vs: "$bare" } }, expect: data({ NickName }) }],
});

export const keeping: Area = {
  name: "keeping",
  cases: [
    { name: "a backup is a file", from: "API 3.19.5", ask: { command: "backup" }, expect: file },
    {
      name: "a backup under a pass phrase is a file",
      from: "of ours",
      ask: { command: "backup", with: { password: "a long phrase" } },
      expect: file,
    },
    ...["short", "x".repeat(65)].map(
      (password): Case => ({
        name: `a backup under a pass phrase of ${password.length} characters`,
        from: "of ours",
        ask: { command: "backup", with: { password } },
        expect: refused(422, /^password: /),
      }),
    ),
    ...[2, 3, "2"].map(
      (type): Case => ({
        name: `restore of type ${JSON.stringify(type)} brings the services back`,
        from: "API 3.19.5",
        given: [renamed(notice), saved(), renamed("another")],
        ask: restore(type),
        expect: restoredWords,
        ...isNamed(notice),
        after: [renamed("")],
      }),
    ),
    {
      name: "restore of type 1 leaves the services alone",
      from: "API 3.19.5",
      given: [renamed(notice), saved(), renamed("another")],
      ask: restore(1),
      expect: restoredWords,
      ...isNamed("another"),
      after: [renamed("")],
    },
    {
      name: "an encrypted backup is restored with its pass phrase",
      from: "of ours",
      given: [renamed(notice), saved({ password: "a long phrase" }), renamed("another")],
      ask: restore(2, { password: "a long phrase" }),
      expect: restoredWords,
      ...isNamed(notice),
      after: [renamed("")],
    },
    {
      name: "a certificate comes back with an encrypted backup",
      from: "of ours",
      given: [addedSite, saved({ password: "a long phrase" }), goneSite],
      ask: restore(2, { password: "a long phrase" }),
      expect: restoredWords,
      next: [
        {
          ask: { command: "readcert", with: { cert: "conformance-a" } },
          expect: data({ certificate: /^-----BEGIN CERTIFICATE-----/ }),
        },
      ],
      after: [goneSite],
    },
    {
      name: "an encrypted backup with another pass phrase",
      from: "of ours",
      given: [saved({ password: "a long phrase" })],
      ask: restore(2, { password: "another phrase" }),
      expect: refused(422, /^password: /),
    },
    {
      name: "an encrypted backup without its pass phrase",
      from: "of ours",
      given: [saved({ password: "a long phrase" })],
      ask: restore(2),
      expect: refused(422, /^password: /),
    },
    ...[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((type) =>
      refusesRestore(`restore of type ${type}, of what is not here`, restore(type), 422, /^type: /),
    ),
    ...[0, 16, -1, "vs", "1.5"].map((type) =>
      refusesRestore(`restore of type ${JSON.stringify(type)}`, restore(type), 422, /^type: /),
    ),
    refusesRestore(
      "restore without a type",
      { command: "restore", with: { data: "$backup64" } },
      400,
      /^type: /,
    ),
    {
      ...refusesRestore(
        "v2: restore without a file",
        { command: "restore", with: { type: 2 } },
        400,
        /^data: /,
      ),
      versions: [2],
    },
    {
      ...refusesRestore(
        "v1: restore of an empty file",
        { command: "restore", with: { type: 2, data: "" } },
        400,
        /^data: /,
      ),
      versions: [1],
    },
    ...["$noPem64", "$site64", "e30=", "bnVsbA==", "W10=", "UEsDBA=="].map((given) =>
      refusesRestore(`restore of what is no backup (${given})`, restore(2, { data: given }), 422, /^data: /),
    ),
    {
      name: "v1: the file as the body of a POST",
      from: "API 3.19.5, curl --data-binary",
      versions: [1],
      given: [saved()],
      ask: restore(2),
      expect: restoredWords,
    },
    {
      name: "backupcert is a file",
      from: "API 3.12.1",
      ask: { command: "backupcert", with: { password: "Conformance1" } },
      expect: file,
    },
    ...["Six123", "x".repeat(65), "with blank", "umläute1", ""].map(
      (password): Case => ({
        name: `backupcert with the pass phrase ${JSON.stringify(password.slice(0, 20))}`,
        from: "API 3.12.1",
        ask: { command: "backupcert", with: { password } },
        expect: refused(422, /^password: /),
      }),
    ),
    {
      name: "backupcert without a pass phrase",
      from: "API 3.12.1",
      ask: { command: "backupcert" },
      expect: refused(400, /^password: /),
    },
    ...["full", "vs"].map(
      (type): Case => ({
        name: `restorecert of ${type} brings a certificate back`,
        from: "API 3.12.1",
        given: [addedSite, savedCertificates, goneSite],
        ask: restorecert(type),
        expect: restoredWords,
        next: [{ ask: { command: "readcert", with: { cert: "conformance-a" } }, expect: data() }],
        after: [goneSite],
      }),
    ),
    ...["full", "third"].map(
      (type): Case => ({
        name: `restorecert of ${type} brings an intermediate back`,
        from: "API 3.12.1",
        given: [addedAbove, savedCertificates, goneAbove],
        ask: restorecert(type),
        expect: restoredWords,
        next: [{ ask: { command: "readintermediate", with: { cert: "conformance-ca" } }, expect: data() }],
        after: [goneAbove],
      }),
    ),
    ...[1, "Y", true].map(
      (replace): Case => ({
        name: `restorecert with replace = ${JSON.stringify(replace)}`,
        from: "API 3.12.1",
        given: [addedSite, savedCertificates],
        ask: restorecert("full", { replace }),
        expect: restoredWords,
        after: [goneSite],
      }),
    ),
    {
      name: "restorecert without replace leaves what is there",
      from: "API 3.12.1",
      given: [addedSite, savedCertificates],
      ask: restorecert("full", { replace: 0 }),
      expect: { is: "done", words: /left as they are.*conformance-a/ },
      after: [goneSite],
    },
    ...["FULL", "Full", "both", "1"].map((type) =>
      refusesCertificates(`restorecert of ${type}`, restorecert(type), 422, /^type: /),
    ),
    refusesCertificates(
      "restorecert without a type",
      { command: "restorecert", with: { password: "Conformance1", data: "$certificates64" } },
      400,
      /^type: /,
    ),
    refusesCertificates(
      "restorecert with another pass phrase",
      restorecert("full", { password: "Conformance2" }),
      422,
      /^password: /,
    ),
    refusesCertificates(
      "restorecert of what is no such file",
      restorecert("full", { data: "$site64" }),
      422,
      /^data: /,
    ),
  ],
};
