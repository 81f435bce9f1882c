/** What licensing needs of the rest of Central, so that tests and the simulator can put their own in its place. */
import type { Json } from "@tandem/base/canonical-json";
import type { UnitId } from "@tandem/base/ids";
import type { World } from "@tandem/base/world";
import type { CentralLicenceState } from "@tandem/licensing/central-licence";
import type { ContactDevice } from "../fleet/device-contact.ts";
import type { SharedRows } from "../fleet/shared-rows.ts";
import type { Channel, ChannelPorts } from "../ha/channels.ts";

/** Whether a unit belongs to a pair (SPEC CH24). */
export type Belonging =
  | { readonly kind: "alone" }
  /** Its removal from the pair was cut short by a crash: whether it stayed or left is not known. */
  | { readonly kind: "unsettled" }
  /** A peer is set, and there is no pair yet, or none any more that this unit's disk knows of. */
  | { readonly kind: "joining"; readonly peer: UnitId }
  /** `isKnownThere`: false when the peer runs and has said that it does not know this unit. */
  | { readonly kind: "paired"; readonly peer: UnitId; readonly isKnownThere: boolean }
  /** Removed from its pair, or on its way out. */
  | { readonly kind: "removed" };

/** Of `HighAvailability`. */
export type LicensingPair = SharedRows & {
  readonly identity: { readonly unit: UnitId };
  readonly belonging: Belonging;
  channel(name: string, ports: ChannelPorts): Channel;
};

/** Of `OwnLicence`. */
export type OwnLicencePort = {
  current(): CentralLicenceState;
  /** Answers what takes the listener off. */
  onChange(listener: () => void): () => void;
};

/**
 * Named documents of this unit alone, outside the shared state and its backups, like its identity: what it has granted
 * and given. A restored or overwritten shared state must not let it grant the same share twice.
 */
export type LedgerFile = {
  list(prefix: string): readonly { readonly name: string; readonly value: Json }[];
  /** All on disk when this returns; throws when they cannot be kept. */
  set(documents: readonly { readonly name: string; readonly value: Json }[]): void;
  close(): void;
};

export type LicensingEvent = {
  readonly severity: "info" | "warning" | "error";
  readonly code:
    | "licence-granted"
    | "licence-renewed"
    | "licence-migrated"
    | "licence-rebound"
    | "licence-released"
    | "licence-recovered"
    | "licence-refused"
    | "licence-copied"
    | "licence-device-kept"
    | "licence-share-given"
    | "licence-share-received"
    | "licences-taken-over"
    | "licences-left-behind"
    | "licences-over-allowance";
  readonly message: string;
};

export type LicensingPorts = {
  readonly world: World;
  readonly pair: LicensingPair;
  readonly own: OwnLicencePort;
  readonly ledger: LedgerFile;
  readonly contact: ContactDevice;
  /** For the timeline and the audit. */
  readonly note: (event: LicensingEvent) => void;
};
