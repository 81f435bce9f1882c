/** Where usage reports go to, as the form has it, and what of it is sent. */
import type { DestinationKind, ReportDestination, ReportDestinationPut } from "@tandem/central-api/metering";

export type DestinationDraft = Pick<
  ReportDestination,
  "enabled" | "address" | "certificateAuthority" | "security" | "user" | "from"
> & {
  /** Addresses separated by commas or lines. */
  readonly to: string;
  /** Empty: the one that is kept stays. */
  readonly secret: string;
};

export const draftOf = (destination: ReportDestination | null): DestinationDraft => ({
  enabled: destination?.enabled ?? true,
  address: destination?.address ?? "",
  certificateAuthority: destination?.certificateAuthority ?? "",
  security: destination?.security ?? "starttls",
  user: destination?.user ?? "",
  from: destination?.from ?? "",
  to: destination?.to.join(", ") ?? "",
  secret: "",
});

export function putOf(kind: DestinationKind, draft: DestinationDraft): ReportDestinationPut {
  const { enabled, address, certificateAuthority, security, user, from, secret } = draft;
  const common = {
    enabled,
    address: address.trim(),
    certificateAuthority,
    ...(secret === "" ? {} : { secret }),
  };
  if (kind === "webhook") return common;
  const to = draft.to.split(/[\s,]+/).filter((one) => one !== "");
  return { ...common, security, user, from: from.trim(), to };
}
