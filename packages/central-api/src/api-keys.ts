import { type Static, Type } from "@tandem/base/schema";
import { closed, Moment, MomentOrNull } from "./errors.ts";

/** An API key as it is listed; its text is shown once, when it is made. It belongs to one unit unless its switch is on (SPEC CH4). */
export const ApiKey = Type.Object({
  id: Type.String(),
  name: Type.String(),
  createdAt: Moment,
  lastUsedAt: MomentOrNull,
});
export type ApiKey = Static<typeof ApiKey>;

export const ApiKeyList = Type.Object({ apiKeys: Type.Array(ApiKey) });
export type ApiKeyList = Static<typeof ApiKeyList>;

export const ApiKeyNew = Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) }, closed);
export type ApiKeyNew = Static<typeof ApiKeyNew>;

/** `key` goes into `Authorization: Bearer …`. */
export const ApiKeyMade = Type.Object({
  id: Type.String(),
  name: Type.String(),
  createdAt: Moment,
  key: Type.String(),
});
export type ApiKeyMade = Static<typeof ApiKeyMade>;

export const ApiKeyRemoved = Type.Object({ id: Type.String() });
export const ApiKeyParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }, closed);
