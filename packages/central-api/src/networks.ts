import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Tag } from "./errors.ts";

const name = Type.String({ maxLength: 128 });
const description = Type.String({ maxLength: 1024 });

/** A network of the tree, known by its CIDR. */
export const Network = Type.Object({ cidr: Type.String(), name, description, tag: Tag });
export type Network = Static<typeof Network>;

export const NetworkList = Type.Object({ networks: Type.Array(Network) });
export type NetworkList = Static<typeof NetworkList>;

/** `cidr` without host bits, for example `10.213.0.0/24`. */
export const NetworkNew = Type.Object(
  {
    cidr: Type.String({ minLength: 1, maxLength: 43 }),
    name: Type.Optional(name),
    description: Type.Optional(description),
  },
  closed,
);
export type NetworkNew = Static<typeof NetworkNew>;

export const NetworkChange = Type.Object(
  { name: Type.Optional(name), description: Type.Optional(description) },
  closed,
);
export type NetworkChange = Static<typeof NetworkChange>;

export const NetworkWritten = Type.Object({ ...Network.properties, acknowledged: Acknowledged });
export type NetworkWritten = Static<typeof NetworkWritten>;

export const NetworkRemoved = Type.Object({ cidr: Type.String(), acknowledged: Acknowledged });
export type NetworkRemoved = Static<typeof NetworkRemoved>;

/** The CIDR stands in the path URL-encoded: `/networks/10.213.0.0%2F24`. */
export const NetworkParams = Type.Object({ cidr: Type.String({ minLength: 1, maxLength: 43 }) }, closed);
