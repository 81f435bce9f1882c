/** The commands about licences. */

import { err, ok, type Result } from "@tandem/base/result";
import type { LicenceFault, Outcome } from "@tandem/licensing/unit-licence";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import {
  centralPortDefault,
  type LicenceCommandName,
  type OfferedLicences,
} from "@tandem/loadmaster-api/licence-commands";
import { managementUser } from "@tandem/loadmaster-api/user-parameters";
import { findUser } from "../access/users.ts";
import type { Handlers } from "../api/dispatch.ts";
import type { Unit } from "../unit.ts";
import type { CentralAsked } from "./unit-licensing.ts";

/** As an answer says it. */
export const licenceFailure = ({ message, remedy }: LicenceFault): Failure => ({
  code: 422,
  message: remedy === "" ? message : `${message}; ${remedy}`,
});

const answered = (outcome: Outcome): Result<object, Failure> =>
  outcome.ok ? ok({ message: outcome.words }) : err(licenceFailure(outcome.fault));

/** As LoadMasters write it, word for word; a number that is not limited is left out. */
const categories = ({ name, types }: OfferedLicences): string =>
  JSON.stringify({
    categories: [
      {
        description: `Licenses from ${name}`,
        licenseTypes: types.map(({ id, name: type, available }) => ({
          id,
          name: type,
          description: type,
          ...(available === null ? {} : { available }),
        })),
      },
    ],
  });

const asked = (
  host: string,
  { aslport, aslfingerprint }: { readonly aslport?: number; readonly aslfingerprint?: string },
): CentralAsked => ({ host, port: aslport ?? centralPortDefault, fingerprint: aslfingerprint });

export function licenceHandlers(unit: Unit): Pick<Handlers, LicenceCommandName> {
  const { licensing } = unit;
  return {
    async aslgetlicensetypes({ aslhost, ...more }) {
      const offered = await licensing.types(asked(aslhost, more));
      return offered.ok
        ? ok({ message: categories(offered.value), offered: offered.value })
        : err(licenceFailure(offered.error));
    },
    async aslactivate({ lic_type_id, aslhost, ...more }, caller) {
      if (findUser(unit.document.unit, managementUser).ok)
        return err({
          code: 422,
          message: `there is a local user ${managementUser}, which is the name of the Central's account; remove this user first (userdellocal)`,
        });
      if (aslhost === undefined && (more.aslport !== undefined || more.aslfingerprint !== undefined))
        return err({ code: 400, message: "aslhost: String Value missing" });
      unit.tell("licence-asked", caller, { type: lic_type_id });
      return answered(
        await licensing.activate(lic_type_id, aslhost === undefined ? undefined : asked(aslhost, more)),
      );
    },
    async killaslinstance({ force }, caller) {
      unit.tell("licence-release-asked", caller, { force: force === true });
      return answered(await licensing.release(force === true));
    },
    licensecheck: async () => answered(await licensing.check()),
    async getaslinfo() {
      const { centrals, type } = licensing.view;
      const holder = centrals.find((each) => each.isHolder);
      return holder === undefined
        ? err({
            code: 422,
            message: "getaslinfo: no Central has licensed this unit; aslactivate asks one",
          })
        : ok({
            aslhost: holder.host ?? "",
            aslport: holder.port,
            aslfingerprint: holder.fingerprint ?? "",
            aslname: holder.name,
            lic_type_id: type ?? "",
          });
    },
    licenseinfo: async () => ok(licensing.view),
    accesskey: async () => ok({ AccessKey: licensing.id }),
  };
}
