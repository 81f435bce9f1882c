import { type Static, Type } from "@tandem/base/schema";

/** What anyone may know before signing in. */
export const About = Type.Object({
  product: Type.Literal("Tandem Central"),
  version: Type.String(),
  api: Type.Literal("v1"),
  name: Type.String({ description: "the unit's name" }),
  unit: Type.String({ description: "unit id, 16 hexadecimal digits" }),
});
export type About = Static<typeof About>;
