/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One text per value: object keys sorted by code unit, no white space. Digests are taken over it (RFC 8785 in spirit). */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  let text = "";
  if (Array.isArray(value)) {
    for (const element of value) text += text === "" ? canonicalJson(element) : `,${canonicalJson(element)}`;
    return `[${text}]`;
  }
  const object = value as { readonly [key: string]: Json };
  for (const key of Object.keys(object).sort()) {
    const member = `${JSON.stringify(key)}:${canonicalJson(object[key] as Json)}`;
    text += text === "" ? member : `,${member}`;
  }
  return `{${text}}`;
}
