/** Certificates of services in the shared content: pure changes, and how they are shown. Private keys are never shown. */
import type { X509Certificate } from "node:crypto";
import { err, ok, type Result } from "@tandem/base/result";
import {
  certificatesMax,
  certificatesTotalMaxChars,
  intermediatesMax,
} from "@tandem/loadmaster-api/certificate-parameters";
import type { Failure } from "@tandem/loadmaster-api/envelope";
import type { CertificateView } from "@tandem/loadmaster-api/views";
import { rootlessService } from "../services/client-tls.ts";
import type { SharedContent, StoredCertificate, StoredIntermediate } from "../state/document.ts";
import { certificatesIn } from "./upload.ts";

const usersToldMax = 20;

type Next = Result<SharedContent, Failure>;
const refuse = (message: string): Result<never, Failure> => err({ code: 422, message });

/** Adds it, or with `replace` puts it in the place of the one with its name. */
export function withCertificate(shared: SharedContent, added: StoredCertificate, replace: boolean): Next {
  const { certificates = [] } = shared;
  const isThere = certificates.some(({ name }) => name === added.name);
  if (isThere && !replace)
    return refuse(
      `cert: there is a certificate "${added.name}" already; set replace to 1 to replace it, or choose another name`,
    );
  if (!isThere && replace)
    return refuse(
      `cert: there is no certificate "${added.name}" to replace (Identifier has been deleted); set replace to 0 to add it`,
    );
  if (!isThere && certificates.length >= certificatesMax)
    return refuse(`cert: there are ${certificatesMax} certificates already; remove one with delcert`);
  return bounded({ ...shared, certificates: withNamed(certificates, added) });
}

export function withoutCertificate(shared: SharedContent, name: string): Next {
  const { certificates = [], ...others } = shared;
  const found = certificateNamed(shared, name);
  if (!found.ok) return found;
  const users = shared.services
    .filter(({ tls }) => tls?.certificates.includes(name))
    .map(({ index }) => index);
  if (users.length > 0)
    return refuse(
      `cert: "${name}" is used by virtual service ${users.slice(0, usersToldMax).join(", ")}; take it out of CertFile there, then remove it`,
    );
  const rest = certificates.filter((each) => each.name !== name);
  return ok(rest.length === 0 ? others : { ...others, certificates: rest });
}

export function withIntermediates(shared: SharedContent, added: StoredIntermediate, replace = false): Next {
  const { intermediates = [] } = shared;
  const isThere = intermediates.some(({ name }) => name === added.name);
  if (isThere && replace) return bounded({ ...shared, intermediates: withNamed(intermediates, added) });
  if (isThere)
    return refuse(
      `cert: there is an intermediate certificate "${added.name}" already; remove it with delintermediate, or choose another name`,
    );
  if (intermediates.length >= intermediatesMax)
    return refuse(
      `cert: there are ${intermediatesMax} intermediate certificates already; remove one with delintermediate`,
    );
  return bounded({ ...shared, intermediates: withNamed(intermediates, added) });
}

export function withoutIntermediates(shared: SharedContent, name: string): Next {
  const { intermediates = [], ...others } = shared;
  const found = intermediatesNamed(shared, name);
  if (!found.ok) return found;
  const user = shared.services.find(({ tls }) => tls?.authorities?.includes(name));
  if (user !== undefined)
    return refuse(
      `cert: "${name}" is used by virtual service ${user.index}; take it out of IntermediateCerts there, then remove it`,
    );
  const rest = intermediates.filter((each) => each.name !== name);
  const next = rest.length === 0 ? others : { ...others, intermediates: rest };
  const rootless = rootlessService(next);
  return rootless === undefined
    ? ok(next)
    : refuse(
        `cert: clients of virtual service ${rootless} need certificates, and without "${name}" it would know no authority of theirs; set ClientCert 0 there, then remove it`,
      );
}

export function certificateNamed(shared: SharedContent, name: string): Result<StoredCertificate, Failure> {
  const found = shared.certificates?.find((each) => each.name === name);
  return found === undefined
    ? refuse(`cert: there is no certificate "${name}"; listcert shows which there are`)
    : ok(found);
}

export function intermediatesNamed(shared: SharedContent, name: string): Result<StoredIntermediate, Failure> {
  const found = shared.intermediates?.find((each) => each.name === name);
  return found === undefined
    ? refuse(`cert: there is no intermediate certificate "${name}"; listintermediate shows which there are`)
    : ok(found);
}

/** PEM of the whole chain, or the first certificate in DER, in base64. */
export function certificateText({ chain }: { readonly chain: string }, outform: string | undefined): string {
  const [first] = certificatesIn(chain);
  return outform === "DER" && first !== undefined ? first.raw.toString("base64") : chain;
}

export function certificateView({
  name,
  chain,
}: {
  readonly name: string;
  readonly chain: string;
}): CertificateView[] {
  const [first] = certificatesIn(chain);
  return first === undefined ? [] : [{ name, ...keyView(first) }];
}

function keyView({ publicKey }: X509Certificate) {
  return publicKey.asymmetricKeyType === "rsa"
    ? ({
        type: "RSA",
        modulus: Buffer.from(publicKey.export({ format: "jwk" }).n ?? "", "base64url")
          .toString("hex")
          .toUpperCase(),
      } as const)
    : ({
        type: "ECC",
        publickey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
      } as const);
}

/** In the order of their names, so that equal contents have equal digests. */
const withNamed = <Named extends { readonly name: string }>(
  all: readonly Named[],
  added: Named,
): [Named, ...Named[]] =>
  [...all.filter(({ name }) => name !== added.name), added].sort((a, b) => (a.name < b.name ? -1 : 1)) as [
    Named,
    ...Named[],
  ];

function bounded(shared: SharedContent): Next {
  const { certificates = [], intermediates = [] } = shared;
  const total =
    certificates.reduce((sum, { chain, key }) => sum + chain.length + key.length, 0) +
    intermediates.reduce((sum, { chain }) => sum + chain.length, 0);
  return total <= certificatesTotalMaxChars
    ? ok(shared)
    : refuse(
        `data: all certificates and keys together would have ${total} characters; allowed are ${certificatesTotalMaxChars}, remove what is not used`,
      );
}
