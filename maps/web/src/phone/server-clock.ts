/** The time as the server has it, as far as this phone knows: phones' clocks are wrong by minutes. */
import { signal } from "@preact/signals";
import { storageSignal } from "../browser/storage.ts";

const LONGEST_TRIP_MS = 5000;
/**
 * The date of an answer is cut to a second, and may be of some seconds before: only what differs by more is another
 * time.
 */
const ROUGH_MS = 5000;

/** Server's time less the phone's, ms; kept, so that a phone that starts with no link knows it too. */
const offset = storageSignal<number>("jp.crew.offset", 0);

/** ms UTC by the server's clock, renewed every second. */
export const clock = signal(moment());

/** Learns from an answer: the server wrote its time about half-way of the trip. */
export function noteTime(serverTime: string, sentAt: number, heardAt: number): void {
  const serverMs = Date.parse(serverTime);
  if (!Number.isFinite(serverMs) || Math.abs(heardAt - sentAt) > LONGEST_TRIP_MS) return;
  offset.value = serverMs - (sentAt + heardAt) / 2;
}

/** Learns from the date that any answer bears: a locked page asks nothing that tells the time better. */
export function noteDate(date: string | null, sentAt: number, heardAt: number): void {
  const dateMs = Date.parse(date ?? "");
  if (Math.abs(dateMs - moment((sentAt + heardAt) / 2)) > ROUGH_MS) noteTime(date ?? "", sentAt, heardAt);
}

/** A moment of the phone's clock as one of the server's, ms UTC. */
export function moment(phoneMs = Date.now()): number {
  return phoneMs + (Number.isFinite(offset.peek()) ? offset.peek() : 0);
}

/** Whole milliseconds, as the server reads them. */
export function isoTime(phoneMs = Date.now()): string {
  return new Date(Math.round(moment(phoneMs))).toISOString();
}

export function startTime(): void {
  const tick = (): void => {
    clock.value = moment();
    setTimeout(tick, 1000 - (clock.value % 1000));
  };
  tick();
}
