/** Why a notification did not reach its target, and what an operator does about it; secrets and paths of URLs are left out. */
import type { Target } from "./target.ts";

export type DeliveryFault = {
  readonly message: string;
  readonly remedy: string;
  /** It will be the same at the next try. */
  readonly isLasting: boolean;
};

/** `HOST:PORT`: what follows it in a webhook's URL may be meant for its receiver alone. */
export function whereOf({ kind, address }: Pick<Target, "kind" | "address">): string {
  return kind === "webhook" && URL.canParse(address) ? new URL(address).host : address;
}

/** Codes of OpenSSL's verification, as Node names them. */
const untrusted: ReadonlySet<string> = new Set([
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "INVALID_CA",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
const outOfTime: ReadonlySet<string> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/** `error` is what `Deliver` rejected with. */
export function faultOf(target: Target, error: Error): DeliveryFault {
  const where = whereOf(target);
  const { code: ownCode, originalCode } = error as { code?: unknown; originalCode?: unknown };
  // The mail client puts its own code over the one that says what happened.
  const code = String(originalCode ?? ownCode ?? "");
  const lasting = (message: string, remedy: string): DeliveryFault => ({ message, remedy, isLasting: true });
  if (untrusted.has(code))
    return lasting(
      `the certificate of ${where} is not signed by an authority that is trusted here (${code})`,
      "nothing was sent; give the certificate of its authority to the target (certificateAuthority, --ca-file), or a certificate of a known authority to the server",
    );
  if (outOfTime.has(code))
    return lasting(
      `the certificate of ${where} is not valid at this time (${code})`,
      "nothing was sent; renew the certificate, or set the clock of this unit",
    );
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return lasting(
      `the certificate of ${where} is for another name`,
      "nothing was sent; use a name that the certificate holds as address, or give the server a certificate for this one",
    );
  if (code === "ETLS")
    return lasting(
      `${where} does not go over to TLS (${error.message})`,
      "nothing was sent; use security tls with the port for it, or turn STARTTLS on in the server",
    );
  if (code.startsWith("ERR_SSL"))
    return lasting(
      `${where} does not speak TLS there`,
      target.kind === "email"
        ? "nothing was sent; look at the port, or use security starttls"
        : "nothing was sent; look at the port",
    );
  if (code === "EAUTH")
    return lasting(
      `${where} refuses user and password (${error.message})`,
      "give the user and password that it knows to the target",
    );
  if (code === "EENVELOPE")
    return lasting(
      `${where} refuses the sender or a receiver (${error.message})`,
      "look at from and to of the target",
    );
  return {
    message: error.message,
    remedy: `see that ${where} runs and that this unit reaches it, then send it a test`,
    isLasting: false,
  };
}
