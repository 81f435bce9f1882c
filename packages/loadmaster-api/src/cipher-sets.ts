/**
 * Ciphers of TLS as OpenSSL names them, and the sets of them that every unit has. Their names are those of real units;
 * ciphers that OpenSSL 3 has no more (RC4, 3DES, export grade) are in none of them, nor is any without encryption.
 */
import type { Parameter } from "./parameters.ts";

export const customSetsMax = 100;

const suites = (list: string): readonly string[] => list.trim().split(/\s+/);

/** What a set may hold: everything for TLS 1.2 and older that encrypts and authenticates with a certificate. */
export const supportedCiphers: ReadonlySet<string> = new Set(
  suites(`
ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 DHE-DSS-AES256-GCM-SHA384 DHE-RSA-AES256-GCM-SHA384
ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305 DHE-RSA-CHACHA20-POLY1305
ECDHE-ECDSA-AES256-CCM8 ECDHE-ECDSA-AES256-CCM DHE-RSA-AES256-CCM8 DHE-RSA-AES256-CCM
ECDHE-ECDSA-ARIA256-GCM-SHA384 ECDHE-ARIA256-GCM-SHA384 DHE-DSS-ARIA256-GCM-SHA384 DHE-RSA-ARIA256-GCM-SHA384
ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 DHE-DSS-AES128-GCM-SHA256 DHE-RSA-AES128-GCM-SHA256
ECDHE-ECDSA-AES128-CCM8 ECDHE-ECDSA-AES128-CCM DHE-RSA-AES128-CCM8 DHE-RSA-AES128-CCM
ECDHE-ECDSA-ARIA128-GCM-SHA256 ECDHE-ARIA128-GCM-SHA256 DHE-DSS-ARIA128-GCM-SHA256 DHE-RSA-ARIA128-GCM-SHA256
ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384 DHE-RSA-AES256-SHA256 DHE-DSS-AES256-SHA256
ECDHE-ECDSA-CAMELLIA256-SHA384 ECDHE-RSA-CAMELLIA256-SHA384 DHE-RSA-CAMELLIA256-SHA256 DHE-DSS-CAMELLIA256-SHA256
ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256 DHE-RSA-AES128-SHA256 DHE-DSS-AES128-SHA256
ECDHE-ECDSA-CAMELLIA128-SHA256 ECDHE-RSA-CAMELLIA128-SHA256 DHE-RSA-CAMELLIA128-SHA256 DHE-DSS-CAMELLIA128-SHA256
ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA DHE-RSA-AES256-SHA DHE-DSS-AES256-SHA
DHE-RSA-CAMELLIA256-SHA DHE-DSS-CAMELLIA256-SHA ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA
DHE-RSA-AES128-SHA DHE-DSS-AES128-SHA DHE-RSA-CAMELLIA128-SHA DHE-DSS-CAMELLIA128-SHA
AES256-GCM-SHA384 AES256-CCM8 AES256-CCM ARIA256-GCM-SHA384 AES128-GCM-SHA256 AES128-CCM8 AES128-CCM
ARIA128-GCM-SHA256 AES256-SHA256 CAMELLIA256-SHA256 AES128-SHA256 CAMELLIA128-SHA256
AES256-SHA CAMELLIA256-SHA AES128-SHA CAMELLIA128-SHA`),
);

export const tls13Ciphers = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_128_CCM_8_SHA256",
  "TLS_AES_128_CCM_SHA256",
] as const;

/** What OpenSSL 3 calls DEFAULT, and HAProxy speaks when it is told of no set. */
const byDefault = suites(`
ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 DHE-RSA-AES256-GCM-SHA384
ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305 DHE-RSA-CHACHA20-POLY1305
ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES128-GCM-SHA256
ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384 DHE-RSA-AES256-SHA256
ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256 DHE-RSA-AES128-SHA256
ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA DHE-RSA-AES256-SHA
ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA DHE-RSA-AES128-SHA
AES256-GCM-SHA384 AES128-GCM-SHA256 AES256-SHA256 AES128-SHA256 AES256-SHA AES128-SHA`);

/** Forward secrecy with authenticated encryption. */
const best = suites(`
ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305
ECDHE-RSA-CHACHA20-POLY1305 ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256`);

const intermediate = [
  ...best,
  ...suites(`
DHE-RSA-AES256-GCM-SHA384 DHE-RSA-AES128-GCM-SHA256 DHE-RSA-CHACHA20-POLY1305
ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384 ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256`),
];

const backward = [
  ...intermediate,
  ...suites(`
DHE-RSA-AES256-SHA256 DHE-RSA-AES128-SHA256 ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA ECDHE-ECDSA-AES128-SHA
ECDHE-RSA-AES128-SHA DHE-RSA-AES256-SHA DHE-RSA-AES128-SHA AES256-GCM-SHA384 AES128-GCM-SHA256 AES256-SHA256
AES128-SHA256 AES256-SHA AES128-SHA`),
];

const approved = suites(`
ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 DHE-RSA-AES256-GCM-SHA384
ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES128-GCM-SHA256
ECDHE-ECDSA-AES256-SHA384 DHE-RSA-AES256-SHA256 ECDHE-ECDSA-AES128-SHA256 DHE-RSA-AES128-SHA256
AES256-GCM-SHA384 AES128-GCM-SHA256 AES256-SHA256 AES128-SHA256`);

const withEllipticKeys = (list: readonly string[]): readonly string[] =>
  list.filter((each) => each.startsWith("ECDHE-ECDSA-"));

export const systemCipherSets = {
  Default: byDefault,
  Default_NoRc4: byDefault,
  BestPractices: best,
  Intermediate_compatibility: intermediate,
  Backward_compatibility: backward,
  WUI: best,
  FIPS: approved,
  Legacy: backward,
  ECDSA_Default: withEllipticKeys(byDefault),
  ECDSA_BestPractices: withEllipticKeys(best),
} as const satisfies { readonly [name: string]: readonly string[] };

export const isSystemCipherSet = (name: string): name is keyof typeof systemCipherSets =>
  Object.hasOwn(systemCipherSets, name);

/** Of a set that operators make. */
export const cipherSetNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const setName = {
  name: "name",
  type: {
    kind: "text",
    pattern: cipherSetNamePattern,
    allowed:
      "a letter or digit first, then letters, digits, dots, hyphens and underscores, at most 64 in all",
  },
  required: true,
  about: "the set's name; capitals matter",
} as const satisfies Parameter;

export const cipherSetReference = [setName] as const satisfies readonly Parameter[];
export const cipherSetParameters = [
  setName,
  {
    name: "value",
    type: {
      kind: "text",
      pattern: /^[A-Za-z0-9_:-]{1,4096}$/,
      allowed: "names of ciphers as OpenSSL has them, separated by colons",
    },
    required: true,
    about: "the ciphers of the set, the preferred one first",
  },
] as const satisfies readonly Parameter[];
