/** The palette as the map reads it: the values of the same CSS variables that colour the page. */
import { SIDES } from "./marks.ts";

export interface Tokens {
  /** Value of `--name`. */
  get(name: string): string;
  side(name: string): string;
  sideInk(name: string): string;
}

export function readTokens(): Tokens {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string): string => style.getPropertyValue(`--${name}`).trim() || "#ff00ff";
  return {
    get,
    side: (name) => get(`side-${name}`),
    sideInk: (name) => get(`side-ink-${name}`),
  };
}

/** A map expression that picks a colour by the `side` property of a feature. */
export function bySide(pick: (name: string) => string): unknown[] {
  return ["match", ["get", "side"], ...SIDES.flatMap((side) => [side, pick(side)]), pick("unknown")];
}
