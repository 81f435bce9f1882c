/** Licences over the API: what LoadMasters ask, authenticated by their signatures, and what operators do. */

import type { World } from "@tandem/base/world";
import { routes } from "@tandem/central-api/routes";
import type { ActivationRefusal, LicenceRequest } from "@tandem/licensing/wire";
import type { SigningKey } from "@tandem/signed-documents/keys";
import type { RouteRegistry } from "../api/route-registry.ts";
import { Refusal, type RefusalStatus } from "../refusal.ts";
import { readGrant, readRequest, signCheck, signGrant } from "./documents.ts";
import type { ActivationFault } from "./licensing.ts";
import { changeRules, rulesOf } from "./rules.ts";
import { type LicensingParts, licensedUnits, overviewOf } from "./views.ts";

export function registerLicensingRoutes(
  { route }: RouteRegistry,
  parts: LicensingParts,
  key: SigningKey,
  world: Pick<World, "wall">,
): void {
  const { licensing, centrals, own } = parts;
  route(routes.licenceTypes, () => ({
    central: centrals.self.unit,
    name: centrals.self.name,
    types: [...licensing.types()],
  }));
  route(routes.activateLicence, async ({ body }, { reply, request: { ip } }) => {
    const request = await readRequest(body.request, "activate");
    const activated = await licensing.activate(request, body.management, ip);
    if (!activated.ok) {
      const { retryAfterMs } = activated.error;
      if (retryAfterMs !== null) reply.header("retry-after", Math.ceil(retryAfterMs / 1_000));
      throw refusalOf(activated.error, request);
    }
    const holder = own.current().licence?.holder ?? "";
    return { grant: await signGrant(activated.value, holder, centrals, key) };
  });
  route(routes.checkLicence, async ({ body }) => {
    const request = await readRequest(body.request, "check");
    const { grant, isOwn } = await readGrant(body.grant, request, key);
    const checked = await licensing.check(request, grant, isOwn);
    return { check: await signCheck(request, checked, world.wall(), centrals, key) };
  });
  route(routes.releaseLicence, async ({ body }) => ({
    released: await licensing.release(await readRequest(body.request, "release")),
  }));

  route(routes.licensingOverview, () => overviewOf(parts));
  route(routes.listLicensedUnits, () => ({ units: [...licensedUnits(parts)] }));
  route(routes.recoverLicence, async ({ params }, { caller }) => {
    const recovered = await licensing.recover(params.unit, caller.author);
    if (recovered === null)
      throw new Refusal(404, {
        code: "licence-unknown",
        field: "unit",
        value: params.unit,
        message: `neither Central of the pair licenses a LoadMaster ${params.unit} now`,
        remedy: "read the list of licensed LoadMasters",
      });
    return { unit: params.unit, acknowledged: recovered };
  });
  route(routes.licensingRules, () => rulesOf(parts.pair));
  route(routes.changeLicensingRules, ({ body, tag }, { caller }) =>
    changeRules(parts.pair, body.activation, tag, caller.author),
  );
  route(routes.moveLicenceShare, async ({ body }) => {
    const { kind, amount } = body;
    const usage = licensing.usage(kind);
    if (usage === null)
      throw new Refusal(409, {
        code: "type-not-licensed",
        field: "kind",
        value: kind,
        message: `this Central is not licensed for "${kind}"`,
        remedy: "import a licence that allows it",
      });
    const moved = await licensing.moveShare(kind, amount);
    if (moved === null)
      throw new Refusal(503, {
        code: "peer-unreachable",
        field: "amount",
        value: amount,
        message: "the other Central, which has the rest of the share, did not answer",
        remedy:
          "try again when the pair is connected; if the other Central is gone for good, remove it from the pair",
      });
    return { moved, share: licensing.usage(kind)?.of(centrals.self.unit).share ?? 0 };
  });
}

const statusOf: { readonly [code in ActivationRefusal]?: RefusalStatus } = {
  "too-often": 429,
  "not-allowed": 403,
  "not-entitled": 503,
  "central-licence-invalid": 503,
};

function refusalOf(fault: ActivationFault, request: LicenceRequest): Refusal {
  const { code, message, remedy } = fault;
  return new Refusal(statusOf[code] ?? 409, { code, ...aboutOf(fault, request), message, remedy });
}

/** Which member of the request a refusal is about. */
function aboutOf({ code, lastNumber }: ActivationFault, { address, type }: LicenceRequest) {
  switch (code) {
    case "number-not-greater":
      return { field: "number", value: lastNumber };
    case "not-allowed":
      return { field: "address", value: address };
    default:
      return { field: "type", value: type ?? "" };
  }
}
