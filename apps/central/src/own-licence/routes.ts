/** Central's own licence over the API. */
import type { LicenceIssuer, OwnLicence as OwnLicenceAnswer } from "@tandem/central-api/own-licence";
import { routes } from "@tandem/central-api/routes";
import { keyIdOf } from "@tandem/signed-documents/keys";
import type { RouteRegistry } from "../api/route-registry.ts";
import { orRefuse } from "../refusal.ts";
import type { Issuer } from "./licence-files.ts";
import type { ImportGuard, OwnLicence } from "./own-licence.ts";

/** `guard`: what the activation server has against a licence. */
export function registerOwnLicenceRoutes(
  { route }: RouteRegistry,
  own: OwnLicence,
  unit: string,
  guard: ImportGuard,
): void {
  route(routes.ownLicence, () => shown(own, unit));
  route(routes.importLicence, async ({ body }, { caller }) => {
    const { licence, replaceNewer = false } = body;
    orRefuse(await own.import(licence, guard, { author: caller.author, replaceNewer }));
    return shown(own, unit);
  });
  route(routes.listLicenceIssuers, () => ({ issuers: own.issuers.map(issuerShown) }));
  route(routes.trustLicenceIssuer, async ({ body }, { caller }) =>
    issuerShown(orRefuse(await own.trust(body, caller.author))),
  );
  route(routes.distrustLicenceIssuer, async ({ params }, { caller }) =>
    issuerShown(orRefuse(await own.distrust(params.id, caller.author), 404)),
  );
}

const moment = (at: number): string => new Date(at).toISOString();

const issuerShown = ({ key, name, trustedAt }: Issuer): LicenceIssuer => ({
  id: keyIdOf(key),
  key,
  name,
  trustedAt: moment(trustedAt),
});

function shown(own: OwnLicence, unit: string): OwnLicenceAnswer {
  const current = own.current();
  const { state, licence } = current;
  const { signedBy } = own;
  return {
    unit,
    state,
    message: current.state === "valid" ? null : current.message,
    licence:
      licence === null
        ? null
        : {
            ...licence,
            issuedAt: moment(licence.issuedAt),
            notBefore: moment(licence.notBefore),
            expiresAt: moment(licence.expiresAt),
          },
    signedBy: signedBy === null ? null : { id: keyIdOf(signedBy), name: own.issuerName(signedBy) },
    alarm: own.alarm(),
    settings: own.flags(),
    licensingKey: own.key.publicKey,
  };
}
