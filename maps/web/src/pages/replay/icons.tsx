/** Icons that only a player needs, 20 x 20. */
import type { JSX } from "preact";

const DRAWINGS = {
  play: "M6.5 4v12l9.5-6Z",
  back: "M14.5 4.5 8 10l6.5 5.500ZM5.5 4.500v11",
  on: "M5.500 4.500 12 10l-6.500 5.500ZM14.500 4.500v11",
  slower: "M10 5 4 10l6 5ZM16.500 5l-6 5 6 5Z",
  faster: "M10 5l6 5-6 5ZM3.500 5l6 5-6 5Z",
  loop: "M4 9a5 5 0 0 1 5-4h6M12.500 2.500 15 5l-2.500 2.500M16 11a5 5 0 0 1-5 4H5M7.500 17.500 5 15l2.500-2.500",
} as const;

export function PlayerIcon({ name }: { name: keyof typeof DRAWINGS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={DRAWINGS[name]} />
    </svg>
  );
}
