/** Whether two units can become a pair: everything is looked at and told, the first fault ends nothing. Changes nothing. */
import type { WallMillis } from "@tandem/base/time";
import type { PairingCheck, PairingCheckName, PairingFacts } from "@tandem/loadmaster-api/pairing";
import { placeText } from "@tandem/loadmaster-api/place";
import type { InterfaceView } from "@tandem/loadmaster-api/views";
import { type NetworkInterface, ownAddresses } from "../configuration-file.ts";
import type { UnitDocument } from "../state/document.ts";
import type { Partner } from "./partner.ts";
import type { Segment } from "./segment.ts";

/** Logs of both units are read side by side, and certificates have a beginning. */
export const clockDifferenceMaxMs = 5_000;

export type CheckSubject = {
  readonly document: UnitDocument;
  readonly own: PairingFacts;
  readonly on: NetworkInterface;
  readonly interfaces: readonly NetworkInterface[];
  /** Why the addresses cannot be set on this unit; undefined when they can. */
  readonly addressFault: string | undefined;
  readonly partnerAddress: string;
  readonly sharedAddress: string;
  readonly vhid: number;
  readonly overwrite: boolean;
  /** The pair exists already, and this unit is active in it: a unit is replaced, or an earlier procedure goes on. */
  readonly paired: boolean;
  /** This unit has the shared address on its device already. */
  readonly holdsShared: boolean;
  readonly partner: Partner;
  readonly segment: Segment;
  readonly wall: () => WallMillis;
};

const well = (name: PairingCheckName, found: string): PairingCheck => ({ name, ok: true, found, remedy: "" });
const bad = (name: PairingCheckName, found: string, remedy: string): PairingCheck => ({
  name,
  ok: false,
  found,
  remedy,
});
const unseen = (name: PairingCheckName, found: string): PairingCheck => ({
  name,
  ok: null,
  found,
  remedy: "",
});

export async function runChecks(subject: CheckSubject): Promise<PairingCheck[]> {
  const { partner, segment, on, wall } = subject;
  const asked = wall();
  const facts = await partner.facts();
  if (!facts.ok) {
    const { error } = facts;
    if (error.kind === "refused" && error.code === 405)
      return [
        well("sign-in", "it answers"),
        bad("version", "its program does not know the guided procedure", "install the same version there"),
      ];
    const remedy =
      error.kind === "unauthorised"
        ? "give a user and a password of the other unit"
        : error.kind === "wrong-certificate"
          ? "compare the fingerprint with the one that the other unit shows at its own console"
          : "look whether the other unit runs, its address and port, and the network between them";
    return [bad(error.kind === "wrong-certificate" ? "certificate" : "sign-in", error.message, remedy)];
  }
  const halfway = (asked + wall()) / 2;
  const theirs = facts.value;
  const [interfaces, portFault, speakers, taken] = await Promise.all([
    partner.interfaces(),
    partner.portFault(theirs.partnerPort),
    subject.paired ? Promise.resolve([]) : segment.speakersOf(on.device, subject.vhid, on.address),
    subject.holdsShared ? Promise.resolve(false) : segment.answersFor(on.device, subject.sharedAddress),
  ]);
  return [
    well("certificate", "it shows the key that was confirmed"),
    well("sign-in", `${theirs.name} answers and lets this unit in`),
    versionCheck(subject.own, theirs),
    singleCheck(subject, theirs),
    servicesThere(subject, theirs),
    servicesHere(subject),
    interfaces.ok
      ? networkCheck(subject, interfaces.value)
      : bad("network", interfaces.error.message, "give the command again"),
    subject.addressFault === undefined
      ? well("addresses", `${on.address}, ${subject.partnerAddress} and ${subject.sharedAddress}`)
      : bad("addresses", subject.addressFault, "give three different addresses of one network"),
    sharedCheck(subject, taken),
    vhidCheck(subject, speakers),
    clockCheck(theirs.now - halfway),
    proxyCheck(subject.own, theirs),
    portFault === undefined
      ? well("partner port", `TCP ${theirs.partnerPort} can be reached there`)
      : bad(
          "partner port",
          `TCP ${theirs.partnerPort} there: ${portFault}`,
          "let TCP through between the units on that port, in both directions",
        ),
    licenceCheck(subject.own, theirs),
  ];
}

function versionCheck(own: PairingFacts, theirs: PairingFacts): PairingCheck {
  return own.version === theirs.version && own.linkVersion === theirs.linkVersion
    ? well("version", `both run ${own.version}`)
    : bad(
        "version",
        `${own.version} (link ${own.linkVersion}) here, ${theirs.version} (link ${theirs.linkVersion}) there`,
        "bring both to the same version",
      );
}

