/** What follows for a service from where it stands. */
import { everyPort } from "@tandem/loadmaster-api/place";
import type { StoredService } from "../state/document.ts";

type Place = Pick<StoredService, "port" | "protocol">;

export const protocolOf = ({ protocol }: Pick<Place, "protocol">): "tcp" | "udp" => protocol ?? "tcp";

/** What keeps a service at layer 4, in words; undefined: nothing does. */
export const onlyAtLayer4 = ({ port, protocol }: Place): string | undefined =>
  protocol === "udp" ? "UDP" : port === everyPort ? "a service on every port" : undefined;

/** The way out of what layer 4 cannot do, for services that can be at the other. */
export const orLayer7 = (place: Place): string =>
  onlyAtLayer4(place) === undefined ? ", or use ForceL4 N" : "";
