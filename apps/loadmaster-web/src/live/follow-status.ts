/**
 * The unit's state as it sends it. A stream can end without a word, when a unit loses its power or its address moves, so
 * whoever has heard nothing for a while asks; at a shared address that has moved, the other unit answers that nobody is
 * signed in there. A unit that answers, but has no stream to give, is asked again and again.
 */
import { type HaView, haEvent, wuiPaths } from "@tandem/loadmaster-api/ha-view";
import { isRefusal } from "@tandem/web-components/values/refusal";

const retryMs = 2_000;
/** Twice as long as a unit keeps silent while nothing changes. */
const quietMaxMs = 10_000;

export type StatusListener = {
  readonly view: (view: HaView) => void;
  readonly lost: () => void;
  readonly signedOut: () => void;
  /** Asks the unit for its state; rejects when it says no or does not answer. */
  readonly ask: () => Promise<HaView>;
};

/** Tells `listener` until the returned function is called. */
export function followStatus(listener: StatusListener): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const later = (delayMs: number, act: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(act, delayMs);
  };
  const close = (): void => {
    source?.close();
    source = undefined;
  };
  const open = (): void => {
    source = new EventSource(wuiPaths.status);
    source.addEventListener(haEvent, (event) => {
      listener.view(JSON.parse(event.data) as HaView);
      later(quietMaxMs, look);
    });
    source.addEventListener("error", () => {
      close();
      void look();
    });
    later(quietMaxMs, look);
  };
  const look = async (): Promise<void> => {
    clearTimeout(timer);
    try {
      const view = await listener.ask();
      if (isOver) return;
      listener.view(view);
      if (source === undefined) later(retryMs, open);
      else later(quietMaxMs, look);
    } catch (error) {
      if (isOver) return;
      close();
      if (isRefusal(error) && error.status === 401) {
        listener.signedOut();
        return;
      }
      listener.lost();
      later(retryMs, look);
    }
  };
  open();
  return () => {
    isOver = true;
    clearTimeout(timer);
    close();
  };
}
