/** Tools over the map while a sector is drawn. */
import type { JSX } from "preact";

export function DrawBar(): JSX.Element | null {
  return null;
}
