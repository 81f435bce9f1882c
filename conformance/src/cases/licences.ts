/**
 * Licences. No Central is there that could grant one: what one answers is looked at in the unit's own tests. Nothing here
 * ends a licence, since the suite is also run against units that have one.
 */
import { type Area, type Case, data, refused, type Value } from "../case.ts";

const activation = "API 3.5";
/** Nobody listens there. */
const nobody = { aslhost: "$server", aslport: "$rsPort9" };

const refusedCall = (
  command: string,
  name: string,
  given: { readonly [name: string]: Value },
  code: number,
  message: RegExp,
): Case => ({
  name: `${command} ${name}`,
  from: activation,
  ask: { command, with: given },
  expect: refused(code, message),
});

const known = (command: string, from: string): Case => ({
  name: `the command ${command}`,
  from,
  ask: { command },
  expect: { is: "known" },
});

export const licences: Area = {
  name: "licences",
  cases: [
    {
      name: "what is known of the licence",
      from: "API 3.3.5",
      ask: { command: "licenseinfo" },
      expect: data({ uuid: /^\S+$/, LicenseStatus: /./ }),
    },
    {
      name: "what the unit is known by",
      from: "API 3.19",
      ask: { command: "accesskey" },
      expect: data({ AccessKey: /^\S+$/ }),
    },
    known("getaslinfo", activation),
    refusedCall("aslgetlicensetypes", "without a host", {}, 400, /aslhost: String Value missing/),
    refusedCall("aslgetlicensetypes", "at a host that does not answer", nobody, 422, /./),
    refusedCall(
      "aslgetlicensetypes",
      "by the names of older versions",
      {
        aslipaddr: "$server",
        aslport: "$rsPort9",
      },
      422,
      /does not answer/,
    ),
    refusedCall(
      "aslgetlicensetypes",
      "at a port that cannot be",
      { aslhost: "$server", aslport: 70_000 },
      422,
      /^aslport: /,
    ),
    refusedCall("aslgetlicensetypes", "at a host with a blank", { aslhost: "a b" }, 422, /^aslhost: /),
    refusedCall(
      "aslgetlicensetypes",
      "with a fingerprint that is none",
      { ...nobody, aslfingerprint: "12" },
      422,
      /^aslfingerprint: /,
    ),
    refusedCall("aslactivate", "without a type", {}, 400, /String Value missing/),
    refusedCall(
      "aslactivate",
      "with a type and nobody to ask",
      { lic_type_id: "local", ...nobody },
      422,
      /./,
    ),
    refusedCall(
      "aslactivate",
      "by the other name of the type",
      { licensetypeid: "local", ...nobody },
      422,
      /does not answer/,
    ),
    refusedCall(
      "aslactivate",
      "with a port and no host",
      { lic_type_id: "local", aslport: 8443 },
      400,
      /^aslhost: /,
    ),
    known("readeula", "API 3.4.1"),
    known("accepteula", "API 3.4.2"),
    known("accepteula2", "API 3.4.3"),
    known("alsilicensetypes", "API 3.4.4"),
    known("alsilicense", "API 3.4.5"),
    known("license", "API 3.4.5"),
  ],
};
