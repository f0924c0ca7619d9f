/** The clock that ages are counted by: the server's, as heard through the stream, not this machine's. */
import { signal } from "@preact/signals";
import { ownMs } from "../browser/steady-clock.ts";

/** Offsets heard lately, milliseconds. The largest one travelled least long. */
const offsets: number[] = [];
const KEEP = 20;
/** The present is put right at once where it was off by more than this, not with the next second. */
const OFF_MS = 10_000;
/** Of the server's clock, ahead of this machine's; written by `hearServerTime` alone. */
let offsetMs = 0;

/** Milliseconds UTC by the server's clock, renewed every second. */
export const now = signal(ownMs());

/** Takes the server's time from what was heard at a moment of this machine's clock (steady-clock.ts). */
export function noteServerTime(serverMs: number, heardAtMs: number): void {
  if (!Number.isFinite(serverMs)) return;
  offsets.push(serverMs - heardAtMs);
  if (offsets.length > KEEP) offsets.shift();
  offsetMs = Math.max(...offsets);
  // What comes with it is judged by the present: a machine that is a day ahead must not find it a day old.
  if (Math.abs(serverMoment(heardAtMs) - now.peek()) > OFF_MS) now.value = serverMoment(heardAtMs);
}

/** Turns a moment of this machine's clock into one of the server's. */
export function serverMoment(localMs: number): number {
  return localMs + offsetMs;
}

export function startClock(): void {
  const tick = (): void => {
    now.value = serverMoment(ownMs());
    setTimeout(tick, 1000 - (now.value % 1000));
  };
  tick();
}
