/** The place of the map on a page. Made once: the map must never be made anew by a change of what is round it. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";

/** @param open makes the map in the element that it is given. */
export function MapCanvas({ open }: { open: (element: HTMLElement) => void }): JSX.Element {
  const isMade = useRef(false);
  return (
    <div
      class="map"
      ref={(element) => {
        if (element === null || isMade.current) return;
        isMade.current = true;
        open(element);
      }}
    />
  );
}
