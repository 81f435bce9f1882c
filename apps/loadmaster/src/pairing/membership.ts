/** The documents of a unit that gets a partner, and of one that has none any more. Pure. */
import {
  emptyShared,
  type SharedContent,
  type UnitContent,
  type UnitDocument,
  withHa,
  withShared,
} from "../state/document.ts";
import type { Membership } from "./job-store.ts";

export type PairShape = {
  readonly mode: 1 | 2;
  readonly partner: string;
  readonly shared: string;
  readonly interface: number;
  readonly vhid: number;
  readonly timeout: number;
  readonly fast: boolean;
  readonly partnerKey: string;
};

export const membershipOf = ({ shared, unit }: UnitDocument): Membership => ({
  ha: shared.ha,
  sharedAddresses: shared.sharedAddresses,
  ...(shared.sharedAddresses6 === undefined ? {} : { sharedAddresses6: shared.sharedAddresses6 }),
  hamode: unit.hamode,
  partners: unit.partners,
  ...(unit.partnerKey === undefined ? {} : { partnerKey: unit.partnerKey }),
  ...(unit.holdsShared === undefined ? {} : { holdsShared: unit.holdsShared }),
});

/** As it was before, with the services as they are now. */
export function withMembership(document: UnitDocument, before: Membership): UnitDocument {
  const { ha, sharedAddresses, sharedAddresses6, ...unit } = before;
  const next = withShared(document, {
    ...withoutShared(document.shared),
    ha,
    sharedAddresses,
    ...(sharedAddresses6 === undefined ? {} : { sharedAddresses6 }),
  });
  return { ...next, unit: { ...unitAlone(document.unit), ...unit } };
}

/** Without addresses that two units share. */
function withoutShared({ sharedAddresses6: _six, ...rest }: SharedContent): SharedContent {
  return { ...rest, sharedAddresses: {} };
}

/** Without anything that ties it to a pair. */
function unitAlone(unit: UnitContent): UnitContent {
  const { partnerKey: _key, holdsShared: _held, carpPassword: _password, ...rest } = unit;
  return { ...rest, hamode: 0, partners: {} };
}

const paired = (unit: UnitContent, shape: PairShape): UnitContent => ({
  ...unitAlone(unit),
  hamode: shape.mode,
  partners: { ...unit.partners, [shape.interface]: shape.partner },
  partnerKey: shape.partnerKey,
});

const haOf = (shared: SharedContent, { vhid, timeout, fast }: PairShape): SharedContent =>
  withHa(shared, { vhid, timeout, fast: fast ? true : undefined });

/** The unit that has the services. */
export function asFirst(document: UnitDocument, shape: PairShape): UnitDocument {
  const sharedAddresses = { ...document.shared.sharedAddresses, [shape.interface]: shape.shared };
  const next = withShared(document, { ...haOf(document.shared, shape), sharedAddresses });
  return { ...next, unit: paired(document.unit, shape) };
}

/** The unit that joins: it has no services until the other's reach it, so that it can never stand in with others. */
export function asJoined(document: UnitDocument, shape: PairShape): UnitDocument {
  const shared = { ...haOf(emptyShared, shape), sharedAddresses: { [shape.interface]: shape.shared } };
  return {
    ...document,
    revision: 0,
    agreedDigest: null,
    shared,
    unit: { ...paired(document.unit, shape), partners: { [shape.interface]: shape.partner } },
  };
}

/** The unit that leaves. Its services, if it keeps any, are switched off: they are the other unit's. */
export function asLeft(document: UnitDocument, content: "keep" | "empty"): UnitDocument {
  const { shared } = document;
  const services = content === "empty" ? [] : shared.services.map((each) => ({ ...each, enabled: false }));
  return {
    ...withShared(document, { ...withoutShared(shared), services }),
    agreedDigest: null,
    unit: unitAlone(document.unit),
  };
}

/** What it was before it joined, but for its password and API keys, which may have changed since. */
export const asBefore = (document: UnitDocument, before: UnitDocument): UnitDocument => ({
  ...before,
  unit: { ...before.unit, passwordHash: document.unit.passwordHash, apiKeys: document.unit.apiKeys },
});

/** The unit that stays. It goes on holding the shared addresses, or only those on which services stand. */
export function asLast(document: UnitDocument, addresses: "keep" | "drop"): UnitDocument {
  const unit = unitAlone(document.unit);
  return addresses === "keep"
    ? { ...document, agreedDigest: null, unit: { ...unit, holdsShared: true } }
    : { ...withShared(document, withoutShared(document.shared)), agreedDigest: null, unit };
}
