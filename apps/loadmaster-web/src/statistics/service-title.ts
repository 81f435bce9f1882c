import { socketText } from "@tandem/base/ipv6";
import type { VirtualServiceStatistics } from "@tandem/loadmaster-api/views";

/** A service by its address; a SubVS, which has none, by its index. */
export const serviceTitle = ({ VSAddress, VSPort, Index }: VirtualServiceStatistics): string =>
  VSAddress === undefined || VSAddress === "" ? `SubVS ${Index}` : socketText(VSAddress, VSPort);
