/**
 * Asks the unit at the peer's address who it is, as Apply does (CH14), so that HA Status can say whether address and key
 * are the other unit's (SPEC ML5). The link does not tell: the other unit may have opened it. Nothing changes there or
 * here.
 */
import { minute } from "@tandem/base/time";
import type { Cancel, World } from "@tandem/base/world";
import type { ApplyAnswer } from "@tandem/pair/state";
import type { HaSeams } from "./seams.ts";
import type { HighAvailability } from "./shell.ts";

const askEveryMs = 1 * minute;

export type PeerQuestionPorts = {
  readonly world: World;
  readonly pair: Pick<HighAvailability, "settings" | "status" | "onChange">;
  readonly askPeer: HaSeams["askPeer"];
};

export class PeerQuestion {
  readonly #ports: PeerQuestionPorts;
  readonly #unfollow: () => void;
  #answered: { readonly place: string; readonly answer: ApplyAnswer } | null = null;
  #asking: Promise<void> | null = null;
  #isWantedAgain = false;
  #situation = "";
  #cancelNext: Cancel = () => {};
  #isStopped = false;

  constructor(ports: PeerQuestionPorts) {
    this.#ports = ports;
    this.#unfollow = ports.pair.onChange((what) => {
      if (what === "status") this.#look();
    });
    this.#look();
  }

  /** Of the unit at the address that is set now; null before it has answered or not answered. */
  get answer(): ApplyAnswer | null {
    return this.#answered?.place === this.#place ? this.#answered.answer : null;
  }

  /** Resolves when the answer is there, or that there is none. */
  ask(): Promise<void> {
    if (this.#asking !== null) this.#isWantedAgain = true;
    this.#asking ??= this.#askOn().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  stop(): void {
    this.#isStopped = true;
    this.#unfollow();
    this.#cancelNext();
  }

  get #place(): string {
    return JSON.stringify(this.#ports.pair.settings.peer);
  }

  /** At once when the settings changed, or the peer came or went; else from time to time. */
  #look(): void {
    const { peerState, heartbeats } = this.#ports.pair.status();
    const situation = `${this.#place} ${peerState === "Unknown"} ${heartbeats.flowing}`;
    if (situation === this.#situation) return;
    this.#situation = situation;
    void this.ask();
  }

  async #askOn(): Promise<void> {
    do {
      this.#isWantedAgain = false;
      await this.#askOnce();
    } while (this.#isWantedAgain && !this.#isStopped);
  }

  async #askOnce(): Promise<void> {
    const { world, pair, askPeer } = this.#ports;
    this.#cancelNext();
    const { peer } = pair.settings;
    if (peer === null || this.#isStopped) return;
    const place = this.#place;
    const answer = await askPeer(peer).catch(
      (error: Error): ApplyAnswer => ({ kind: "unreachable", message: error.message }),
    );
    this.#answered = { place, answer };
    if (!this.#isStopped) this.#cancelNext = world.after(askEveryMs, () => void this.ask());
  }
}
