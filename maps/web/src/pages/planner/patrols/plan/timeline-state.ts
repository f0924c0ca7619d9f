/** Which stretch of time the timeline shows, and moving it. */
import { now } from "../../../../session/clock.ts";
import { timeZone } from "../../../../session/session.ts";
import { moved, scaleFrom, type Zoom } from "./scale.ts";
import { scale, zoom } from "./store.ts";

export function step(by: 1 | -1): void {
  scale.value = moved(scale.peek(), zoom.peek(), by, timeZone.peek());
}

export function goToNow(): void {
  scale.value = scaleFrom(now.peek(), zoom.peek(), timeZone.peek());
}

/** Keeps what is in the middle of interest: the present if it is shown, else the beginning. */
export function zoomTo(next: Zoom): void {
  const { from, to } = scale.peek();
  const present = now.peek();
  zoom.value = next;
  scale.value = scaleFrom(present >= from && present < to ? present : from, next, timeZone.peek());
}

/** Brings a moment into view. */
export function showMoment(ms: number): void {
  const { from, to } = scale.peek();
  if (ms < from || ms >= to) scale.value = scaleFrom(ms, zoom.peek(), timeZone.peek());
}
