import { type Static, Type } from "@tandem/base/schema";
import { closed, Moment } from "./errors.ts";

export const passwordMinCharacters = 10;
export const passwordMaxCharacters = 256;

export const SignIn = Type.Object(
  {
    user: Type.String({ minLength: 1, maxLength: 64 }),
    password: Type.String({ minLength: 1, maxLength: passwordMaxCharacters }),
  },
  closed,
);
export type SignIn = Static<typeof SignIn>;

/** Who is signed in. With a cookie session, `csrf` goes into the header `x-tandem-csrf` of every call that changes something. */
export const SessionAnswer = Type.Object({
  user: Type.String(),
  by: Type.Union([Type.Literal("session"), Type.Literal("api-key")]),
  csrf: Type.Union([Type.String(), Type.Null()]),
  expiresAt: Type.Union([Moment, Type.Null()]),
});
export type SessionAnswer = Static<typeof SessionAnswer>;

export const SignedOut = Type.Object({ signedOut: Type.Literal(true) });

/** Changes the password of whoever is signed in; ends the user's other sessions. */
export const PasswordChange = Type.Object(
  {
    currentPassword: Type.String({ minLength: 1, maxLength: passwordMaxCharacters }),
    newPassword: Type.String({ minLength: passwordMinCharacters, maxLength: passwordMaxCharacters }),
  },
  closed,
);
export type PasswordChange = Static<typeof PasswordChange>;

export const PasswordChanged = Type.Object({ user: Type.String() });
