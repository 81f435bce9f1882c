/** Numbers of the protocol (OpenBSD ip_carp.c, carp(4)) and the bounds this implementation sets itself. */
import { second } from "@tandem/base/time";

/** IP protocol number, shared with VRRP (IANA). */
export const carpIpProtocol = 112;
export const carpVersion = 2;
/** VRRPv3's advertisements have type 1 as well; VRRPv2 shares CARP's version too. */
export const vrrp3Version = 3;
/** The only message type there is: an advertisement. */
export const carpAdvertisementType = 1;
/** The authlen byte counts the 32-bit words of counter and HMAC; VRRPv2 keeps its number of addresses there. */
export const carpAuthLengthWords = 7;
export const carpAdvertisementBytes = 36;
/** What the HMAC covers of an advertisement itself: the counter. Then comes the HMAC. */
export const carpCounterOffset = 8;
export const carpHmacOffset = 16;

/** Any router on the way would have lowered it: a smaller TTL proves that the packet is not from this segment. */
export const carpTtl = 255;
/** IPTOS_LOWDELAY, as OpenBSD and ucarp send it. */
export const carpTos = 0x10;
export const carpMulticastAddress = "224.0.0.18";
export const carpMulticastMac = "01:00:5e:00:00:12";

/** The HMAC key is a fixed field of 20 bytes that ends in a NUL. */
export const passwordMaxBytes = 19;
export const passwordFieldBytes = 20;

export const vhidMin = 1;
export const vhidMax = 255;
/** Units of ours advertise at least this often: a third of the longest HA timeout. */
export const advbaseOfOursMaxSeconds = 5;
/** 255 seconds with an advskew of 255 says "I am leaving": neither may be configured. */
export const advbaseMaxSeconds = 254;
export const advskewMax = 254;
export const bowOutAdvbaseSeconds = 255;
export const bowOutAdvskew = 255;
export const demotionMax = 255;
/** advskew counts in 1/256 of a second. */
export const skewUnitsPerSecond = 256;
/** A master is gone after this many silent intervals. */
export const missedAdvertisements = 3;

/** A demoted unit that cannot say so in the demotion byte moves its advskew into the band from here to 254. */
export const demotedAdvskewMin = 240;

/** The virtual MAC's fifth byte is 1 + 2 × interface (SPEC LH8), so it ends here. */
export const interfaceIdMax = 127;
/** More shared addresses than this are not hashed; nobody pairs with so many on one interface. */
export const hashedAddressesMax = 64;

/** After taking over a master announces at once, then this long after it, then at every refresh. */
export const announceRepeatsMs = [0.2 * second, 1 * second] as const;
export const announceRefreshMs = 30 * second;

/** A standby that gets little time takes a role over within this; in fast mode an interval would be too short for it. */
export const handOverPatienceMinMs = 0.1 * second;
/** One that has not taken it by now did not hear of it; with a long timeout an interval would be an outage for nothing. */
export const handOverPatienceMaxMs = 1 * second;

/** Answers to inferior advertisements within one interval of our own; more would feed a storm with a peer that counts otherwise. */
export const answersPerIntervalMax = 4;

/** The replay check remembers this many sources, and for each this many of its process lifetimes; the oldest is forgotten. */
export const replaySourcesMax = 8;
export const replayBootsMax = 16;
/** Counters closer together than this belong to one lifetime of the sender: 2^32 advertisements are months of the fastest mode. */
export const replayWindow = 1n << 32n;

/** Other groups with our virtual ID that are remembered; the one heard least recently is forgotten. */
export const foreignGroupsMax = 8;

/** One reject reason is reported again only after this long; it is counted every time. */
export const rejectReportIntervalMs = 60 * second;
