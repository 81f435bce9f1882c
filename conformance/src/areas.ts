/** All cases, in the order in which they are run. */
import type { Area } from "./case.ts";
import { authentication } from "./cases/authentication.ts";
import { envelopes } from "./cases/envelopes.ts";
import { spelling } from "./cases/spelling.ts";

export const areas: readonly Area[] = [authentication, envelopes, spelling];
