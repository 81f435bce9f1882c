/** The routes of Central's own licence; part of the one table in `routes.ts`. */
import {
  LicenceImport,
  LicenceIssuer,
  LicenceIssuerList,
  LicenceIssuerNew,
  LicenceIssuerParams,
  OwnLicence,
} from "./own-licence.ts";
import type { Route } from "./routes.ts";

export const ownLicenceRoutes = {
  ownLicence: {
    method: "GET",
    path: "/own-licence",
    access: "user",
    tags: ["licensing"],
    summary: "This unit's own licence, and whether it holds",
    status: 200,
    answer: OwnLicence,
  },
  importLicence: {
    method: "PUT",
    path: "/own-licence",
    access: "user",
    tags: ["licensing"],
    summary: "Import a licence for this unit; the former one is kept beside it",
    status: 200,
    body: LicenceImport,
    answer: OwnLicence,
  },
  listLicenceIssuers: {
    method: "GET",
    path: "/own-licence/issuers",
    access: "user",
    tags: ["licensing"],
    summary: "Issuers whose licences this unit takes",
    status: 200,
    answer: LicenceIssuerList,
  },
  trustLicenceIssuer: {
    method: "POST",
    path: "/own-licence/issuers",
    access: "user",
    tags: ["licensing"],
    summary: "Trust an issuer of licences on this unit",
    status: 201,
    body: LicenceIssuerNew,
    answer: LicenceIssuer,
  },
  distrustLicenceIssuer: {
    method: "DELETE",
    path: "/own-licence/issuers/:id",
    access: "user",
    tags: ["licensing"],
    summary: "End this unit's trust in an issuer; its licences hold no more",
    status: 200,
    params: LicenceIssuerParams,
    answer: LicenceIssuer,
  },
} as const satisfies { readonly [name: string]: Route };
