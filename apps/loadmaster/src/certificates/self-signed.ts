/**
 * The certificate that a service shows which ends TLS and was given none, as on real units. It is made once and shared by
 * the pair, so that it stays the same over a failover. No authority signed it, and no listing shows it.
 */
import { selfSignedFor } from "@tandem/peer-link/identity";
import type { SharedContent } from "../state/document.ts";

const commonName = "self-signed.loadmaster.invalid";

/** Of a virtual service: it ends TLS and has no certificate. */
const showsSelfSigned = ({ tls }: SharedContent["services"][number]): boolean =>
  tls?.offload === true && tls.certificates.length === 0;

/**
 * What puts one into a content whose services need it and that has none, made beforehand if `next` does, since it takes
 * a while.
 */
export async function selfSignedWhere(
  present: SharedContent,
  next: SharedContent,
): Promise<(shared: SharedContent) => SharedContent> {
  const isNeeded = present.selfSigned === undefined && next.services.some(showsSelfSigned);
  const made = present.selfSigned ?? (isNeeded ? await newSelfSigned() : undefined);
  return (shared) =>
    made !== undefined && shared.selfSigned === undefined && shared.services.some(showsSelfSigned)
      ? { ...shared, selfSigned: made }
      : shared;
}

async function newSelfSigned(): Promise<NonNullable<SharedContent["selfSigned"]>> {
  const { certificatePem, privateKeyPem } = await selfSignedFor({ commonName, addresses: [] });
  return { chain: `${certificatePem.trim()}\n`, key: privateKeyPem };
}
