/** Looks at the cable before a pair is made: who else has an address, and who else speaks with a virtual ID. */
import { setTimeout as pause } from "node:timers/promises";
import { arpReplySender, arpRequestFrame } from "@tandem/carp/arp";
import { carpIpProtocol, carpMulticastAddress } from "@tandem/carp/constants";
import { packetSource } from "@tandem/carp/wire";
import { chooseMessageReader } from "@tandem/linux/message-socket";
import { etherTypeArp, openPacketReceiver } from "@tandem/linux/packet-receive";
import { PacketTransmitter } from "@tandem/linux/packet-transmit";
import { openRawReceiver } from "@tandem/linux/raw-socket";
import { RouteNetlink } from "@tandem/linux/rtnetlink";

/** RFC 5227 asks for three probes; on a cable a host answers within milliseconds. */
const arpProbes = 3;
const arpProbeIntervalMs = 200;
/** Three advertisements of a group that speaks once a second. */
export const listenMs = 3_500;
const macBytes = 6;

export type Segment = {
  /** True when somebody else answers for the address; in words why that cannot be told. */
  answersFor(device: string, address: string): Promise<boolean | string>;
  /** Who speaks with this virtual ID, CARP or VRRP, other than `own`; in words why that cannot be told. */
  speakersOf(device: string, vhid: number, own: string): Promise<readonly string[] | string>;
};

export const realSegment: Segment = {
  async answersFor(device, address) {
    try {
      const mac = macOf(device);
      if (mac === undefined) return `${device} is no Ethernet device`;
      const reader = await chooseMessageReader();
      let answered = false;
      const receiver = openPacketReceiver({
        device,
        etherType: etherTypeArp,
        reader,
        onFrame: (frame) => {
          if (arpReplySender(frame) === address) answered = true;
        },
      });
      const transmitter = new PacketTransmitter(device);
      try {
        for (let probe = 0; probe < arpProbes && !answered; probe += 1) {
          transmitter.send(arpRequestFrame(mac, "0.0.0.0", address));
          await pause(arpProbeIntervalMs);
        }
        return answered;
      } finally {
        transmitter.close();
        receiver.close();
      }
    } catch (error) {
      return `ARP on ${device}: ${(error as Error).message}`;
    }
  },

  async speakersOf(device, vhid, own) {
    const speakers = new Set<string>();
    try {
      const receiver = openRawReceiver({
        device,
        protocol: carpIpProtocol,
        group: carpMulticastAddress,
        reader: await chooseMessageReader(),
        onPacket: (packet) => {
          const source = packetSource(packet);
          // CARP and VRRP have the virtual ID in the second byte after the IP header.
          const header = ((packet[0] ?? 0) & 15) * 4;
          if (source !== null && source !== own && packet[header + 1] === vhid) speakers.add(source);
        },
      });
      await pause(listenMs);
      receiver.close();
      return [...speakers];
    } catch (error) {
      return `CARP on ${device}: ${(error as Error).message}`;
    }
  },
};

function macOf(device: string): string | undefined {
  const netlink = new RouteNetlink();
  try {
    const mac = netlink.link(device)?.mac;
    return mac?.length === macBytes && mac.some((byte) => byte !== 0)
      ? Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":")
      : undefined;
  } finally {
    netlink.close();
  }
}
