/** TypeBox, the one library that cores may use, under the project's own name. */
export type { Static, TSchema } from "typebox";
// biome-ignore lint/performance/noBarrelFile: the one door to the library, so that cores import base alone
export { Type } from "typebox";
