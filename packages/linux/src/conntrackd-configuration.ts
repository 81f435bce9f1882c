/**
 * The file that conntrackd(8) reads: the two units of a pair tell each other of the connections that they pass on, straight
 * into the other's kernel, so that nothing has to be done with them at a take-over.
 */
import { assert } from "@tandem/base/assert";
import { isIpv6 } from "@tandem/base/ipv6";

export const conntrackdPort = 3780;
/** States that wait for the partner's word that it has them. */
const resendQueueMax = 131_072;
const netlinkBufferBytes = 2_097_152;
const netlinkBufferMaxBytes = 8_388_608;

export type ConntrackdSettings = {
  readonly device: string;
  readonly ownAddress: string;
  readonly partner: string;
  /** Connections to or from these end at the units themselves and are not told of. */
  readonly localAddresses: readonly string[];
};

export type ConntrackdPaths = {
  readonly socket: string;
  readonly lock: string;
  readonly log: string;
};

const address = /^\d{1,3}(\.\d{1,3}){3}$/;
const path = /^\/[A-Za-z0-9._/-]+$/;
const deviceName = /^[A-Za-z0-9_.@:-]{1,15}$/;

/** Paths that the file can hold: its language has no quotes. */
export const isConntrackdPath = (text: string): boolean => path.test(text);

export function renderConntrackd(settings: ConntrackdSettings, paths: ConntrackdPaths): string {
  const { device, ownAddress, partner, localAddresses } = settings;
  const ignored = [...new Set(["127.0.0.1", ownAddress, partner, ...localAddresses])];
  for (const each of [ownAddress, partner]) assert(address.test(each), "the units speak IPv4 to each other");
  for (const each of ignored) assert(address.test(each) || isIpv6(each), "an address is what it seems");
  for (const each of Object.values(paths)) assert(isConntrackdPath(each), "a path was checked before");
  assert(deviceName.test(device), "a device's name was checked before");
  return `Sync {
    Mode FTFW {
        ResendQueueSize ${resendQueueMax}
        DisableExternalCache On
    }
    UDP {
        IPv4_address ${ownAddress}
        IPv4_Destination_Address ${partner}
        Port ${conntrackdPort}
        Interface ${device}
        Checksum on
    }
    Options {
        TCPWindowTracking Off
    }
}
General {
    Systemd off
    HashSize 32768
    HashLimit 262144
    LogFile ${paths.log}
    Syslog off
    LockFile ${paths.lock}
    UNIX {
        Path ${paths.socket}
    }
    NetlinkBufferSize ${netlinkBufferBytes}
    NetlinkBufferSizeMaxGrowth ${netlinkBufferMaxBytes}
    Filter From Userspace {
        Protocol Accept {
            TCP
        }
        Address Ignore {
${ignored.map((each) => `            ${isIpv6(each) ? "IPv6" : "IPv4"}_address ${each}`).join("\n")}
        }
    }
}
`;
}
