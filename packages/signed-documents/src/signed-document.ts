/** Signed JSON: compact JWS (RFC 7515) with `alg: EdDSA` (RFC 8037), told apart by `typ` (RFC 8725 §3.11). */
import { err, ok, type Result } from "@tandem/base/result";
import type { Static, TSchema } from "@tandem/base/schema";
import { schemaFaults } from "@tandem/base/schema-faults";
import { CompactSign, compactVerify, decodeProtectedHeader } from "jose";
import { type PublicKeyText, publicKeyFrom, type SigningKey } from "./keys.ts";

/** A longer text is not looked at. */
export const documentMaxCharacters = 16_384;

/** What may be wrong with a document; none of these texts repeats what it holds. */
export type DocumentFault = {
  readonly code: /** Cut short, altered in its frame, or something else altogether. */
    | "not-a-document"
    /** A document of another kind. */
    | "wrong-type"
    /** Signed by a key that is not among the expected ones. */
    | "unknown-key"
    | "signature-wrong"
    /** Truly signed, and its claims are not what this version reads. */
    | "claims-wrong";
  readonly message: string;
};

export type ReadDocument<Claims> = { readonly claims: Claims; readonly key: PublicKeyText };

/** `claims` are JSON. The header names the public key, so that a reader can tell a foreign key from a forged signature. */
export function signDocument(type: string, claims: object, key: SigningKey): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({
      alg: "EdDSA",
      typ: type,
      jwk: { kty: "OKP", crv: "Ed25519", x: key.publicKey },
    })
    .sign(key.privateKey);
}

const fault = (code: DocumentFault["code"], message: string): Result<never, DocumentFault> =>
  err({ code, message });

/** `keys`: the public keys that may have signed it; `any`: whoever did, and the caller judges `key`. */
export async function readDocument<Schema extends TSchema>(
  text: string,
  expected: {
    readonly type: string;
    readonly schema: Schema;
    readonly keys: readonly PublicKeyText[] | "any";
  },
): Promise<Result<ReadDocument<Static<Schema>>, DocumentFault>> {
  const { type, schema, keys } = expected;
  const header = headerOf(text);
  if (header === undefined) return fault("not-a-document", "it is cut short, or no signed document at all");
  if (header.type !== type)
    return fault("wrong-type", `it is of the kind "${header.type}", and "${type}" was expected`);
  if (keys !== "any" && !keys.includes(header.key))
    return fault("unknown-key", `it is signed by the key ${header.key}, which is not known here`);
  try {
    const { payload } = await compactVerify(text, publicKeyFrom(header.key), { algorithms: ["EdDSA"] });
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
    const [wrong] = schemaFaults(schema, claims, { whole: "the document" });
    if (wrong !== undefined) return fault("claims-wrong", `${wrong.field}: ${wrong.message}`);
    return ok({ claims: claims as Static<Schema>, key: header.key });
  } catch {
    return fault("signature-wrong", "its signature does not fit what it says: it was altered or forged");
  }
}

function headerOf(text: string): { readonly type: string; readonly key: PublicKeyText } | undefined {
  if (text.length > documentMaxCharacters || text.split(".").length !== 3) return undefined;
  try {
    const { alg, typ, jwk } = decodeProtectedHeader(text);
    if (alg !== "EdDSA" || jwk?.kty !== "OKP" || jwk.crv !== "Ed25519") return undefined;
    return { type: String(typ).slice(0, 64), key: String(jwk.x).slice(0, 64) };
  } catch {
    return undefined;
  }
}
