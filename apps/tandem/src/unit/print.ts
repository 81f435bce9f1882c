/** What a unit says of licences, for people. */
import type { LicenceView, OfferedLicences } from "@tandem/loadmaster-api/licence-commands";
import { facts, table } from "../ctl/print.ts";

export function offeredText({ name, host, port, fingerprint, types }: OfferedLicences): string {
  const rows = types.map(({ id, name: title, available }) => [
    id,
    available === null ? "no limit" : String(available),
    title,
  ]);
  return `${facts([
    ["Central", `${name} at ${host}:${port}`],
    ["Fingerprint", fingerprint],
  ])}\n${types.length === 0 ? "it licenses nothing now\n" : table(["TYPE", "LEFT", "NAME"], rows)}`;
}

const moment = (at: number | null): string => (at === null ? "" : new Date(at).toISOString());

/** Facts that there are none of are left out. */
export function licenceText(view: LicenceView): string {
  const centrals = view.centrals.map(
    ({ name, host, port, isHolder }) =>
      `${name} (${host === null ? "address not known" : `${host}:${port}`})${isHolder ? ", which has granted it" : ""}`,
  );
  const all: readonly (readonly [string, string])[] = [
    ["Licence", `${view.state}${view.type === null ? "" : `: ${view.type} (${view.LicenseType})`}`],
    ["Licensing id", view.uuid],
    ["Holder", view.holder ?? ""],
    ["Central", centrals.join("; ")],
    ["Granted", moment(view.grantedAt)],
    ["Confirmed", moment(view.heldAt)],
    ["Next check", moment(view.nextCheckAt)],
    ["Grace until", moment(view.graceUntil)],
    ["Reason", view.reason ?? ""],
    [
      "Unanswered",
      view.unanswered === null ? "" : `an activation of ${view.unanswered.type} at ${view.unanswered.host}`,
    ],
  ];
  return facts(all.filter(([, value]) => value !== ""));
}
