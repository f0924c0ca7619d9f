/** Line icons of the drawing tools, 20 x 20, drawn in the colour of the text. */
import type { JSX } from "preact";

const DRAWINGS = {
  undo: "M7 4 3.500 7.500 7 11M3.500 7.500H12a4.500 4.500 0 0 1 0 9H8",
  redo: "M13 4l3.500 3.500L13 11M16.500 7.500H8a4.500 4.500 0 0 0 0 9h4",
  snap: "M5 3v7a5 5 0 0 0 10 0V3h-3.500v7a1.500 1.500 0 0 1-3 0V3ZM5 6.500h3.500M11.500 6.500H15",
  polygon: "M4 14 6 5l8-1.500 3 7-6 6.500Z",
  rectangle: "M3.500 5h13v10h-13Z",
  circle: "M10 3.500a6.5 6.5 0 1 1 0 13 6.500 6.500 0 0 1 0-13Z",
  stretch: "M3 6c4-3 6 3 14-1M3 13c4-3 6 3 14-1M3 9.500c4-3 6 3 14-1",
  file: "M5 2.500h6.500L15 6v11.500H5ZM11 2.500V6.500h4",
  hole: "M3.500 4h13v12h-13ZM8 8h4v4H8Z",
} as const;

export type PlannerIconName = keyof typeof DRAWINGS;

export function PlannerIcon({ name }: { name: PlannerIconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={DRAWINGS[name]} />
    </svg>
  );
}
