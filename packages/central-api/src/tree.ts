import { type Static, Type } from "@tandem/base/schema";
import { Device } from "./devices.ts";
import { HaGroup } from "./ha-groups.ts";
import { Network } from "./networks.ts";

/** A network in its place. `parent` is derived from containment; `devices` and `haGroups` are ids that lie in it directly. */
export const TreeNetwork = Type.Object({
  ...Network.properties,
  parent: Type.Union([Type.String(), Type.Null()], { description: "CIDR of the smallest network around it" }),
  depth: Type.Integer({ minimum: 0 }),
  devices: Type.Array(Type.String()),
  haGroups: Type.Array(Type.String()),
});
export type TreeNetwork = Static<typeof TreeNetwork>;

/**
 * The network tree, flat, in the order in which it is drawn (a parent before its children, then by address).
 * `unplaced` are ids of devices that lie in no network any more.
 */
export const Tree = Type.Object({
  networks: Type.Array(TreeNetwork),
  devices: Type.Array(Device),
  haGroups: Type.Array(HaGroup),
  unplaced: Type.Array(Type.String()),
});
export type Tree = Static<typeof Tree>;
