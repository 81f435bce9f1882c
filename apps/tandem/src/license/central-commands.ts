/** The commands of `tandem ctl license`, which `tandem license` obeys as well: a Central's own licence, over its API. */
import { readFileSync } from "node:fs";
import type { OwnLicence } from "@tandem/central-api/own-licence";
import { routes } from "@tandem/central-api/routes";
import { documentMaxCharacters } from "@tandem/signed-documents/signed-document";
import { type Command, word } from "../ctl/command.ts";
import { table } from "../ctl/print.ts";
import { aligned, termsLines } from "./print.ts";

function printOwnLicence(own: OwnLicence): string {
  const { unit, state, message, licence, signedBy, alarm } = own;
  return aligned([
    ["Central", unit],
    ["State", message === null ? state : `${state}: ${message}`],
    ...(alarm === null ? [] : ([["Clock", alarm]] as const)),
    ...(licence === null
      ? []
      : ([
          ...termsLines(licence),
          ["Issued", licence.issuedAt],
          ["Holds", `${licence.notBefore} to ${licence.expiresAt}`],
        ] as const)),
    ...(signedBy === null ? [] : ([["Signed by", `${signedBy.id} (${signedBy.name})`]] as const)),
  ]);
}

export const licenseCommands: { readonly [words: string]: Command } = {
  "license status": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.ownLicence);
      return { value, text: printOwnLicence(value) };
    },
  },
  "license import": {
    words: 1,
    options: ["replace-newer"],
    run: async (context) => {
      const { client, line } = context;
      const path = word(context);
      const licence = readFileSync(path, "utf8").trim();
      if (licence === "" || licence.length > documentMaxCharacters)
        throw new Error(`${path} holds no licence: give the file that tandem license issue wrote`);
      const replaceNewer = line.flag("replace-newer") ?? false;
      const value = await client.call(routes.importLicence, { body: { licence, replaceNewer } });
      return { value, text: printOwnLicence(value) };
    },
  },
  "license trust": {
    words: 1,
    options: ["name"],
    run: async (context) => {
      const name = context.line.text("name") ?? "issuer";
      const value = await context.client.call(routes.trustLicenceIssuer, {
        body: { key: word(context), name },
      });
      return { value, text: `licences of ${value.name} (${value.id}) are taken from now on\n` };
    },
  },
  "license issuers": {
    words: 0,
    run: async ({ client }) => {
      const value = await client.call(routes.listLicenceIssuers);
      const rows = value.issuers.map(({ id, name, trustedAt, key }) => [id, name, trustedAt, key]);
      return { value, text: table(["ID", "NAME", "TRUSTED SINCE", "KEY"], rows) };
    },
  },
  "license distrust": {
    words: 1,
    run: async (context) => {
      const value = await context.client.call(routes.distrustLicenceIssuer, {
        params: { id: word(context) },
      });
      return { value, text: `licences of ${value.name} (${value.id}) hold no more\n` };
    },
  },
};
