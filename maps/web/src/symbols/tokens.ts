/** The palette as the map reads it: the values of the same CSS variables that colour the page. */
import type { ExpressionSpecification } from "maplibre-gl";
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
export function bySide(pick: (name: string) => string): ExpressionSpecification {
  return expression("match", ["get", "side"], ...SIDES.flatMap((side) => [side, pick(side)]), pick("unknown"));
}

/** A map expression of as many parts as the page has; the renderer checks the whole when it takes the layer. */
export function expression(operator: string, ...parts: readonly unknown[]): ExpressionSpecification {
  return [operator, ...parts] as unknown as ExpressionSpecification;
}
