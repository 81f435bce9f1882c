/** Ed25519 keys (RFC 8037) of those who sign licences: issuers, Centrals, LoadMasters. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { sha256Hex } from "@tandem/base/digest";

/** The 32 bytes of a public key, base64url: the member `x` of its JWK. */
export type PublicKeyText = string;
export type SigningKey = { readonly privateKey: KeyObject; readonly publicKey: PublicKeyText };

/** A new private key as PKCS#8 PEM. */
export const newSigningKeyPem = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;

/** Throws where the PEM holds no Ed25519 private key. */
export function signingKeyFrom(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== "ed25519") throw new Error("this is not an Ed25519 private key");
  return { privateKey, publicKey: createPublicKey(privateKey).export({ format: "jwk" }).x as string };
}

/** Throws where the text is no public key. */
export const publicKeyFrom = (x: PublicKeyText): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });

/** What a key's owner is known by: the first 16 hexadecimal digits of the SHA-256 of the key's 32 bytes. */
export const keyIdOf = (x: PublicKeyText): string => sha256Hex(Buffer.from(x, "base64url")).slice(0, 16);
