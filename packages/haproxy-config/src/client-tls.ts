/** TLS of clients that ends at a service: certificates, versions and ciphers, and what servers are told of it. */
import { sha256Hex } from "@tandem/base/digest";
import type { TlsOffload, VirtualService } from "./model.ts";
import { type Directive, directive, keyword, keywords, type Origin, quoted, type Word } from "./syntax.ts";

/** Its name is made from its content, so a file never changes, and another content makes another text. */
export type RenderedFile = { readonly name: string; readonly text: string };

/** The service's certificates, the list of them in the order that they are to be tried in, and authorities of clients. */
export function offloadFiles(offload: TlsOffload): RenderedFile[] {
  const { certificates } = offload;
  const list = listOf(offload);
  const authorities = authoritiesOf(offload);
  return [
    ...certificates.map(({ pem }) => fileOf("pem", pem)),
    list,
    ...(authorities === undefined ? [] : [authorities]),
  ];
}

const listOf = ({ certificates }: TlsOffload): RenderedFile =>
  fileOf("list", certificates.map(({ pem }) => `${fileOf("pem", pem).name}\n`).join(""));

const authoritiesOf = ({ clientCertificates }: TlsOffload): RenderedFile | undefined =>
  clientCertificates === undefined ? undefined : fileOf("ca", clientCertificates.authorities);

/** A file named for what is in it. */
export const fileOf = (ending: string, text: string): RenderedFile => ({
  name: `${sha256Hex(text).slice(0, 32)}.${ending}`,
  text,
});

/** What the `bind` of such a service says beside its address. */
export function offloadWords({ offload, mode }: VirtualService, filesDirectory: string): Word[] {
  if (offload === undefined) return [];
  const authorities = authoritiesOf(offload);
  // OpenSSL 3 speaks what is older than TLS 1.2 at its lowest level of security alone.
  const isOld = offload.minVersion === "TLSv1.0" || offload.minVersion === "TLSv1.1";
  const ciphers = [...(offload.ciphers ?? (isOld ? ["DEFAULT"] : [])), ...(isOld ? ["@SECLEVEL=0"] : [])];
  return [
    ...keywords("ssl crt-list"),
    quoted(`${filesDirectory}/${listOf(offload).name}`),
    ...keywords(`ssl-min-ver ${offload.minVersion} ssl-max-ver ${offload.maxVersion}`),
    ...(ciphers.length === 0 ? [] : [keyword("ciphers"), quoted(ciphers.join(":"))]),
    ...(offload.ciphers13 === undefined
      ? []
      : [keyword("ciphersuites"), quoted(offload.ciphers13.join(":"))]),
    ...(authorities === undefined
      ? []
      : [...keywords("verify required ca-file"), quoted(`${filesDirectory}/${authorities.name}`)]),
    // Without the second HAProxy follows a client that begins with HTTP/2 unasked.
    ...(offload.http2 ? keywords("alpn h2,http/1.1") : mode === "http" ? keywords("proto h1") : []),
  ];
}

/** What a frontend does beyond that: turns clients away, and tells servers of their TLS. */
export function offloadDirectives(
  { offload, mode }: VirtualService,
  from: (parameter: string) => Origin,
): Directive[] {
  if (offload === undefined) return [];
  return [
    ...(offload.nameRequired === true
      ? [
          directive(
            "tcp-request session reject unless",
            [quoted("{"), keyword("ssl_fc_has_sni"), quoted("}")],
            from("NeedHostName"),
          ),
        ]
      : []),
    ...(mode === "http" && offload.tellCipher === true ? cipherHeaders(from("PassCipher")) : []),
    ...(mode === "http" ? certificateHeaders(offload, from("ClientCert")) : []),
    ...strictTransportDirectives(offload, from("SecurityHeaderOptions")),
  ];
}

/** A header that a client sends itself is never passed on: it is replaced, or removed where there is nothing to say. */
const header = (name: string, expression: string, origin: Origin): Directive[] => [
  directive(`http-request del-header ${name}`, [], origin),
  directive(`http-request set-header ${name}`, [quoted(expression)], origin),
];

const headerWhere = (name: string, expression: string, condition: string, origin: Origin): Directive[] => [
  directive(`http-request del-header ${name}`, [], origin),
  directive(
    `http-request set-header ${name}`,
    [quoted(expression), keyword("if"), quoted("{"), keyword(condition), quoted("}")],
    origin,
  ),
];

/** As real units name them. A name is what a client says, so that what no name can hold is encoded. */
const cipherHeaders = (origin: Origin): Directive[] => [
  ...header("X-SSL-Cipher", "%[ssl_fc_cipher]", origin),
  ...header("X-SSL-Protocol", "%[ssl_fc_protocol]", origin),
  ...header("X-SSL-Serialid", "%[ssl_f_serial,hex]", origin),
  ...headerWhere("X-SSL-ClientSerialid", "%[ssl_c_serial,hex]", "ssl_c_used", origin),
  ...headerWhere("X-SSL-SNIHost", "%[ssl_fc_sni,url_enc]", "ssl_fc_has_sni", origin),
];

function certificateHeaders({ clientCertificates }: TlsOffload, origin: Origin): Directive[] {
  const told = clientCertificates?.told;
  switch (told?.kind) {
    case undefined:
    case "nothing":
      return [];
    case "fields":
      return [
        ...header("X-SSL-ClientSerialid", "%[ssl_c_serial,hex]", origin),
        ...header("X-SSL-ClientSubject", "%[ssl_c_s_dn(,0,rfc2253)]", origin),
        ...header("X-SSL-ClientIssuer", "%[ssl_c_i_dn(,0,rfc2253)]", origin),
        ...header("X-SSL-ClientNotAfter", "%[ssl_c_notafter]", origin),
      ];
    case "certificate":
      return header(
        told.header,
        told.form === "der"
          ? "%[ssl_c_der,base64]"
          : // A header has one line.
            "-----BEGIN CERTIFICATE----- %[ssl_c_der,base64] -----END CERTIFICATE-----",
        origin,
      );
  }
}

/** Servers say it themselves, or not: rules on responses are not run for what HAProxy answers. */
function strictTransportDirectives({ strictTransport }: TlsOffload, origin: Origin): Directive[] {
  if (strictTransport === undefined) return [];
  const { maxAgeSeconds, includesSubdomains, preload } = strictTransport;
  const value = [
    `max-age=${maxAgeSeconds}`,
    ...(includesSubdomains === true ? ["includeSubDomains"] : []),
    ...(preload === true ? ["preload"] : []),
  ].join("; ");
  return [
    directive("http-response set-var(txn.answered) bool(true)", [], origin),
    directive(
      "http-after-response set-header Strict-Transport-Security",
      [quoted(value), ...keywords("unless { var(txn.answered) -m found }")],
      origin,
    ),
  ];
}

/** Where a server redirects to comes back under the scheme that clients use, without the port of the other one. */
export function rewriteDirectives({ rewriteLocations: scheme }: VirtualService, origin: Origin): Directive[] {
  if (scheme === undefined) return [];
  const [other, port] = scheme === "https" ? ["http", 80] : ["https", 443];
  return [
    directive(
      "http-response replace-header Location",
      [quoted(`(?i)^${other}://([^/:?#]*)(?::${port}(?=[/?#]|$))?(.*)$`), quoted(`${scheme}://\\1\\2`)],
      origin,
    ),
  ];
}
