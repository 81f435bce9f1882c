/**
 * The unit's state as it sends it. A stream can end without a word, when a unit loses its power or its address moves, so
 * whoever has heard nothing for a while asks; at a shared address that has moved, the other unit answers that nobody is
 * signed in there.
 */
import { type HaView, haEvent, wuiPaths } from "@tandem/loadmaster-api/ha-view";
import { isRefusal } from "@tandem/web-components/values/refusal";

const retryMs = 2_000;
const quietMaxMs = 10_000;

export type StatusListener = {
  readonly view: (view: HaView) => void;
  readonly lost: () => void;
  readonly signedOut: () => void;
  /** Asks the unit whether somebody is signed in; rejects when it says no or does not answer. */
  readonly ask: () => Promise<unknown>;
};

/** Tells `listener` until the returned function is called. */
export function followStatus(listener: StatusListener): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const later = (delayMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(look, delayMs);
  };
  const close = (): void => {
    source?.close();
    source = undefined;
  };
  const lose = (): void => {
    close();
    listener.lost();
    later(retryMs);
  };
  const open = (): void => {
    const opened = new EventSource(wuiPaths.status);
    source = opened;
    opened.addEventListener(haEvent, (event) => {
      listener.view(JSON.parse(event.data) as HaView);
      later(quietMaxMs);
    });
    opened.addEventListener("error", lose);
    later(quietMaxMs);
  };
  const look = async (): Promise<void> => {
    try {
      await listener.ask();
    } catch (error) {
      if (isOver) return;
      if (isRefusal(error) && error.status === 401) {
        close();
        listener.signedOut();
      } else lose();
      return;
    }
    if (isOver) return;
    if (source === undefined) open();
    else later(quietMaxMs);
  };
  open();
  return () => {
    isOver = true;
    clearTimeout(timer);
    close();
  };
}
