/** TypeBox, the one library that cores may use, under the project's own name. */
export type { Static, TSchema } from "typebox";
export { Type } from "typebox";