/** Each unit has a licence of its own, and one that differs keeps nobody from making a pair. */
function licenceCheck(own: PairingFacts, theirs: PairingFacts): PairingCheck {
  if (theirs.licence === undefined)
    return unseen("licence", "not looked at: the other unit does not say which it has");
  const word = (type: string | null): string => type ?? "none";
  if ((own.licence ?? null) === theirs.licence)
    return well(
      "licence",
      theirs.licence === null ? "neither unit has one" : `both units have one of the type ${theirs.licence}`,
    );
  return unseen(
    "licence",
    `they differ: ${word(own.licence ?? null)} here, ${word(theirs.licence)} there; license both alike, each at its own address`,
  );
}

function singleCheck({ on, own }: CheckSubject, theirs: PairingFacts): PairingCheck {
  if (theirs.serial === own.serial)
    return bad("single", "it is this unit itself", "give the address of the other unit");
  if (theirs.hamode === 0) return well("single", "it is a single unit");
  return theirs.partner === on.address && theirs.hastatus !== "Active"
    ? well("single", "it has joined this unit already")
    : bad(
        "single",
        `it is HA${theirs.hamode} of a pair with ${theirs.partner === "" ? "nobody yet" : theirs.partner}, ${theirs.hastatus}`,
        "end that pair first (haunpair), or set hamode 0 there",
      );
}

function servicesThere({ overwrite }: CheckSubject, { services, hamode }: PairingFacts): PairingCheck {
  if (services === 0 || hamode !== 0) return well("services there", "none that would be lost");
  return overwrite
    ? well("services there", `${services}, which will be overwritten; a backup of them stays on its disk`)
    : bad(
        "services there",
        `${services} virtual services, which would be overwritten`,
        "say overwrite=yes if they may go; a backup of them is kept on its disk first",
      );
}

function servicesHere({ document, interfaces }: CheckSubject): PairingCheck {
  const stuck = document.shared.services.filter(({ address }) =>
    interfaces.some((each) => ownAddresses(each).includes(address)),
  );
  return stuck.length === 0
    ? well("services here", `${document.shared.services.length}, all of which can move to the other unit`)
    : bad(
        "services here",
        `${stuck.map(placeText).join(", ")} stands on an address of this unit's own, which never moves`,
        "give the service another address (modvs vsaddress), such as the future shared one",
      );
}

function networkCheck(
  { on, partnerAddress }: CheckSubject,
  interfaces: readonly InterfaceView[],
): PairingCheck {
  const theirs = interfaces.find((each) => each.IPAddress.split("/")[0] === partnerAddress);
  if (theirs === undefined)
    return bad(
      "network",
      `${partnerAddress} is not an address of its own interfaces (${interfaces.map((each) => each.IPAddress).join(", ")})`,
      "give the own address of one of its interfaces",
    );
  if (theirs.IPAddress !== `${partnerAddress}/${on.prefix}`)
    return bad(
      "network",
      `${theirs.IPAddress} there, ${on.address}/${on.prefix} here`,
      "give both interfaces the same prefix length",
    );
  return theirs.Id === on.id
    ? well("network", `interface ${on.id} of both, ${on.address} and ${theirs.IPAddress}`)
    : bad(
        "network",
        `the interface is number ${on.id} here and ${theirs.Id} there`,
        "give it the same id in both configuration files, since the pair shares its settings by that number",
      );
}

function sharedCheck({ sharedAddress, holdsShared }: CheckSubject, taken: boolean | string): PairingCheck {
  if (holdsShared) return well("shared address free", `${sharedAddress} is on this unit already`);
  if (typeof taken === "string") return unseen("shared address free", `not looked at: ${taken}`);
  return taken
    ? bad(
        "shared address free",
        `another machine answers for ${sharedAddress}`,
        "give an address that nobody has",
      )
    : well("shared address free", `nobody answers for ${sharedAddress}`);
}

function vhidCheck({ vhid, paired }: CheckSubject, speakers: readonly string[] | string): PairingCheck {
  if (paired) return well("virtual id free", `${vhid} is this pair's`);
  if (typeof speakers === "string") return unseen("virtual id free", `not looked at: ${speakers}`);
  return speakers.length === 0
    ? well("virtual id free", `nobody was heard with ${vhid}`)
    : bad(
        "virtual id free",
        `${speakers.join(", ")} uses ${vhid} for CARP or VRRP`,
        "give another vhid, from 1 to 255",
      );
}

function clockCheck(differenceMs: number): PairingCheck {
  const seconds = (Math.abs(differenceMs) / 1_000).toFixed(1);
  return Math.abs(differenceMs) <= clockDifferenceMaxMs
    ? well("clock", `${seconds} s apart`)
    : bad(
        "clock",
        `its clock is ${seconds} s ${differenceMs > 0 ? "ahead" : "behind"}`,
        "let both follow the same time server",
      );
}

function proxyCheck(own: PairingFacts, theirs: PairingFacts): PairingCheck {
  const of = ({ problems }: PairingFacts): string | undefined =>
    problems.find((each) => each.startsWith("HAProxy"));
  const fault = of(theirs) ?? of(own);
  return fault === undefined
    ? well("proxy", "HAProxy works on both")
    : bad("proxy", fault, "put HAProxy right first; the unit's log says what is wrong");
}
