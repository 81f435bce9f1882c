/**
 * Names of things. All are plain strings on the wire; the types keep them from being mixed.
 * Nothing here makes random ones: entropy is an input of cores and comes from shells.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]?: Name };

/** One installation of Central or LoadMaster: 16 hexadecimal digits, the beginning of its public key's SHA-256. */
export type UnitId = Branded<"UnitId">;
/** Made at the first initial synchronisation of two Centrals: 32 hexadecimal digits. */
export type PairId = Branded<"PairId">;
/** One process lifetime of a writer: 16 hexadecimal digits of entropy. */
export type Incarnation = Branded<"Incarnation">;
/** SHA-256 of a public key in DER (SubjectPublicKeyInfo): 64 hexadecimal digits. */
export type Fingerprint = Branded<"Fingerprint">;

/** The unit id that belongs to a fingerprint. */
export const unitIdOf = (fingerprint: Fingerprint): UnitId => fingerprint.slice(0, 16);
