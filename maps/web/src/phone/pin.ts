/** PINs: which are good enough, and how long to wait after wrong ones. Pure. */
import { waitsUntil } from "./report-interval.ts";

export const SHORTEST_PIN = 6;
export const LONGEST_PIN = 64;
/** Wrong PINs that cost no wait. */
export const FREE_TRIES = 10;

const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;

export type PinFault = "short" | "long" | "plain";

/** What is wrong with a new PIN; null when nothing is. Any characters will do, digits are quickest with gloves. */
export function pinFault(pin: string): PinFault | null {
  if (pin.length < SHORTEST_PIN) return "short";
  if (pin.length > LONGEST_PIN) return "long";
  return new Set(pin).size === 1 || isRun(pin) ? "plain" : null;
}

/** `123456`, `987654`. */
function isRun(pin: string): boolean {
  const steps = new Set([...pin].slice(1).map((each, i) => each.charCodeAt(0) - pin.charCodeAt(i)));
  return steps.size === 1 && (steps.has(1) || steps.has(-1));
}

/**
 * Whether a PIN is not tried yet. Where more is left than any wait takes the phone's clock was put back: nobody is shut
 * out for that.
 */
export function isTooSoon(waitUntil: number, now: number): boolean {
  return waitsUntil(waitUntil, now, LONGEST_WAIT_MS);
}

/**
 * How long to wait after so many wrong PINs one after the other, milliseconds: doubles, an hour at most. Nothing is
 * ever deleted.
 */
export function waitAfter(wrong: number): number {
  if (wrong < FREE_TRIES) return 0;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(wrong - FREE_TRIES, 20));
}
