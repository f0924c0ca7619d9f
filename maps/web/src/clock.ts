/** The clock that ages are counted by: the server's, as heard through the stream, not this machine's. */
import { signal } from "@preact/signals";

/** Offsets heard lately, milliseconds. The largest one travelled least long. */
const heard: number[] = [];
const KEEP = 20;
let offsetMs = 0;

/** Milliseconds UTC by the server's clock, renewed every second. */
export const now = signal(Date.now());

export function hearServerTime(serverMs: number, heardAtMs: number): void {
  if (!Number.isFinite(serverMs)) return;
  heard.push(serverMs - heardAtMs);
  if (heard.length > KEEP) heard.shift();
  offsetMs = Math.max(...heard);
}

/** Turns a moment of this machine's clock into one of the server's. */
export function serverMoment(localMs: number): number {
  return localMs + offsetMs;
}

export function startClock(): void {
  const tick = (): void => {
    now.value = serverMoment(Date.now());
    setTimeout(tick, 1000 - (now.value % 1000));
  };
  tick();
}
