import { placeText } from "@tandem/loadmaster-api/place";
import type { VirtualServiceStatistics } from "@tandem/loadmaster-api/views";

/** A service by its address; a SubVS, which has none, by its index. */
export const serviceTitle = ({ VSAddress, VSPort, VSProt, Index }: VirtualServiceStatistics): string =>
  VSAddress === undefined || VSAddress === ""
    ? `SubVS ${Index}`
    : placeText({ address: VSAddress, port: VSPort, protocol: VSProt });
