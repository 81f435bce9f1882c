/** A notification target as its form has it, and what of it is sent. */
import type {
  NotificationChange,
  NotificationNew,
  NotificationTarget,
} from "@tandem/central-api/notifications";

export type TargetDraft = Pick<
  NotificationTarget,
  "name" | "kind" | "address" | "severity" | "enabled" | "security" | "user" | "from" | "certificateAuthority"
> & {
  /** Addresses separated by commas or lines. */
  readonly to: string;
  /** Empty: the one that is kept stays. */
  readonly secret: string;
};

export const draftOf = (target: NotificationTarget | null): TargetDraft => ({
  name: target?.name ?? "",
  kind: target?.kind ?? "webhook",
  address: target?.address ?? "",
  severity: target?.severity ?? "warning",
  enabled: target?.enabled ?? true,
  security: target?.security ?? "starttls",
  user: target?.user ?? "",
  from: target?.from ?? "",
  certificateAuthority: target?.certificateAuthority ?? "",
  to: target?.to.join(", ") ?? "",
  secret: "",
});

/** Of an e-mail target alone, or of those that are sent over TLS, is only what their kind has. */
export function newTargetOf(draft: TargetDraft): NotificationNew {
  const { kind, name, address, severity, enabled, security, user, from, secret, certificateAuthority } =
    draft;
  const plain = { kind, name: name.trim(), address: address.trim(), severity, enabled };
  if (kind === "syslog") return plain;
  const secured = { ...plain, ...(secret === "" ? {} : { secret }), certificateAuthority };
  if (kind === "webhook") return secured;
  const to = draft.to.split(/[\s,]+/).filter((one) => one !== "");
  return { ...secured, security, user, from: from.trim(), to };
}

/** What a target is cannot change: its kind is left out. */
export function changeOf(draft: TargetDraft): NotificationChange {
  const { kind: _, ...change } = newTargetOf(draft);
  return change;
}
