/** What an operator says of a pair that is to be, and the commands' parameters that it makes (SPEC LH10). */
import type { Parameters } from "../api/transport.ts";

export type SetupDraft = {
  readonly partner: string;
  readonly partnerport: string;
  readonly partneruser: string;
  readonly partnerpassword: string;
  readonly partnerfingerprint: string;
  readonly shared: string;
  /** These four: as it is set on this unit where they are empty. */
  readonly interface: string;
  readonly vhid: string;
  readonly timeout: string;
  readonly fast: "" | "1" | "0";
  readonly mode: "1" | "2";
  readonly overwrite: boolean;
};

export const emptyDraft: SetupDraft = {
  partner: "",
  partnerport: "443",
  partneruser: "bal",
  partnerpassword: "",
  partnerfingerprint: "",
  shared: "",
  interface: "",
  vhid: "",
  timeout: "",
  fast: "",
  mode: "1",
  overwrite: false,
};

const given = (draft: SetupDraft, names: readonly (keyof SetupDraft)[]): Parameters =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = draft[name];
      const kept = typeof value === "string" && name !== "partnerpassword" ? value.trim() : value;
      return kept === "" || kept === false ? [] : [[name, kept]];
    }),
  );

const shape = ["partner", "partnerport", "shared", "interface", "vhid", "timeout", "fast", "mode"] as const;
export const access = ["partnerport", "partneruser", "partnerpassword", "partnerfingerprint"] as const;

/** Asks for the fingerprint alone: nothing secret goes out. */
export const keyParameters = (draft: SetupDraft): Parameters => given(draft, shape);

export const pairParameters = (draft: SetupDraft): Parameters =>
  given(draft, [...shape, ...access, "overwrite"]);

/** The rest is as the pair has it. */
export const replaceParameters = (draft: SetupDraft): Parameters =>
  given(draft, ["partner", ...access, "overwrite"]);

export const accessParameters = (draft: SetupDraft): Parameters => given(draft, access);

const fingerprintGroupChars = 4;

/** A fingerprint as people compare it. */
export const inGroups = (fingerprint: string): string =>
  fingerprint.match(new RegExp(`.{1,${fingerprintGroupChars}}`, "g"))?.join(" ") ?? "";
