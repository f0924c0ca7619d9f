/** Work that is done anew until it goes well: one at a time, at once when asked to, later after each failure. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { backOff } from "../../../phone/report-interval.ts";

export interface RetryLoop {
  /** Whether it is at work. */
  readonly busy: ReadonlySignal<boolean>;
  /** Tries now, whatever went wrong before. */
  hurry(): void;
  /** Tries when it is its turn. */
  nudge(): void;
  /** Resolves once what is under way has ended, well or not. */
  idle(): Promise<void>;
}

/** What is asked of again while it is at work is done right after it, ms. */
const AGAIN_MS = 50;

/**
 * @param act Does all there is to do. Calls `went` whenever something went well, and returns in how many ms there is
 * more; 0 when nobody knows.
 * @param failed Is told what went wrong, and returns how long to wait at least, ms.
 */
export function retryLoop(act: (went: () => void) => Promise<number>, failed: (fault: unknown) => number): RetryLoop {
  const busy = signal(false);
  let failures = 0;
  let again = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let under: Promise<void> = Promise.resolve();

  const next = (inMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      if (busy.peek()) again = true;
      else under = run();
    }, inMs);
  };
  const run = async (): Promise<void> => {
    busy.value = true;
    again = false;
    let wait = 0;
    try {
      wait = await act(() => {
        failures = 0;
      });
      failures = 0;
    } catch (fault) {
      failures++;
      wait = Math.max(backOff(failures, Math.random()), failed(fault));
    } finally {
      busy.value = false;
    }
    if (again && failures === 0) wait = AGAIN_MS;
    if (wait > 0 && timer === undefined) next(wait); // who has just asked waits for nothing
  };
  return {
    busy,
    hurry: () => {
      failures = 0;
      next(0);
    },
    nudge: () => {
      if (failures === 0) next(0);
    },
    idle: () => under,
  };
}
