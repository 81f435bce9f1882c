/**
 * Addresses of virtual services on a unit without a partner: it puts them on its interfaces itself (in a pair carpd
 * does). What it has put there is on disk before it is, so that whatever happens it can be taken away again.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RouteNetlink } from "@tandem/linux/rtnetlink";
import { writeFileAtomically } from "@tandem/peer-link/atomic-file";

export type CarriedAddress = { readonly device: string; readonly address: string };

export class StandaloneAddresses {
  readonly #path: string;

  constructor(stateDir: string) {
    this.#path = join(stateDir, "standalone-addresses.json");
  }

  /** Adds those that are missing; what could not be added, in words. */
  async add(wanted: readonly CarriedAddress[]): Promise<string[]> {
    const present = await this.#recorded();
    const missing = wanted.filter((each) => !present.some((other) => same(each, other)));
    if (missing.length > 0) await this.#record([...present, ...missing]);
    return wanted.length === 0 ? [] : this.#kernel("add", wanted);
  }

  /** Removes those that are not wanted any more. */
  async keepOnly(wanted: readonly CarriedAddress[]): Promise<string[]> {
    const present = await this.#recorded();
    const surplus = present.filter((each) => !wanted.some((other) => same(each, other)));
    if (surplus.length === 0) return [];
    const failures = this.#kernel("remove", surplus);
    await this.#record(present.filter((each) => wanted.some((other) => same(each, other))));
    return failures;
  }

  /** `theirs` are another's from now on and stay where they are; the rest is removed. Nothing is this unit's own afterwards. */
  async giveOver(theirs: readonly CarriedAddress[]): Promise<string[]> {
    const surplus = (await this.#recorded()).filter((each) => !theirs.some((other) => same(each, other)));
    const failures = surplus.length === 0 ? [] : this.#kernel("remove", surplus);
    await this.#record([]);
    return failures;
  }

  #kernel(act: "add" | "remove", addresses: readonly CarriedAddress[]): string[] {
    const netlink = new RouteNetlink();
    try {
      return [...new Set(addresses.map((each) => each.device))].flatMap((device) => {
        const own = addresses.filter((each) => each.device === device).map((each) => each.address);
        const failures =
          act === "add" ? netlink.addAddresses(device, own) : netlink.removeAddresses(device, own);
        return failures.map((failure) => `${act} ${failure.address} on ${device}: ${failure.code}`);
      });
    } catch (error) {
      return [`${act} addresses: ${(error as Error).message}`];
    } finally {
      netlink.close();
    }
  }

  async #recorded(): Promise<CarriedAddress[]> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#path, "utf8"));
      return Array.isArray(value)
        ? value.filter(
            (each): each is CarriedAddress =>
              typeof each?.device === "string" && typeof each?.address === "string",
          )
        : [];
    } catch {
      return [];
    }
  }

  #record(addresses: readonly CarriedAddress[]): Promise<void> {
    return writeFileAtomically(this.#path, `${JSON.stringify(addresses)}\n`, 0o600);
  }
}

const same = (a: CarriedAddress, b: CarriedAddress): boolean =>
  a.device === b.device && a.address === b.address;
