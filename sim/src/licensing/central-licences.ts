/** Who issues Centrals their licences: small ones, for two units, with what each has at first; and renewals. */
import type { UnitId } from "@tandem/base/ids";
import { hour } from "@tandem/base/time";
import type { CentralLicence } from "@tandem/licensing/central-licence";
import type { Random } from "../random.ts";

const issuedAt = 1_795_564_800_000;

export class LicenceIssuer {
  readonly #random: Random;
  #issued = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The first licence of two units, in an account of its own. */
  first(units: readonly [UnitId, UnitId]): CentralLicence {
    const random = this.#random;
    const allowance = random.integer(2, 5);
    const local = random.integer(0, allowance);
    const hasPool = random.chance(0.5);
    const capacityMbps = hasPool ? 50 * random.integer(4, 12) : 0;
    const poolMbps = 50 * random.integer(0, capacityMbps / 50);
    return this.#licence(
      this.#account(),
      [
        { unit: units[0], local, poolMbps },
        { unit: units[1], local: allowance - local, poolMbps: capacityMbps - poolMbps },
      ],
      hasPool,
    );
  }

  /** For the unit that stayed, which has all at first, and the one that takes the other's place. */
  replacing({ units, pool }: CentralLicence, stays: UnitId, comes: UnitId): CentralLicence {
    const all = (kind: "local" | "poolMbps"): number => units.reduce((sum, each) => sum + each[kind], 0);
    return this.#licence(
      this.#account(),
      [
        { unit: stays, local: all("local"), poolMbps: all("poolMbps") },
        { unit: comes, local: 0, poolMbps: 0 },
      ],
      pool !== null,
    );
  }

  /** The same account with more, or less, for one of its units. */
  renewal({ account, units, pool }: CentralLicence): CentralLicence {
    const random = this.#random;
    const changed = random.pick(units);
    const local = random.integer(-2, 2);
    const mbps = pool === null ? 0 : 50 * random.integer(-2, 2);
    const others = units.filter((each) => each !== changed).reduce((sum, { poolMbps }) => sum + poolMbps, 0);
    return this.#licence(
      account,
      units.map((each) =>
        each === changed
          ? {
              ...each,
              local: Math.max(0, each.local + local),
              poolMbps: Math.max(others === 0 ? 50 : 0, each.poolMbps + mbps),
            }
          : each,
      ),
      pool !== null,
    );
  }

  #account(): string {
    return this.#random.hex(8);
  }

  #licence(account: string, units: CentralLicence["units"], hasPool: boolean): CentralLicence {
    this.#issued += 1;
    const sum = (kind: "local" | "poolMbps"): number => units.reduce((all, each) => all + each[kind], 0);
    return {
      id: this.#issued.toString(16).padStart(16, "0"),
      account,
      holder: "Example",
      isTrial: false,
      issuedAt: issuedAt + this.#issued,
      notBefore: issuedAt - 365 * 24 * hour,
      expiresAt: issuedAt + 365 * 24 * hour,
      units: hasPool ? units : units.map((each) => ({ ...each, poolMbps: 0 })),
      local: { allowance: sum("local") },
      metered: hasPool ? null : { tierGbps: 1 },
      pool: hasPool ? { capacityMbps: sum("poolMbps") } : null,
    };
  }
}
