/**
 * Whether the HA settings of this unit and of the other fit each other (SPEC ML5): at any time, and above all after a
 * backup of one was restored on the other, or a unit was replaced. `unknown` is what only a unit could tell that is
 * not heard.
 */
import type { ApplyAnswer, PairState, PeerSettings } from "./state.ts";
import { peerWords } from "./words.ts";

export type SettingName =
  | "Disable"
  | "Preferred Master"
  | "IP Address for the Other Peer"
  | "HA Key for the Other Peer";

export type SettingCheck = {
  /** As the HA Configuration page calls it. */
  readonly setting: SettingName;
  /** What it says on this unit, in words. */
  readonly ours: string;
  readonly fits: "yes" | "no" | "unknown";
  readonly message: string;
  /** What to do; empty where it fits. */
  readonly remedy: string;
};

/** How the unit at the address answered when it was last asked; null: it was not asked yet. */
export type SettingFacts = {
  readonly answer: ApplyAnswer | null;
  readonly ownAddresses: readonly string[];
  readonly ownPort: number;
};

/** None of a Central on its own, which has nothing to fit. */
export function settingChecks(state: PairState, facts: SettingFacts): readonly SettingCheck[] {
  const { settings, durable } = state;
  if (settings.peer === null && durable.pairId === null) return [];
  return [checkDisable(state), checkPreferred(state), checkAddress(state, facts), checkKey(state, facts)];
}

type Verdict = Omit<SettingCheck, "setting" | "ours">;
const fits = (message: string): Verdict => ({ fits: "yes", message, remedy: "" });
const wrong = (message: string, remedy: string): Verdict => ({ fits: "no", message, remedy });
const unheard = (state: PairState): Verdict => ({
  fits: "unknown",
  message: `${peerWords(state)} has not told`,
  remedy: "look again once heartbeats flow; the other checks say what may keep them from it",
});

function checkDisable(state: PairState): SettingCheck {
  const { settings, contact } = state;
  const peer = peerWords(state);
  const verdict = (): Verdict => {
    if (settings.disabled)
      return wrong("this unit is taken out of HA", "clear Disable on this unit and press Apply");
    if (contact.verdict !== "alive" || contact.heartbeat === null) return unheard(state);
    return contact.heartbeat.state === "Disabled"
      ? wrong(`${peer} is taken out of HA`, `clear Disable on ${peer} and press Apply there`)
      : fits("neither unit is taken out of HA");
  };
  return { setting: "Disable", ours: settings.disabled ? "set" : "clear", ...verdict() };
}

function checkPreferred(state: PairState): SettingCheck {
  const { settings, contact, self } = state;
  const peer = peerWords(state);
  const verdict = (): Verdict => {
    if (contact.verdict !== "alive" || contact.heartbeat === null) return unheard(state);
    const theirs = contact.heartbeat.preferredMaster;
    if (settings.preferredMaster && theirs)
      return wrong(
        "Preferred Master is set on both units",
        "clear it on one of them and press Apply there; until then the role stays where it is",
      );
    if (!settings.preferredMaster && !theirs)
      return wrong(
        "Preferred Master is set on neither unit, so the one that holds the role keeps it",
        "set it on the unit that is to be Master whenever it is available, and press Apply there",
      );
    return fits(`${theirs ? peer : self.name} alone is the preferred master`);
  };
  return { setting: "Preferred Master", ours: settings.preferredMaster ? "set" : "clear", ...verdict() };
}

const placeOf = ({ address, port }: PeerSettings): string => `${address}:${port}`;
const isConnected = ({ contact }: PairState): boolean => contact.linkUp && contact.verdict === "alive";

/** The link proves nothing of the address: the other unit may have opened it. */
function checkAddress(state: PairState, { answer, ownAddresses, ownPort }: SettingFacts): SettingCheck {
  const { peer } = state.settings;
  const verdict = (): Verdict => {
    if (peer === null)
      return wrong(
        "no address is set",
        "fill in the other unit's IP address with its HA key, and press Apply",
      );
    const place = placeOf(peer);
    if ((ownAddresses.includes(peer.address) && peer.port === ownPort) || answer?.kind === "own-address")
      return wrong(`${place} is this very unit`, "give the address of the other unit and press Apply");
    switch (answer?.kind) {
      case "answer":
      case "not-known-there":
        return fits(`${place} is the unit that the HA key belongs to`);
      case "wrong-key":
        return wrong(
          `the unit at ${place} is another than the HA key's`,
          "give the address of the unit that the key belongs to, or that unit's key, and press Apply",
        );
      case "unreachable":
        return isConnected(state)
          ? wrong(
              `${peerWords(state)} reaches this unit, and does not answer at ${place} (${answer.message})`,
              "give the address and port at which it can be reached, and press Apply; or let the port through the firewall",
            )
          : {
              fits: "unknown",
              message: `nothing answers at ${place} (${answer.message})`,
              remedy:
                "start the other unit; if it runs, correct the address, or let the port through the firewall",
            };
      default:
        return { fits: "unknown", message: `${place} is being asked`, remedy: "look again in a few seconds" };
    }
  };
  return {
    setting: "IP Address for the Other Peer",
    ours: peer === null ? "" : placeOf(peer),
    ...verdict(),
  };
}

function checkKey(state: PairState, { answer }: SettingFacts): SettingCheck {
  const { contact, self } = state;
  const { peer } = state.settings;
  const verdict = (): Verdict => {
    if (peer === null)
      return wrong(
        "no key is set",
        'paste what the other unit shows as "HA Key for this Peer", and press Apply',
      );
    if (peer.fingerprint === self.fingerprint)
      return wrong(
        "this is the key of this very unit",
        'paste what the other unit shows as "HA Key for this Peer", and press Apply',
      );
    if (isConnected(state))
      return fits(`${peerWords(state)} has this key, and this unit's is the one set there`);
    if (contact.notKnownThere || answer?.kind === "not-known-there")
      return wrong(
        `${peerWords(state)} has this key, and another than this unit's is set there`,
        'paste what this unit shows as "HA Key for this Peer" on the other unit, and press Apply there',
      );
    if (answer?.kind === "wrong-key")
      return wrong(
        `the unit at ${placeOf(peer)} has another key (fingerprint ${answer.actualFingerprint.slice(0, 16)}…)`,
        'paste what the other unit shows as "HA Key for this Peer", and press Apply; or correct its address',
      );
    return unheard(state);
  };
  return {
    setting: "HA Key for the Other Peer",
    ours: peer === null ? "" : `fingerprint ${peer.fingerprint.slice(0, 16)}…`,
    ...verdict(),
  };
}
